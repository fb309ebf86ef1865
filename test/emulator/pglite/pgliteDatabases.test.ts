import { assert, describe, it, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { type Database, Databases, type Message, type Run } from "../../../src/emulator/database.ts"
import * as PgliteDatabases from "../../../src/emulator/pglite/pgliteDatabases.ts"
import { userQuota } from "../../../src/emulator/schema/cartoSchema.ts"

const key = { role: "key", password: "secret" }

class Shared extends Context.Service<Shared, Database>()("test/Database") {
  static readonly layer = Layer.effect(
    Shared,
    Effect.gen(function* () {
      const database = yield* (yield* Databases).open("shared")
      yield* database.superuserTransaction([
        "CREATE ROLE key LOGIN PASSWORD 'secret'",
        "CREATE SCHEMA own AUTHORIZATION key",
        "ALTER ROLE key SET search_path = own, cartodb, public",
        "CREATE ROLE nologin NOLOGIN PASSWORD 'secret'",
        "CREATE ROLE boss SUPERUSER LOGIN PASSWORD 'secret'",
        "CREATE ROLE expired LOGIN PASSWORD 'secret' VALID UNTIL '2000-01-01'",
        "CREATE ROLE open LOGIN"
      ])
      return database
    })
  ).pipe(Layer.provide(PgliteDatabases.layer()))
}

const run = (options: Omit<Run, "login"> & Partial<Run>) =>
  Effect.flatMap(Shared, (database) => database.run({ login: key, ...options }).pipe(Stream.runCollect))

const values = (messages: ReadonlyArray<Message>) =>
  messages.flatMap((message) => (message._tag === "Row" ? [message.values] : []))

const failure = (messages: ReadonlyArray<Message>) => {
  const last = messages.at(-1)
  return last?._tag === "Failure" ? last.report : undefined
}

layer(Shared.layer, { timeout: "60 seconds" })("a database", (it) => {
  describe("run", () => {
    it.effect("run returns columns, rows as text and the command of every statement", () =>
      Effect.gen(function* () {
        const messages = yield* run({
          sql: "SELECT 9007199254740993 AS big, 1.50 AS exact, NULL AS none; SELECT 1 WHERE false"
        })
        assert.deepStrictEqual(
          messages.map((message) => message._tag),
          ["Columns", "Row", "Complete", "Columns", "Complete"]
        )
        assert.deepStrictEqual(values(messages), [["9007199254740993", "1.50", null]])
        const [first] = messages
        assert.deepStrictEqual(
          first?._tag === "Columns" ? first.columns.map(({ name, typeId }) => [name, typeId]) : [],
          [
            ["big", 20],
            ["exact", 1700],
            ["none", 25]
          ]
        )
        assert.deepInclude(messages, { _tag: "Complete", command: "SELECT 0" })
      })
    )

    it.effect("run reports a failure with PostgreSQL's message and stops there", () =>
      Effect.gen(function* () {
        const messages = yield* run({ sql: "SELECT 1; SELECT missing; SELECT 2" })
        assert.deepStrictEqual(values(messages), [["1"]])
        assert.deepInclude(failure(messages), {
          severity: "ERROR",
          code: "42703",
          message: 'column "missing" does not exist',
          position: 18
        })
      })
    )

    it.effect("run rolls back all statements of a text if one fails", () =>
      Effect.gen(function* () {
        yield* run({ sql: "CREATE TABLE half (a int); SELECT 1/0" })
        assert.deepStrictEqual(values(yield* run({ sql: "SELECT to_regclass('half') IS NULL" })), [["t"]])
      })
    )

    it.effect("run returns notices", () =>
      Effect.gen(function* () {
        const messages = yield* run({ sql: "DO $$ BEGIN RAISE WARNING 'careful' USING HINT = 'slow'; END $$" })
        const [notice] = messages
        assert.deepInclude(notice?._tag === "Notice" ? notice.report : {}, {
          severity: "WARNING",
          code: "01000",
          message: "careful",
          hint: "slow"
        })
      })
    )

    it.effect("run has the role as current and session user, with its settings", () =>
      Effect.gen(function* () {
        const sql = "SELECT session_user, current_user, current_setting('search_path'), current_setting('TimeZone')"
        assert.deepStrictEqual(values(yield* run({ sql })), [["key", "key", "own, cartodb, public", "UTC"]])
      })
    )

    it.effect("run copies in and out", () =>
      Effect.gen(function* () {
        yield* run({ sql: "CREATE TABLE copied (a int, b text)" })
        const data = new TextEncoder().encode("1,x\n2,ñ\n")
        const copied = yield* run({ sql: "COPY copied FROM STDIN WITH (FORMAT csv)", copyIn: data })
        assert.deepStrictEqual(copied, [{ _tag: "CopyIn" }, { _tag: "Complete", command: "COPY 2" }])
        const out = yield* run({ sql: "COPY copied TO STDOUT WITH (FORMAT csv)" })
        assert.deepStrictEqual(out[0], { _tag: "CopyOut", binary: false })
        const text = out.map((message) => (message._tag === "CopyData" ? new TextDecoder().decode(message.data) : ""))
        assert.strictEqual(text.join(""), "1,x\n2,ñ\n")
      })
    )

    it.effect("run copies in more than one message of data", () =>
      Effect.gen(function* () {
        yield* run({ sql: "CREATE TABLE many (a text)" })
        const data = new TextEncoder().encode(`${"x".repeat(99)}\n`.repeat(30_000))
        assert.deepInclude(yield* run({ sql: "COPY many FROM STDIN", copyIn: data }), {
          _tag: "Complete",
          command: "COPY 30000"
        })
      })
    )

    it.effect("a COPY FROM STDIN without data fails and does not wait", () =>
      Effect.gen(function* () {
        yield* run({ sql: "CREATE TABLE empty (a int)" })
        assert.strictEqual(failure(yield* run({ sql: "COPY empty FROM STDIN" }))?.code, "57014")
      })
    )

    it.effect(
      "a result that does not fit in memory is canceled",
      () =>
        Effect.gen(function* () {
          const messages = yield* run({ sql: "SELECT repeat('x', 1000000) FROM generate_series(1, 1000)" })
          assert.strictEqual(failure(messages)?.code, "54000")
          assert.isBelow(values(messages).length, 150)
        }),
      30_000
    )
  })

  describe("login", () => {
    for (const [role, message] of [
      ["nobody", 'role "nobody" does not exist'],
      ["nologin", 'role "nologin" is not permitted to log in'],
      ["open", 'password authentication failed for user "open"'],
      ["expired", 'password authentication failed for user "expired"'],
      ["boss", 'password authentication failed for user "boss"']
    ] as const) {
      it.effect(`login refuses ${role}`, () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(run({ login: { role, password: "secret" }, sql: "SELECT 1" }))
          assert.strictEqual(error.message, message)
        })
      )
    }

    it.effect("login refuses a wrong password, also after the right one", () =>
      Effect.gen(function* () {
        yield* run({ sql: "SELECT 1" })
        const error = yield* Effect.flip(run({ login: { ...key, password: "Secret" }, sql: "SELECT 1" }))
        assert.strictEqual(error.message, 'password authentication failed for user "key"')
      })
    )

    it.effect("login accepts a new password immediately and refuses the old one", () =>
      Effect.gen(function* () {
        yield* run({ sql: "SELECT 1" })
        yield* run({ sql: "ALTER ROLE key PASSWORD 'ñew ½'", mayAlterRoles: true })
        yield* Effect.flip(run({ sql: "SELECT 1" }))
        const login = { ...key, password: "ñew ½" }
        yield* run({ login, sql: "ALTER ROLE key PASSWORD 'secret'", mayAlterRoles: true })
        assert.deepStrictEqual(values(yield* run({ sql: "SELECT 1" })), [["1"]])
      })
    )
  })

  describe("statement_timeout", () => {
    it.effect("statement_timeout ends a statement with PostgreSQL's message", () =>
      Effect.gen(function* () {
        const messages = yield* TestClock.withLive(run({ sql: "SELECT pg_sleep(3600)", statementTimeout: 20 }))
        assert.deepInclude(failure(messages), {
          code: "57014",
          message: "canceling statement due to statement timeout"
        })
      })
    )

    it.effect("statement_timeout ends a statement that reads and writes", () =>
      Effect.gen(function* () {
        const sql = "SELECT count(*) FROM generate_series(1, 30000000)"
        assert.strictEqual(failure(yield* run({ sql, statementTimeout: 50 }))?.code, "57014")
      })
    )

    it.effect("statement_timeout of a role applies to its statements only", () =>
      Effect.gen(function* () {
        const messages = yield* TestClock.withLive(run({ sql: "SET statement_timeout = 10; SELECT pg_sleep(1)" }))
        assert.strictEqual(failure(messages)?.code, "57014")
        assert.deepStrictEqual(values(yield* run({ sql: "SHOW statement_timeout" })), [["0"]])
      })
    )
  })

  it.effect("a sleeping statement does not delay other callers", () =>
    Effect.gen(function* () {
      yield* run({ sql: "CREATE TABLE slept (a int)" })
      const fiber = yield* Effect.forkChild(run({ sql: "INSERT INTO slept VALUES (1); SELECT pg_sleep(3600)" }))
      yield* run({ sql: "SELECT a FROM slept" }).pipe(
        Effect.repeat({ until: (messages) => values(messages).length > 0 })
      )
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual(values(yield* Fiber.join(fiber)), [[""]])
    })
  )

  it.effect("concurrent callers get their own results", () =>
    Effect.gen(function* () {
      const database = yield* Shared
      yield* database.superuserTransaction(
        Array.from({ length: 5 }, (_, index) => `CREATE ROLE caller_${index} LOGIN PASSWORD 'p'`)
      )
      const seen = yield* Effect.forEach(
        Array.from({ length: 100 }, (_, index) => `caller_${index % 5}`),
        (role) =>
          Effect.map(run({ login: { role, password: "p" }, sql: "SELECT session_user, current_user" }), (messages) => ({
            role,
            rows: values(messages)
          })),
        { concurrency: "unbounded" }
      )
      for (const { role, rows } of seen) assert.deepStrictEqual(rows, [[role, role]])
    })
  )

  it.effect("committed work survives a crash, and uncommitted work is lost", () =>
    Effect.gen(function* () {
      yield* run({ sql: "CREATE TABLE survivor AS SELECT 1 AS a" })
      const messages = yield* run({
        sql: "INSERT INTO survivor VALUES (2); SET exit_on_error = on; SELECT 1/0"
      })
      assert.deepInclude(failure(messages), { severity: "FATAL", message: "division by zero" })
      assert.deepStrictEqual(values(yield* run({ sql: "SELECT a FROM survivor" })), [["1"]])
    })
  )

  it.effect("overwriting rows does not grow the write-ahead log", () =>
    Effect.gen(function* () {
      yield* run({ sql: "CREATE TABLE again (a text)" })
      for (let round = 0; round < 4; round += 1) {
        yield* run({
          sql: "TRUNCATE again; INSERT INTO again SELECT repeat(md5(i::text), 30) FROM generate_series(1, 40000) i"
        })
      }
      const rows = yield* (yield* Shared).superuser(
        "SELECT pg_catalog.sum(size) < 80000000 AS small FROM pg_ls_waldir()"
      )
      assert.deepStrictEqual(rows, [{ small: "t" }])
    })
  )

  it.effect("a stack overflow is an error of PostgreSQL", () =>
    Effect.gen(function* () {
      const messages = yield* run({ sql: "SELECT repeat('[', 1000000)::json" })
      assert.deepInclude(failure(messages), { code: "54001", message: "stack depth limit exceeded" })
      assert.deepStrictEqual(values(yield* run({ sql: "SELECT 1" })), [["1"]])
    })
  )

  describe("superuser", () => {
    it.effect("the superuser binds parameters and gets rows by name", () =>
      Effect.gen(function* () {
        const database = yield* Shared
        const rows = yield* database.superuser("SELECT $1::text AS a, $2::int AS b, $3::bool AS c, $4::text AS d", [
          "it's",
          1,
          true,
          null
        ])
        assert.deepStrictEqual(rows, [{ a: "it's", b: "1", c: "t", d: null }])
      })
    )

    it.effect("the superuser runs one statement at a time", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip((yield* Shared).superuser("SELECT 1; SELECT 2"))
        assert.strictEqual(error._tag === "DatabaseError" ? error.code : "", "42601")
      })
    )

    it.effect("a transaction of the superuser is atomic", () =>
      Effect.gen(function* () {
        const database = yield* Shared
        const error = yield* Effect.flip(
          database.superuserTransaction(["CREATE TABLE public.undone (a int)", "SELECT 1/0"])
        )
        assert.strictEqual(error._tag === "DatabaseError" ? error.code : "", "22012")
        assert.deepStrictEqual(yield* database.superuser("SELECT to_regclass('public.undone') AS t"), [{ t: null }])
      })
    )

    it.effect("the superuser does not resolve names in the schema public", () =>
      Effect.gen(function* () {
        const rows = yield* (yield* Shared).superuser("SELECT current_setting('search_path') AS path")
        assert.deepStrictEqual(rows, [{ path: "pg_catalog,pg_temp" }])
      })
    )
  })

  describe("CARTO's schema", () => {
    it.effect("CARTO's schema shows a key its account's name and tables, and not the configuration", () =>
      Effect.gen(function* () {
        const database = yield* Shared
        yield* database.superuserTransaction([
          `INSERT INTO cartodb.cdb_conf VALUES ('api_keys_key', '{"username": "alice", "permissions": []}')`,
          userQuota({ schema: "own", owner: "key", bytes: 1000 })
        ])
        yield* run({ sql: "CREATE TABLE mine (a int)" })
        const sql = `SELECT CDB_Username(), own._CDB_UserQuotaInBytes(),
          (SELECT count(*) FROM CDB_UserTables() t WHERE t = 'mine'), (SELECT string_agg(c, ',') FROM CDB_ColumnNames('mine') c),
          CDB_ColumnType('mine', 'a')`
        assert.deepStrictEqual(values(yield* run({ sql })), [["alice", "1000", "1", "a", "integer"]])
        const tables =
          "SELECT CDB_QueryTablesText('SELECT * FROM mine a JOIN mine b USING (a) JOIN cdb_usertables() ON true')"
        assert.deepStrictEqual(values(yield* run({ sql: tables })), [["{own.mine}"]])
        const several = yield* run({ sql: "SELECT CDB_QueryTablesText('SELECT 1; DROP TABLE mine')" })
        assert.strictEqual(failure(several)?.code, "42P11")
        for (const table of ["cdb_conf", "cdb_tablemetadata", "cdb_analysis_catalog"]) {
          assert.strictEqual(failure(yield* run({ sql: `SELECT * FROM ${table}` }))?.code, "42501")
        }
      })
    )
  })
})

describe("databases", () => {
  it.live(
    "opening a database twice returns the same one, and its name must be that of a folder",
    () =>
      Effect.gen(function* () {
        const databases = yield* Databases
        const [first, second] = yield* Effect.all([databases.open("a"), databases.open("a")], { concurrency: 2 })
        assert.strictEqual(first, second)
        for (const name of ["", "..", "a/b", "../a"]) {
          assert.strictEqual((yield* Effect.flip(databases.open(name)))._tag, "ConnectionError")
        }
      }).pipe(Effect.provide(PgliteDatabases.layer())),
    30_000
  )

  it.live(
    "a database has PostGIS if the option postgis is set",
    () =>
      Effect.gen(function* () {
        const database = yield* (yield* Databases).open("geo")
        assert.isTrue(database.postgis)
        yield* database.superuserTransaction(["CREATE ROLE key LOGIN PASSWORD 'secret'"])
        const sql = "SELECT ST_AsText(ST_Transform(ST_SetSRID(ST_MakePoint(0, 0), 4326), 3857)), 'POINT(1 2)'::geometry"
        const messages = yield* database.run({ login: key, sql }).pipe(Stream.runCollect)
        assert.deepStrictEqual(values(messages), [["POINT(0 0)", "0101000000000000000000F03F0000000000000040"]])
      }).pipe(Effect.provide(PgliteDatabases.layer({ postgis: true }))),
    60_000
  )
})
