import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { beforeAll, vi } from "vitest"
import { packages } from "../../src/emulator/pglite/packages.ts"
import { prepare } from "../../src/emulator/pglite/prepared/prepare.ts"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

// The first start on a machine says on stderr that it prepares PostgreSQL.
beforeAll(() => Effect.runPromise(Effect.flatMap(packages(false), prepare)))

const main = fileURLToPath(new URL("../../src/emulator/main.ts", import.meta.url))

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface Running {
  readonly process: ChildProcess
  /** What it has printed once it has printed a text. */
  readonly printed: (text: string) => Promise<string>
  readonly ended: Promise<Ended>
}

const start = (...args: ReadonlyArray<string>): Running => {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] })
  let [out, err] = ["", ""]
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text))
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text))
  const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, out, err })))
  const printed = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (out.includes(text)) resolve(out)
      }
      child.stdout.on("data", look)
      void ended.then(({ err }) => reject(new Error(`it has ended: ${err}`)))
      look()
    })
  return { process: child, printed, ended }
}

const running = (...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => start(...args)),
    ({ ended, process }) =>
      Effect.promise(() => {
        process.kill("SIGKILL")
        return ended
      })
  )

const run = (...args: ReadonlyArray<string>) =>
  Effect.scoped(Effect.flatMap(running(...args), ({ ended }) => Effect.promise(() => ended)))

describe("the command emulator", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it.effect(`the command serves an account until ${signal}`, () =>
      Effect.gen(function* () {
        const folder = yield* Effect.acquireRelease(
          Effect.promise(() => mkdtemp(join(tmpdir(), "effect-carto-"))),
          (path) => Effect.promise(() => rm(path, { recursive: true }))
        )
        const command = yield* running("--port", "0", "--account", "alice", "--folder", folder, "--no-postgis")
        const text = yield* Effect.promise(() => command.printed("stops it."))
        assert.include(text, "for development and tests only")
        const [, baseUrl] = /(http:\/\/127\.0\.0\.1:\d+\/user\/alice)\n/.exec(text) ?? []
        const [, masterKey] = /master key +([0-9a-f]{40})\n/.exec(text) ?? []
        const response = yield* Effect.promise(() =>
          fetch(`${baseUrl}/api/v3/api_keys`, {
            method: "POST",
            headers: {
              authorization: `Basic ${Buffer.from(`alice:${masterKey}`).toString("base64")}`,
              "content-type": "application/json"
            },
            body: JSON.stringify({ name: "x", grants: [{ type: "apis", apis: ["sql"] }] })
          })
        )
        const { token } = yield* Effect.promise(() => response.json())
        assert.strictEqual(response.status, 201)
        const query = `${baseUrl}/api/v2/sql?q=select+current_user&api_key=${token}`
        const { rows } = yield* Effect.promise(async () => (await fetch(query)).json())
        assert.match(rows[0].current_user, /^carto_role_[0-9a-f]{32}$/)

        command.process.kill(signal)
        const { code, err, out } = yield* Effect.promise(() => command.ended)
        assert.deepStrictEqual([code, err], [0, ""])
        assert.strictEqual(out.split(masterKey ?? "").length, 2)
        const files = yield* Effect.promise(() => readdir(folder, { recursive: true }))
        assert.deepStrictEqual(
          files.filter((file) => file.endsWith("emulator.pid")),
          []
        )
      })
    )
  }

  const wrong: ReadonlyArray<readonly [string, ReadonlyArray<string>, string]> = [
    ["an unknown option", ["--prot", "1"], "'--prot'"],
    ["a port that is not a number", ["--port", "http"], '--port takes a number from 0 to 65535: "http" is not'],
    ["a port out of range", ["--port", "65536"], '--port takes a number from 0 to 65535: "65536" is not'],
    ["an argument", ["alice"], "'alice'"],
    ["a name that no account can have", ["--port", "0", "--no-postgis", "--account", "Alice"], '"Alice" is not']
  ]
  for (const [name, args, message] of wrong) {
    it.effect(`the command refuses ${name}`, () =>
      Effect.gen(function* () {
        const { code, err, out } = yield* run(...args)
        assert.deepStrictEqual([code, out], [2, ""])
        assert.include(err, message)
        assert.notInclude(err, "    at ")
      })
    )
  }

  const unusable: ReadonlyArray<readonly [string, string, string]> = [
    [
      "does not exist",
      "postgres://postgres:canary@127.0.0.1:1",
      "no PostgreSQL server answers at 127.0.0.1:1: ECONNREFUSED"
    ],
    ["is on another machine", "postgres://postgres:canary@db.example/x", "db.example is another machine"],
    ["has no such URL", "mysql://root:canary@localhost", "a PostgreSQL server is given as postgres://"]
  ]
  for (const [name, url, message] of unusable) {
    it.effect(`the command reports that the server ${name}`, () =>
      Effect.gen(function* () {
        const { code, err, out } = yield* run("--port", "0", "--database", url)
        assert.deepStrictEqual([code, out], [1, ""])
        assert.include(err, message)
        assert.notInclude(err, "    at ")
        assert.notInclude(err, "canary")
      })
    )
  }

  it.effect("the command reports that a port is in use", () =>
    Effect.gen(function* () {
      const server = yield* Effect.acquireRelease(
        Effect.promise(
          () =>
            new Promise<ReturnType<typeof createServer>>((resolve) => {
              const server = createServer()
              server.listen(0, "127.0.0.1", () => resolve(server))
            })
        ),
        (server) => Effect.promise(() => new Promise((resolve) => server.close(resolve)))
      )
      const address = server.address()
      const port = typeof address === "object" ? String(address?.port) : ""
      const { code, err } = yield* run("--port", port, "--no-postgis")
      assert.deepStrictEqual([code, err], [1, `port ${port} is in use\n`])
    })
  )
})
