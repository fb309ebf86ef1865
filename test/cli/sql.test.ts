/** `effect-carto sql`, `jobs`, profiles and global flags, through the bundled file as a child process. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { join } from "node:path"
import process from "node:process"
import { run } from "../runtimes/commands.ts"
import { assertWithout, Cli } from "./Cli.ts"

layer(Cli.layer, { excludeTestServices: true, timeout: "120 seconds" })("effect-carto sql", (it) => {
  it.effect("prints rows as a table with NULL, wide characters and numbers to the right", () =>
    Effect.gen(function* () {
      const { run } = yield* Cli
      const { stderr, stdout } = yield* run([
        "sql",
        "SELECT * FROM (VALUES (1, '表', NULL), (1000, E'a\\u001bb', 'c')) AS v(n, name, note)"
      ])
      assert.strictEqual(
        stdout,
        ["   n  name      note", "────  ────────  ────", "   1  表        NULL", "1000  a\\u{1b}b  c", ""].join("\n")
      )
      assert.strictEqual(stderr, "(2 rows)\n")
    })
  )

  it.effect("takes a statement as argument, file and stdin, with parameters that stay values", () =>
    Effect.gen(function* () {
      const { home, run, succeed } = yield* Cli
      const files = yield* FileSystem.FileSystem
      const evil = "'; DROP TABLE tornadoes; --"
      assert.strictEqual(
        yield* succeed([
          "sql",
          "SELECT :a::text AS a, $1::int AS b, ':a' AS c, :n AS d",
          "-p",
          `a=${evil}`,
          "-p",
          "1=5",
          "--param-null",
          "n",
          "-o",
          "jsonl"
        ]),
        `${JSON.stringify({ a: evil, b: 5, c: ":a", d: null })}\n`
      )
      const file = join(home, "query.sql")
      yield* files.writeFileString(file, "\ufeffSELECT 1 AS one")
      assert.strictEqual(yield* succeed(["sql", "--file", file, "-o", "csv"]), "one\n1\n")
      assert.strictEqual(yield* succeed(["sql", "-o", "csv"], { stdin: "SELECT 2 AS two" }), "two\n2\n")
      const unused = yield* run(["sql", "SELECT ':a'", "-p", "a=1"])
      assert.deepStrictEqual([unused.exitCode, unused.stdout], [2, ""])
      assert.include(unused.stderr, "no place :a")
    })
  )

  it.effect("streams rows and writes files in formats of the server", () =>
    Effect.gen(function* () {
      const { home, run, succeed } = yield* Cli
      const files = yield* FileSystem.FileSystem
      const rows = yield* succeed([
        "sql",
        "SELECT i, NULL AS n, '' AS e FROM generate_series(1, 3000) i",
        "--stream",
        "-o",
        "csv"
      ])
      assert.strictEqual(rows.split("\n").length, 3002)
      assert.strictEqual(rows.split("\n")[1], '1,,""')
      const file = join(home, "t.geojson")
      yield* succeed(["sql", "SELECT the_geom, state FROM tornadoes LIMIT 2", "--format", "geojson", "--out", file])
      assert.strictEqual(JSON.parse(yield* files.readFileString(file)).features.length, 2)
      const broken = yield* run(["sql", "SELECT nope", "--format", "csv", "--out", join(home, "broken.csv")])
      assert.strictEqual(broken.exitCode, 1)
      assert.deepStrictEqual(
        (yield* files.readDirectory(home)).filter((name) => name.startsWith("broken")),
        []
      )
    })
  )

  it.effect("exits with 4 where the key may not, and with 1 where the statement is wrong", () =>
    Effect.gen(function* () {
      const { run } = yield* Cli
      const asPublic = { env: { CARTO_API_KEY: "default_public" } }
      assert.strictEqual((yield* run(["sql", "SELECT * FROM tornadoes"], asPublic)).exitCode, 4)
      const wrong = yield* run(["sql", "SELEC 1"])
      assert.deepStrictEqual([wrong.exitCode, wrong.stdout], [1, ""])
      assert.include(wrong.stderr, 'syntax error at or near "SELEC"')
    })
  )

  it.effect("jobs run waits for the end and says each status on stderr", () =>
    Effect.gen(function* () {
      const { run, succeed } = yield* Cli
      const done = yield* run(["jobs", "run", "CREATE TABLE jobbed AS SELECT 1 AS a", "-o", "json"])
      assert.strictEqual(done.exitCode, 0, done.stderr)
      const { id, status } = JSON.parse(done.stdout)
      assert.strictEqual(status, "done")
      assert.include(done.stderr, `${id} done`)
      assert.strictEqual(JSON.parse(yield* succeed(["jobs", "get", id, "-o", "json"])).status, "done")
      const failing = yield* run(["jobs", "run", "SELECT 1 / 0"])
      assert.strictEqual(failing.exitCode, 1)
      assert.include(failing.stderr, "ended as failed")
    })
  )

  it.effect("--verbose prints requests without statements or keys", () =>
    Effect.gen(function* () {
      const { masterKey, run } = yield* Cli
      const { stderr } = yield* run(["sql", "SELECT 'secret' AS s", "--verbose", "-o", "csv"])
      assert.match(stderr, /^POST 127\.0\.0\.1:\d+\/user\/demo\/api\/v2\/sql 200 \(\d+ ms\)$/m)
      assertWithout(masterKey, stderr)
      assert.notInclude(stderr, "secret")
    })
  )

  it.effect("profiles remember the account and where the key is", () =>
    Effect.gen(function* () {
      const { environment, home, masterKey, run, succeed } = yield* Cli
      const files = yield* FileSystem.FileSystem
      const { CARTO_BASE_URL: baseUrl = "" } = environment
      const bare = { CARTO_BASE_URL: "", CARTO_API_KEY: "" }
      const missing = yield* run(["whoami"], { env: bare })
      assert.strictEqual(missing.exitCode, 2)
      assert.include(missing.stderr, "no account")
      const key = join(home, "key")
      yield* files.writeFileString(key, `${masterKey}\n`)
      yield* succeed(["login", "--base-url", baseUrl, "--profile", "one", "--api-key-file", key], { env: bare })
      yield* succeed(["login", "--base-url", baseUrl, "--profile", "two", "--api-key-variable", "OTHER"], { env: bare })
      const config = join(home, ".config/effect-carto/profiles.json")
      assertWithout(masterKey, yield* files.readFileString(config))
      assert.strictEqual((yield* files.stat(config)).mode & 0o777, 0o600)
      const unset = yield* run(["whoami"], { env: bare })
      assert.strictEqual(unset.exitCode, 2)
      assert.include(unset.stderr, "OTHER, which is not set")
      assert.include(yield* succeed(["whoami"], { env: { ...bare, OTHER: masterKey } }), "Master")
      yield* succeed(["profiles", "use", "one"], { env: bare })
      assert.include(yield* succeed(["whoami"], { env: bare }), "Master")
      assert.match(yield* succeed(["profiles", "list", "-o", "csv"]), /^name,current,baseUrl,key\none,true,/)
      yield* succeed(["profiles", "remove", "one", "--yes"])
      assert.strictEqual((yield* run(["whoami", "--profile", "one"], { env: bare })).exitCode, 2)
      // a file that login did not write stays
      assert.isTrue(yield* files.exists(key))
      const wrong = yield* run(["login", "--base-url", baseUrl, "--api-key-file", config], { env: bare })
      assert.notStrictEqual(wrong.exitCode, 0)
    })
  )

  it.effect("profiles keep the key in the keychain of the system, through an optional package", () =>
    Effect.gen(function* () {
      const { environment, file, home, masterKey, run, succeed } = yield* Cli
      const files = yield* FileSystem.FileSystem
      const key = join(home, "key")
      yield* files.writeFileString(key, masterKey)
      const { CARTO_BASE_URL: baseUrl = "" } = environment
      const none = { env: { CARTO_API_KEY: "", CARTO_BASE_URL: "" } }
      const login = ["login", "--base-url", baseUrl, "--profile", "kept", "--api-key-file", key, "--keychain"]
      const missing = yield* run(login, none)
      assert.strictEqual(missing.exitCode, 2)
      assert.include(missing.stderr, "npm install @napi-rs/keyring")
      // a stand-in for the package: a machine of tests has no keychain
      const folder = join(file, "../node_modules/@napi-rs/keyring")
      yield* files.makeDirectory(folder, { recursive: true })
      yield* files.writeFileString(join(folder, "package.json"), '{ "type": "module", "exports": "./index.js" }')
      yield* files.writeFileString(
        join(folder, "index.js"),
        `import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
        export class Entry {
          constructor(service, account) { this.file = ${JSON.stringify(home)} + "/" + service + "." + account }
          getPassword() { return existsSync(this.file) ? readFileSync(this.file, "utf8") : null }
          setPassword(text) { writeFileSync(this.file, text) }
          deletePassword() { rmSync(this.file); return true }
        }`
      )
      yield* succeed(login, none)
      yield* files.remove(key)
      assert.include(yield* succeed(["whoami"], none), "Master")
      assertWithout(masterKey, yield* files.readFileString(join(home, ".config/effect-carto/profiles.json")))
      yield* succeed(["profiles", "remove", "kept", "--yes"], none)
      assert.isFalse(yield* files.exists(join(home, "effect-carto.kept")))
      yield* files.remove(join(file, "../node_modules"), { recursive: true })
    })
  )

  it.effect("a key is never an argument, and completions and version are plain text", () =>
    Effect.gen(function* () {
      const { run, succeed } = yield* Cli
      assert.strictEqual((yield* run(["keys", "list", "--api-key", "x"])).exitCode, 2)
      assert.match(yield* succeed(["--version"]), /^\d+\.\d+\.\d+\n$/)
      for (const shell of ["bash", "zsh", "fish", "powershell"]) {
        assert.include(yield* succeed(["completions", shell]), "effect-carto")
      }
    })
  )

  it.effect("completes commands, flags, values, and names of keys, tables and profiles", () =>
    Effect.gen(function* () {
      const { environment, file, masterKey, succeed } = yield* Cli
      const complete = (...words: ReadonlyArray<string>) =>
        Effect.map(succeed(["complete", "--", ...words]), (text) => text.split("\n").filter((word) => word !== ""))
      assert.deepStrictEqual(yield* complete("ke"), ["keys"])
      assert.includeMembers(yield* complete("keys", ""), ["list", "rotate", "lease"])
      assert.deepStrictEqual(yield* complete("keys", "get", "Def"), ["Default public"])
      assert.deepStrictEqual(yield* complete("keys", "list", "--output", "json"), ["json", "jsonl"])
      assert.deepStrictEqual(yield* complete("keys", "create", "x", "--dry"), ["--dry-run"])
      assert.deepStrictEqual(yield* complete("copy", "to", "torn"), ["tornadoes"])
      assert.deepStrictEqual(yield* complete("keys", "create", "x", "--table", "torn"), ["tornadoes"])
      // another account than that of the environment, which cannot be reached
      assert.deepStrictEqual(yield* complete("--base-url", "http://127.0.0.1:1/user/x", "keys", "get", "M"), [])
      const bash = `
        effect-carto() { "${process.execPath}" "${file}" "$@"; }
        eval "$(effect-carto completions bash)"
        COMP_WORDS=(effect-carto keys get Ma) COMP_CWORD=3
        _effect_carto
        printf '%s|' "\${COMPREPLY[@]}"`
      const { stdout } = yield* run("bash", ["-c", bash], { env: environment })
      assert.strictEqual(stdout, "Master|")
      assertWithout(masterKey, stdout)
    })
  )
})
