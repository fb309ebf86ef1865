/** Statements without end, or with too much memory: their results, other requests, and the data. */
import { assert, describe, it, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { type Database, Databases, type Message } from "../../../src/emulator/database.ts"
import * as PgliteDatabases from "../../../src/emulator/pglite/pgliteDatabases.ts"

const key = { role: "key", password: "secret" }

/** Asks the host for nothing, so that nothing but the end of its thread can stop it. */
const ENDLESS = "DO $$ BEGIN LOOP END LOOP; END $$"

const open = (name: string) =>
  Effect.gen(function* () {
    const database = yield* (yield* Databases).open(name)
    yield* database.superuserTransaction([
      "CREATE ROLE key LOGIN PASSWORD 'secret'",
      "CREATE SCHEMA own AUTHORIZATION key",
      "ALTER ROLE key SET search_path = own"
    ])
    return database
  })

class Two extends Context.Service<Two, { readonly attacked: Database; readonly other: Database }>()("test/Two") {
  static readonly layer = Layer.effect(
    Two,
    Effect.gen(function* () {
      return { attacked: yield* open("attacked"), other: yield* open("other") }
    })
  ).pipe(Layer.provide(PgliteDatabases.layer()))
}

const run = (database: Database, sql: string, statementTimeout?: number) =>
  Stream.runCollect(database.run({ login: key, sql, statementTimeout }))

const values = (messages: ReadonlyArray<Message>) =>
  messages.flatMap((message) => (message._tag === "Row" ? [message.values] : []))

const failure = (messages: ReadonlyArray<Message>) => {
  const last = messages.at(-1)
  return last?._tag === "Failure" ? last.report : undefined
}

const timedOut = { code: "57014", message: "canceling statement due to statement timeout" }

/** Until the threads of databases have computed for a fifth of a second. */
const isAtWork = Effect.suspend(() => {
  const time = () => process.cpuUsage().user - process.threadCpuUsage().user
  const before = time()
  return Effect.sleep("5 millis").pipe(Effect.repeat({ until: () => time() - before > 200_000 }))
})

layer(Two.layer, { timeout: "60 seconds", excludeTestServices: true })("a statement", (it) => {
  describe("without end", () => {
    it.effect("a statement without end fails with a timeout, and only committed work stays", () =>
      Effect.gen(function* () {
        const { attacked } = yield* Two
        yield* run(attacked, "CREATE TABLE kept AS SELECT i, repeat('x', 3000) AS x FROM generate_series(1, 2000) i")
        yield* run(attacked, "CREATE TABLE renewed (a int); INSERT INTO renewed VALUES (1)")
        yield* run(attacked, "TRUNCATE renewed; INSERT INTO renewed VALUES (2); DROP TABLE IF EXISTS none")
        const messages = yield* run(attacked, `INSERT INTO kept VALUES (0); CREATE TABLE lost (a int); ${ENDLESS}`, 10)
        assert.deepInclude(failure(messages), timedOut)
        const after = "SELECT count(*), sum(length(x)), (SELECT a FROM renewed), to_regclass('lost') FROM kept"
        assert.deepStrictEqual(values(yield* run(attacked, after)), [["2000", "6000000", "2", null]])
      })
    )

    it.effect("a statement without end ends at the timeout of its role", () =>
      Effect.gen(function* () {
        const { attacked } = yield* Two
        yield* attacked.superuser("ALTER ROLE key SET statement_timeout = '0.01s'")
        assert.deepInclude(failure(yield* run(attacked, ENDLESS)), timedOut)
        yield* attacked.superuser("ALTER ROLE key RESET statement_timeout")
        assert.deepStrictEqual(values(yield* run(attacked, "SHOW statement_timeout")), [["0"]])
      })
    )

    it.effect("a statement without end returns its first rows and does not delay other databases", () =>
      Effect.gen(function* () {
        const { attacked, other } = yield* Two
        yield* run(attacked, `CREATE FUNCTION stall() RETURNS int LANGUAGE plpgsql AS 'BEGIN LOOP END LOOP; END'`)
        const sql =
          "SELECT repeat('x', 1000), CASE WHEN i = 1000 THEN stall() ELSE i END FROM generate_series(1, 1000) i"
        const endless = yield* Effect.forkChild(run(attacked, sql, 10))
        assert.deepStrictEqual(values(yield* run(other, "SELECT 1")), [["1"]])
        assert.isUndefined(endless.pollUnsafe())
        const messages = yield* Fiber.join(endless)
        assert.deepInclude(failure(messages), timedOut)
        assert.isAbove(values(messages).length, 500)
        assert.deepStrictEqual(
          values(messages).map(([, i]) => Number(i)),
          values(messages).map((_, index) => index + 1)
        )
      })
    )

    for (const [name, statement] of [
      ["a statement without end and without a timeout ends when its caller leaves", ENDLESS],
      [
        "a statement that PostgreSQL can cancel is canceled when its caller leaves",
        "SELECT count(*) FROM generate_series(1, 1000000000)"
      ]
    ] as const) {
      it.effect(name, () =>
        Effect.gen(function* () {
          const { attacked } = yield* Two
          yield* run(attacked, "SELECT 1")
          const caller = yield* Effect.forkChild(run(attacked, statement))
          const next = yield* Effect.forkChild(run(attacked, "SELECT 1"))
          yield* isAtWork
          yield* Fiber.interrupt(caller)
          assert.deepStrictEqual(values(yield* Fiber.join(next)), [["1"]])
        })
      )
    }

    it.effect("a statement without end of the emulator itself can be interrupted", () =>
      Effect.gen(function* () {
        const { attacked } = yield* Two
        yield* run(attacked, "SELECT 1")
        const stalled = yield* Effect.forkChild(attacked.superuserTransaction([ENDLESS]))
        yield* isAtWork
        yield* Fiber.interrupt(stalled)
        assert.deepStrictEqual(values(yield* run(attacked, "SELECT 1")), [["1"]])
      })
    )
  })

  describe("that wants too much", () => {
    const greedy: ReadonlyArray<readonly [name: string, sql: string, code: string]> = [
      ["a value", "SELECT repeat('x', 2000000000)", "54000"],
      ["many values", "SELECT array_agg(repeat('x', 100000000) || i) FROM generate_series(1, 100) i", "53200"],
      ["a stack", "WITH RECURSIVE f AS (SELECT 1) SELECT repeat('(', 100000)::json", "22P02"],
      ["a deep query", `SELECT ${"(".repeat(50_000)}1${")".repeat(50_000)}`, "42601"],
      [
        "a function of itself",
        "CREATE FUNCTION again(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN again($1 + 1); END'; SELECT again(1)",
        "54001"
      ]
    ]
    for (const [name, sql, code] of greedy) {
      it.effect(`a statement that needs too much memory is refused: ${name}`, () =>
        Effect.gen(function* () {
          const { attacked } = yield* Two
          yield* run(attacked, "CREATE TABLE IF NOT EXISTS mine AS SELECT 1 AS a")
          assert.strictEqual(failure(yield* run(attacked, sql, 30_000))?.code, code)
          assert.deepStrictEqual(values(yield* run(attacked, "SELECT a FROM mine")), [["1"]])
        })
      )
    }
  })
})

describe("a database in a folder", () => {
  it.live("a database in a folder survives a statement without end", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.promise(() => mkdtemp(join(tmpdir(), "effect-carto-"))),
        (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
      )
      yield* Effect.gen(function* () {
        const database = yield* open("kept")
        yield* run(database, "CREATE TABLE kept AS SELECT 1 AS a")
        assert.deepInclude(failure(yield* run(database, `INSERT INTO kept VALUES (2); ${ENDLESS}`, 10)), timedOut)
        assert.deepStrictEqual(values(yield* run(database, "SELECT a FROM kept")), [["1"]])
      }).pipe(Effect.scoped, Effect.provide(PgliteDatabases.layer({ folder })))
    })
  )
})
