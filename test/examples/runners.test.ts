/** The examples of each test runner, run once by it. They share the server that `effect-carto/testing/globalSetup` starts. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import process from "node:process"
import start from "../../src/testing/globalSetup.ts"
import { modules } from "../packaging/publicModules.ts"
import { bin, root, run } from "../runtimes/commands.ts"

const server = Layer.effectDiscard(
  Effect.acquireRelease(
    Effect.promise(() => start()),
    (stop) => Effect.promise(() => stop())
  )
)

const runners: ReadonlyArray<readonly [name: string, command: string, args: ReadonlyArray<string>]> = [
  ["node:test", bin("node"), ["--conditions=@effect-carto/source", "--test", "examples/testing/node.test.ts"]],
  ["bun test", bin("bun"), ["--conditions=@effect-carto/source", "test", "./examples/testing/bun.test.ts"]],
  ["deno test", bin("deno"), ["test", "--allow-all", "--no-check", "examples/testing/deno.test.ts"]]
]

const variables = () => ({
  PATH: process.env["PATH"] ?? "",
  HOME: process.env["HOME"] ?? root,
  EFFECT_CARTO_TEST_SERVER: process.env["EFFECT_CARTO_TEST_SERVER"] ?? ""
})

layer(Layer.merge(server, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })(
  "the examples of testing",
  (it) => {
    for (const [name, command, args] of runners) {
      it.effect(`run under ${name}`, () =>
        Effect.gen(function* () {
          const { exitCode, stderr, stdout } = yield* run(command, args, { env: variables() })
          assert.strictEqual(exitCode, 0, stdout + stderr)
          assert.include(stdout + stderr, "a reader cannot write")
        })
      )
    }

    it.effect("run under vitest, which starts the server by globalSetup", () =>
      Effect.gen(function* () {
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped({ prefix: "effect-carto-" })
        const config = join(folder, "vitest.config.mjs")
        const sources = modules
          .toSorted((one, other) => other.path.length - one.path.length)
          .map(({ path, source }) => [
            path === "." ? "effect-carto" : `effect-carto/${path}`,
            join(root, "src", `${source}.ts`)
          ])
        const settings = {
          root,
          // the longest first: a name stands for all that begin with it
          resolve: { alias: Object.fromEntries(sources) },
          test: {
            include: ["examples/testing/{vitest,effect}.test.ts"],
            globalSetup: [join(folder, "setup.mjs")]
          }
        }
        // the source is loaded by Node, as the package would be
        yield* files.writeFileString(
          join(folder, "setup.mjs"),
          `import { createRequire } from "node:module"
          export default createRequire(import.meta.url)(${JSON.stringify(join(root, "src/testing/globalSetup.ts"))}).default`
        )
        yield* files.writeFileString(config, `export default ${JSON.stringify(settings)}`)
        const { EFFECT_CARTO_TEST_SERVER: _, ...env } = variables()
        const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", `--config=${config}`]
        const { exitCode, stderr, stdout } = yield* run(bin("node"), vitest, { env })
        assert.strictEqual(exitCode, 0, stdout + stderr)
        assert.include(stdout, "3 passed")
      })
    )
  }
)
