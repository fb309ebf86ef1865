/** `effect-carto keys`, through the bundled file as a child process. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { join } from "node:path"
import { assertWithout, Cli } from "./Cli.ts"

layer(Cli.layer, { excludeTestServices: true, timeout: "120 seconds" })("effect-carto keys", (it) => {
  it.effect("list shows every key without a token, in each format", () =>
    Effect.gen(function* () {
      const { masterKey, succeed } = yield* Cli
      const table = yield* succeed(["keys", "list", "--type", "master"])
      assert.match(table, /^name +type +apis +tables +created +updated\n─+.*\nMaster +master +sql,maps/)
      const json = yield* succeed(["keys", "list", "--output", "json"])
      assert.deepStrictEqual(
        JSON.parse(json)
          .slice(0, 2)
          .map(({ name }: { readonly name: string }) => name),
        ["Master", "Default public"]
      )
      const lines = yield* succeed(["keys", "list", "--output", "jsonl"])
      for (const line of lines.trimEnd().split("\n")) assert.property(JSON.parse(line), "type")
      assert.match(
        yield* succeed(["keys", "list", "-o", "csv"]),
        /^name,type,apis,tables,created,updated\nMaster,master,"sql,maps"/
      )
      assertWithout(masterKey, table, json, lines)
    })
  )

  it.effect("create, get, regenerate and delete mask the token unless --reveal asks for it", () =>
    Effect.gen(function* () {
      const { run, succeed } = yield* Cli
      const created = yield* succeed(["keys", "create", "reader", "--table", "tornadoes:select", "-o", "json"])
      assert.deepInclude(JSON.parse(created), {
        name: "reader",
        tables: ["public.tornadoes:select"],
        token: "••••••••"
      })
      const shown = JSON.parse(yield* succeed(["keys", "get", "reader", "-o", "json", "--reveal"]))
      assert.match(shown.token, /^[\w-]{20,}$/)
      assertWithout(shown.token, created, yield* succeed(["keys", "get", "reader"]))
      const asked = yield* run(["keys", "regenerate", "reader"])
      assert.strictEqual(asked.exitCode, 2)
      assert.include(asked.stderr, "give --yes")
      const next = JSON.parse(yield* succeed(["keys", "regenerate", "reader", "--yes", "--reveal", "-o", "json"]))
      assert.notStrictEqual(next.token, shown.token)
      const stale = yield* run(["whoami"], { env: { CARTO_API_KEY: shown.token } })
      assert.deepStrictEqual([stale.exitCode, stale.stdout], [4, ""])
      yield* succeed(["keys", "delete", "reader", "--yes"])
      const gone = yield* run(["keys", "get", "reader"])
      assert.deepStrictEqual([gone.exitCode, gone.stdout], [1, ""])
      assert.match(gone.stderr, /^effect-carto: .*no API key is named "reader"/)
    })
  )

  it.effect("create --dry-run says which grants the account cannot give, and creates nothing", () =>
    Effect.gen(function* () {
      const { run, succeed } = yield* Cli
      const refused = yield* run(["keys", "create", "dry", "--table", "nope:select", "--dry-run"])
      assert.strictEqual(refused.exitCode, 4)
      assert.include(refused.stderr, "nope: there is no such table")
      yield* succeed(["keys", "create", "dry", "--table", "public.tornadoes:select,insert", "--dry-run"])
      assert.notInclude(yield* succeed(["keys", "list", "-o", "csv"]), "dry")
    })
  )

  it.effect("wrong calls exit with 2 and name the mistake on stderr", () =>
    Effect.gen(function* () {
      const { run } = yield* Cli
      for (const [args, message] of [
        [["keys", "create"], /Missing required argument: name\nTry: effect-carto keys create --help/],
        [
          ["keys", "create", "x", "--table", "tornadoes:grab"],
          /--table tornadoes:grab: give \[SCHEMA\.\]NAME:PERMISSIONS/
        ],
        [["keys", "lst"], /list/],
        [["keys", "list", "--output", "xml"], /table.*json.*jsonl.*csv/],
        [["keys", "list", "--timeout", "soon"], /--timeout takes a duration such as "90 seconds"/]
      ] as const) {
        const { exitCode, stderr, stdout } = yield* run(args)
        assert.deepStrictEqual([exitCode, stdout], [2, ""], args.join(" "))
        assert.match(stderr, message)
      }
    })
  )

  it.effect("plan, apply and import keep keys as a file", () =>
    Effect.gen(function* () {
      const { home, run, succeed } = yield* Cli
      const files = yield* FileSystem.FileSystem
      const file = join(home, "keys.jsonc")
      yield* files.writeFileString(
        file,
        `{ "prefix": "maps-", "keys": [ // tiles
          { "name": "maps-tiles", "apis": ["maps"], "tables": [{ "name": "tornadoes", "permissions": ["select"] }] }] }`
      )
      const plan = yield* run(["keys", "plan", file, "--detailed-exitcode"])
      assert.strictEqual(plan.exitCode, 3)
      assert.include(plan.stdout, "Plan: 1 to create.")
      const applied = yield* run(["keys", "apply", file, "--publish", "cat > token-{}", "--yes"])
      assert.strictEqual(applied.exitCode, 0, applied.stderr)
      const token = yield* files.readFileString(join(home, "token-maps-tiles"))
      assert.match(token, /^[\w-]{20,}$/)
      assertWithout(token, applied.stdout, applied.stderr)
      assert.strictEqual((yield* run(["keys", "plan", file, "--detailed-exitcode"])).exitCode, 0)
      const imported = join(home, "imported.json")
      yield* succeed(["keys", "import", "--prefix", "maps-", "--out", imported])
      assert.strictEqual((yield* run(["keys", "plan", imported, "--detailed-exitcode"])).exitCode, 0)
    })
  )

  it.effect("rotate gives the new token to a command on its stdin, and to nothing else", () =>
    Effect.gen(function* () {
      const { home, run, succeed } = yield* Cli
      const files = yield* FileSystem.FileSystem
      yield* succeed(["keys", "create", "it's tiles", "--table", "tornadoes:select"])
      const rotated = yield* run([
        "keys",
        "rotate",
        "it's tiles",
        "--publish",
        "cat > rotated; echo {} > name",
        "--grace",
        "1s"
      ])
      assert.strictEqual(rotated.exitCode, 0, rotated.stderr)
      const token = yield* files.readFileString(join(home, "rotated"))
      assert.match(token, /^[\w-]{20,}$/)
      assert.strictEqual(yield* files.readFileString(join(home, "name")), "it's tiles\n")
      assertWithout(token, rotated.stdout, rotated.stderr)
      const failing = yield* run(["keys", "rotate", "it's tiles", "--publish", "exit 3"])
      assert.strictEqual(failing.exitCode, 1)
      assert.include(failing.stderr, "exit code 3")
      assert.include(yield* succeed(["whoami"], { env: { CARTO_API_KEY: token } }), "it's tiles~2")
    })
  )

  it.effect("audit, matrix and infer show what keys may do and need", () =>
    Effect.gen(function* () {
      const { home, run, succeed } = yield* Cli
      const files = yield* FileSystem.FileSystem
      const statements = join(home, "queries.sql")
      yield* files.writeFileString(
        statements,
        "SELECT state FROM tornadoes WHERE state <> ';'; -- one\nINSERT INTO storm_reports SELECT * FROM storm_reports;"
      )
      const inferred = yield* succeed(["keys", "infer", statements])
      assert.include(inferred, "grant select on public.tornadoes")
      assert.include(inferred, "grant insert on public.storm_reports")
      const { grants } = JSON.parse(
        yield* succeed(["keys", "infer", "-", "-o", "json"], { stdin: "SELECT 1 FROM tornadoes" })
      )
      assert.deepStrictEqual(grants.tables, [{ schema: "public", name: "tornadoes", permissions: ["select"] }])
      yield* succeed(["keys", "create", "writer", "--table", "tornadoes:select,update"])
      assert.match(
        yield* succeed(["keys", "audit", "--statements", statements]),
        /writer +regular +changes rows +public\.tornadoes/
      )
      assert.match(yield* succeed(["keys", "matrix"]), /public\.tornadoes .* ru/)
      const svg = join(home, "access.svg")
      yield* succeed(["keys", "matrix", "--svg", svg])
      assert.match(yield* files.readFileString(svg), /^<svg/)
      assert.strictEqual((yield* run(["keys", "infer", join(home, "missing.sql")])).exitCode, 1)
    })
  )

  it.effect("lease runs a program with a key of its own, ends with the program's exit code, and revokes the key", () =>
    Effect.gen(function* () {
      const { file, masterKey, run, succeed } = yield* Cli
      const program = `
        const { spawnSync } = require("node:child_process")
        const run = (...args) => spawnSync(process.execPath, [${JSON.stringify(file)}, ...args], { encoding: "utf8" })
        process.stdout.write(run("sql", "SELECT count(*)::int AS n FROM tornadoes", "-o", "csv").stdout)
        process.stdout.write(String(run("sql", "DELETE FROM tornadoes").status))
        process.exit(7)`
      const ended = yield* run(["keys", "lease", "--table", "tornadoes:select", "--", process.execPath, "-e", program])
      assert.deepStrictEqual([ended.exitCode, ended.stdout], [7, "n\n400\n4"])
      assertWithout(masterKey, ended.stderr)
      assert.notInclude(yield* succeed(["keys", "list", "-o", "csv"]), "lease~command")
      const missing = yield* run(["keys", "lease", "--table", "tornadoes:select", "--", "no-such-program"])
      assert.strictEqual(missing.exitCode, 1)
      assert.include(missing.stderr, '"no-such-program" cannot be started')
      assert.notInclude(yield* succeed(["keys", "list", "-o", "csv"]), "lease~command")
    })
  )

  it.effect("create --expires makes a lease that sweep deletes after its time", () =>
    Effect.gen(function* () {
      const { succeed } = yield* Cli
      const { name } = JSON.parse(
        yield* succeed(["keys", "create", "nightly", "--table", "tornadoes:select", "--expires", "1h", "-o", "json"])
      )
      assert.match(name, /^lease~nightly~/)
      assert.notInclude(yield* succeed(["keys", "sweep", "-o", "csv"]), name)
      assert.include(yield* succeed(["keys", "list", "-o", "csv"]), name)
      yield* succeed(["keys", "delete", name, "--yes"])
    })
  )
})
