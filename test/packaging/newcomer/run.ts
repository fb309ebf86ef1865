/**
 * `npm run newcomer`: the first minutes with the package in empty folders, with nothing but npm and the packed tarball. The
 * install lines and the code come from README. Needs npm's registry, and takes some minutes.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { join } from "node:path"
import process from "node:process"
import { bin, networkVariables, root, run } from "../../runtimes/commands.ts"
import { blocksOf } from "./blocks.ts"

class StepFailed extends Data.TaggedError("StepFailed")<{ readonly message: string }> {}

/** npm and the Node of this machine, without the packages of this repository on the path. */
const path = (process.env["PATH"] ?? "")
  .split(":")
  .filter((folder) => !folder.includes("node_modules"))
  .join(":")

const readme = blocksOf("README.md")
const first = readme.find(({ language }) => language === "ts")

/** README's lines that install something. */
const installLines = readme
  .filter(({ language }) => language === "sh")
  .flatMap(({ code: text }) => text.split("\n"))
  .map((line) => line.replace(/ +#.*$/, ""))
  .filter((line) => /^npm install .*(?:effect-carto|pglite)/.test(line))

const overrides = readme.find(({ code: text, language }) => language === "json" && text.includes('"overrides"'))

const newcomer = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const home = yield* files.makeTempDirectoryScoped({ prefix: "effect-carto-newcomer-" })
  const env = { ...networkVariables, PATH: path, HOME: home }

  const shell = Effect.fnUntraced(function* (command: string, cwd: string) {
    const { exitCode, stderr, stdout } = yield* run("sh", ["-c", command], { cwd, env })
    return { exitCode, stdout, output: stdout + stderr }
  })
  const succeed = Effect.fnUntraced(function* (command: string, cwd: string) {
    const { exitCode, output, stdout } = yield* shell(command, cwd)
    if (exitCode !== 0) return yield* new StepFailed({ message: `${command}\n${output}` })
    return stdout
  })
  const expect = (holds: boolean, message: string) => (holds ? Effect.void : new StepFailed({ message }))

  const project = Effect.fnUntraced(function* (name: string, manifest: object = {}) {
    const folder = join(home, name)
    yield* files.makeDirectory(folder)
    yield* files.writeFileString(
      join(folder, "package.json"),
      JSON.stringify({ name, private: true, type: "module", ...manifest })
    )
    return folder
  })

  yield* succeed(`"${bin("node")}" test/packaging/build.ts`, root)
  const packed = yield* succeed(`npm pack --silent --ignore-scripts --pack-destination "${home}"`, root)
  const tarball = join(home, packed.trim())
  /** An install line of README, with the tarball for the name of the package. */
  const install = (line: string, folder: string) =>
    succeed(`${line.replace(/\beffect-carto\b/, `"${tarball}"`)} --no-audit --no-fund`, folder)

  const steps: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown, ChildProcessSpawner>]> = [
    [
      "README's install lines, its first program and a second run of it",
      Effect.gen(function* () {
        const folder = yield* project("first")
        yield* expect(installLines.length >= 2, "README has no install lines")
        for (const line of installLines) yield* install(line, folder)
        // without types, so that each supported Node reads it
        yield* files.writeFileString(join(folder, "first.mjs"), first?.code ?? "")
        for (const turn of ["first", "second"]) {
          const output = yield* succeed("node first.mjs", folder)
          yield* expect(output === first?.output, `the ${turn} run printed ${output}`)
        }
      })
    ],
    [
      "a program in CommonJS requires the package",
      Effect.gen(function* () {
        const folder = yield* project("commonjs", { type: "commonjs" })
        yield* install("npm install effect-carto effect", folder)
        yield* files.writeFileString(
          join(folder, "main.js"),
          `console.log(typeof require("effect-carto/promise").connect)`
        )
        yield* expect((yield* succeed("node main.js", folder)).trim() === "function", "connect is not a function")
      })
    ],
    [
      "TypeScript 5.7 checks the program and the package",
      Effect.gen(function* () {
        const folder = yield* project("typescript")
        yield* install("npm install effect-carto effect", folder)
        yield* succeed("npm install --save-dev typescript@5.7 --no-audit --no-fund", folder)
        yield* files.writeFileString(
          join(folder, "main.ts"),
          `import { connect, sql } from "effect-carto/promise"
           const carto = connect({ baseUrl: "https://alice.carto.com", apiKey: "default_public" })
           export const rows = carto.sql.query(sql\`SELECT \${1} AS n\`).then((result) => result.rows)`
        )
        const compilerOptions = {
          strict: true,
          target: "es2022",
          lib: ["es2022", "esnext.disposable", "dom", "dom.iterable", "dom.asynciterable"],
          module: "nodenext",
          types: [],
          noEmit: true
        }
        yield* files.writeFileString(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }))
        yield* succeed("npx tsc", folder)
      })
    ],
    [
      "PostGIS installs with README's overrides",
      Effect.gen(function* () {
        const lines = JSON.parse(`{${overrides?.code ?? ""}}`)
        const folder = yield* project("postgis", lines)
        const [client = "", pglite = ""] = installLines
        yield* install(client, folder)
        yield* install(`${pglite} @electric-sql/pglite-postgis`, folder)
      })
    ]
  ]

  let failed = 0
  for (const [name, step] of steps) {
    const message = yield* Effect.match(step, {
      onFailure: (error) => (error instanceof StepFailed ? error.message : String(error)),
      onSuccess: () => undefined
    })
    if (message !== undefined) failed += 1
    yield* Console.log(message === undefined ? `ok   ${name}` : `FAIL ${name}\n${message}`)
  }
  yield* Console.log(`${steps.length - failed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

process.exitCode = await Effect.runPromise(newcomer)
