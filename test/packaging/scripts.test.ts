/** The commands of package.json. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import manifest from "../../package.json" with { type: "json" }
import { bin, run } from "../runtimes/commands.ts"

/** Makes Node report an older version of itself. */
const older = `data:text/javascript,${encodeURIComponent(
  `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.0.0" } })`
)}`

// `prepare` reports itself that it needs a later Node
const scripts = Object.entries(manifest.scripts).filter(([name, text]) => /\.ts\b/.test(text) && name !== "prepare")

layer(NodeServices.layer)("npm run", (it) => {
  it.effect.each(scripts)("%s names the Node that it needs when run on an older one", ([, text]) =>
    Effect.gen(function* () {
      const [command = "", ...args] = text.split(" ")
      assert.strictEqual(command, "node")
      const { exitCode, stderr } = yield* run(bin("node"), args, { env: { NODE_OPTIONS: `--import=${older}` } })
      assert.strictEqual(exitCode, 1)
      assert.match(stderr, /^Node 24 or later is required; this is Node 20\.0\.0\. .*\n$/)
    })
  )
})
