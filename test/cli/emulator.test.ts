/** `effect-carto emulator`, from its source: the bundled file finds the embedded CARTO in the package only. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { spawn } from "node:child_process"
import { homedir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { bin, root, run } from "../runtimes/commands.ts"

const main = join(root, "src/cli/main.ts")

// the prepared data directories that other tests use
const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache")

const start = (args: ReadonlyArray<string>, home: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(bin("node"), [main, "emulator", ...args], {
        env: { HOME: home, XDG_CACHE_HOME: cache, PATH: process.env["PATH"] ?? "" },
        stdio: ["ignore", "pipe", "pipe"]
      })
      let stdout = ""
      let stderr = ""
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        stdout += text
      })
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text
      })
      const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? 1)))
      /** Waits for so many lines on stdout. */
      const lines = (count: number) =>
        Effect.callback<ReadonlyArray<string>>((resume) => {
          const look = () => {
            const found = stdout.split("\n").slice(0, -1)
            if (found.length >= count) resume(Effect.succeed(found))
          }
          child.stdout.on("data", look)
          child.once("close", () => resume(Effect.sync(() => assert.fail(`the emulator ended: ${stderr}`))))
          look()
        })
      return { child, ended, lines, errors: () => stderr }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

layer(NodeServices.layer, { excludeTestServices: true, timeout: "120 seconds" })("effect-carto emulator", (it) => {
  it.effect("prints the environment of each account, seeds the first one, logs requests, and ends with 130", () =>
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const home = yield* files.makeTempDirectoryScoped({ prefix: "effect-carto-" })
      const seed = join(home, "schema.sql")
      yield* files.writeFileString(seed, "CREATE TABLE seeded AS SELECT 7 AS n; GRANT SELECT ON seeded TO PUBLIC")
      const { child, ended, errors, lines } = yield* start(
        [
          "--port=0",
          "--no-postgis",
          "--account=alice",
          "--master-key=0123456789abcdef",
          "--organization=acme:owner,mary",
          `--seed=${seed}`,
          "--rate-limit=50",
          "--log"
        ],
        home
      )
      const printed = yield* lines(3)
      const environments = printed.map((line) => {
        const [, baseUrl = "", key = ""] = /^export CARTO_BASE_URL=(\S+) CARTO_API_KEY=(\S+)$/.exec(line) ?? []
        return { CARTO_BASE_URL: baseUrl, CARTO_API_KEY: key, HOME: home }
      })
      assert.deepStrictEqual(
        environments.map(({ CARTO_BASE_URL }) => new URL(CARTO_BASE_URL).pathname),
        ["/user/alice", "/user/owner", "/user/mary"]
      )
      assert.strictEqual(environments[0]?.CARTO_API_KEY, "0123456789abcdef")
      const sql = (text: string, env = environments[0] ?? {}) =>
        run(bin("node"), [main, "sql", text, "--output", "csv"], { env })
      assert.strictEqual((yield* sql("SELECT n FROM seeded")).stdout, "n\n7\n")
      assert.strictEqual((yield* sql("SELECT count(*)::int AS n FROM tornadoes")).stdout, "n\n400\n")
      assert.strictEqual((yield* sql("SELECT 1 AS one", environments[2])).stdout, "one\n1\n")
      const whoami = yield* run(bin("node"), [main, "whoami", "--output", "json"], { env: environments[0] ?? {} })
      assert.match(String(JSON.parse(whoami.stdout).queriesLeft), /^\d+ of 50$/)
      assert.include(errors(), "POST /user/alice/api/v2/sql 200")
      assert.notInclude(errors(), "0123456789abcdef")
      child.kill("SIGTERM")
      assert.strictEqual(yield* Effect.promise(() => ended), 130)
    })
  )

  it.effect("refuses an account that cannot be, before it listens", () =>
    Effect.gen(function* () {
      for (const args of [
        ["--account", "Not A Name"],
        ["--organization", "acme"]
      ]) {
        const { exitCode, stderr, stdout } = yield* run(bin("node"), [main, "emulator", "--port", "0", ...args], {
          env: { PATH: process.env["PATH"] ?? "" }
        })
        assert.deepStrictEqual([exitCode, stdout], [2, ""], stderr)
      }
    })
  )
})
