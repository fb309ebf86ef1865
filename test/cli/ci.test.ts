/** The workflow of `examples/ci`, by the commands that it holds. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Yaml from "effect/encoding/Yaml"
import * as FileSystem from "effect/FileSystem"
import { join } from "node:path"
import process from "node:process"
import { root, run } from "../runtimes/commands.ts"
import { Cli } from "./Cli.ts"

interface Step {
  readonly name?: string
  readonly run?: string
}

layer(Cli.layer, { excludeTestServices: true, timeout: "120 seconds" })("examples/ci", (it) => {
  it.effect("plans with exit code 3, applies, and then has nothing to change", () =>
    Effect.gen(function* () {
      const { environment, file, home } = yield* Cli
      const files = yield* FileSystem.FileSystem
      const folder = join(home, "ci")
      yield* files.makeDirectory(join(folder, "bin"), { recursive: true })
      yield* files.copyFile(join(root, "examples/ci/keys.jsonc"), join(folder, "keys.jsonc"))
      const script = (name: string, text: string) =>
        files.writeFileString(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
      yield* script("bin/npx", `shift\nexec "${process.execPath}" "${file}" "$@"`)
      yield* script("publish-token.sh", 'cat > "token-$1"')
      const workflow = yield* files.readFileString(join(root, "examples/ci/keys.yml"))
      const { jobs } = Yaml.parse(workflow) as {
        readonly jobs: Readonly<Record<string, { readonly steps: ReadonlyArray<Step> }>>
      }
      const command = (job: string, name: string): string =>
        jobs[job]?.steps.find((step) => step.name === name)?.run ?? assert.fail(`${job} has no step ${name}`)
      const bash = (text: string) =>
        Effect.gen(function* () {
          const output = join(folder, "output")
          yield* files.writeFileString(output, "")
          const { exitCode, stderr } = yield* run("bash", ["-e", "-c", text.replace("--grace 10m", "--grace 1s")], {
            cwd: folder,
            env: {
              ...environment,
              PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`,
              GITHUB_OUTPUT: output
            }
          })
          assert.strictEqual(exitCode, 0, stderr)
          return yield* files.readFileString(output)
        })
      assert.strictEqual(yield* bash(command("plan", "plan")), "changes=3\n")
      assert.include(yield* files.readFileString(join(folder, "plan.txt")), "Plan: 2 to create.")
      yield* bash(command("apply", "apply"))
      assert.match(yield* files.readFileString(join(folder, "token-maps-tiles")), /^[\w-]{20,}$/)
      assert.strictEqual(yield* bash(command("plan", "plan")), "changes=0\n")
    })
  )
})
