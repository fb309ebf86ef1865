/** The help of every command: its examples are run as they stand, by a shell. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as Command from "effect/cli/Command"
import { join } from "node:path"
import process from "node:process"
import { program } from "../../src/cli/program.ts"
import { run } from "../runtimes/commands.ts"
import { Cli } from "./Cli.ts"

interface Described {
  readonly path: string
  readonly command: Command.Command.Any
}

const walk = (command: Command.Command.Any, above: ReadonlyArray<string> = []): ReadonlyArray<Described> => {
  const path = [...above, command.name]
  const inner = command.subcommands.flatMap(({ commands }) => commands.flatMap((one) => walk(one, path)))
  return [{ path: path.join(" "), command }, ...inner]
}

const commands = walk(program)
const leaves = commands.filter(({ command }) => command.subcommands.length === 0 && !command.unlisted)

/** Serves until it is stopped; `emulator.test.ts` runs it. */
const serves = "effect-carto emulator"

/** What examples work on, besides the sample tables. */
const files: Readonly<Record<string, string>> = {
  "queries.sql": "SELECT * FROM tornadoes",
  "keys.jsonc": '{ "prefix": "app-", "keys": [] }',
  "places.csv": "id,name\n1,a\n",
  "report.js": "process.exit(process.env.CARTO_API_KEY ? 0 : 1)",
  "rows.ndjson": '{"a":1}\n'
}

/** Examples that serve until their input ends, or that name what only their reader has. */
const prepared = (example: string, jobId: string): string =>
  example
    .replace(/^effect-carto/, '"$CLI"')
    .replace(" ID", ` ${jobId}`)
    .replace("~/.local/share/bash-completion/completions/effect-carto", "completion.bash")
    .replace("alice.carto.com", "alice.carto.com --no-check")

layer(Cli.layer, { excludeTestServices: true, timeout: "120 seconds" })("the help of effect-carto", (it) => {
  it("describes every command and has an example for each", () => {
    for (const { command, path } of commands) assert.isNotEmpty(command.description ?? "", path)
    for (const { command, path } of leaves) assert.isNotEmpty(command.examples, path)
  })

  it.effect(
    "has examples that run as they stand",
    () =>
      Effect.gen(function* () {
        const { environment, file, home, succeed } = yield* Cli
        const system = yield* FileSystem.FileSystem
        const folder = join(home, "examples")
        yield* system.makeDirectory(folder)
        for (const [name, text] of Object.entries(files)) yield* system.writeFileString(join(folder, name), text)
        yield* succeed(["sql", "CREATE TABLE rows (a int)"])
        yield* succeed(["keys", "create", "tiles", "--table", "tornadoes:select"])
        const statement = (path: string) => `SELECT pg_sleep(${path.endsWith("cancel") ? 300 : 1})`
        for (const { command, path } of leaves.filter((leaf) => leaf.path !== serves)) {
          for (const example of command.examples) {
            // a job to be shown, awaited or canceled
            const { id } = path.startsWith("effect-carto jobs ")
              ? JSON.parse(yield* succeed(["jobs", "create", statement(path), "-o", "json"]))
              : { id: "" }
            const text = prepared(example.command, String(id)).replace("rows.ndjson.gz", "rows.ndjson")
            if (/keys (?:rotate|regenerate|delete|apply)/.test(text)) {
              yield* Effect.ignore(Effect.exit(succeed(["keys", "create", "tiles", "--table", "tornadoes:select"])))
            }
            const { exitCode, stderr } = yield* run("sh", ["-c", text.replace("--grace 10m", "--grace 1s")], {
              cwd: folder,
              env: { ...environment, CLI: file, PATH: `${join(process.execPath, "..")}:${process.env["PATH"] ?? ""}` }
            })
            // --detailed-exitcode reports changes
            const expected = text.includes("--detailed-exitcode") ? [0, 3] : [0]
            assert.include(expected, exitCode, `${example.command}\n${stderr}`)
          }
        }
      }),
    240_000
  )
})
