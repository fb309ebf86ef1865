import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Redacted, Schedule, Stream } from "effect"
import { type Database, Databases, type Login, type Message } from "../../../src/emulator/database.ts"
import * as PostgresDatabases from "../../../src/emulator/postgres/postgresDatabases.ts"
import { missing, PostgresServer } from "../../support/postgres.ts"

const alice: Login = { role: "alice", password: "alice" }
const bob: Login = { role: "bob", password: "bob" }

class Opened extends Context.Service<Opened, Database>()("test/Opened") {
  static readonly layer = Layer.effect(
    Opened,
    Effect.gen(function* () {
      const database = yield* (yield* Databases).open("shared")
      yield* database.superuserTransaction([
        "CREATE ROLE alice LOGIN PASSWORD 'alice'",
        "CREATE ROLE bob LOGIN PASSWORD 'bob'",
        "CREATE SCHEMA alice AUTHORIZATION alice"
      ])
      return database
    })
  ).pipe(
    Layer.provide(
      Layer.unwrap(Effect.map(PostgresServer, ({ url }) => PostgresDatabases.layer({ url, postgis: false })))
    ),
    Layer.provideMerge(PostgresServer.layer)
  )
}

interface RunOptions {
  readonly login?: Login
  readonly copyIn?: string
  readonly statementTimeout?: number
}

const messagesOf = (sql: string, { copyIn, login = alice, statementTimeout }: RunOptions = {}) =>
  Opened.use((database) =>
    Stream.runCollect(
      database.run({
        login,
        sql,
        statementTimeout,
        copyIn: copyIn === undefined ? undefined : new TextEncoder().encode(copyIn)
      })
    )
  )

const rowsOf = (messages: ReadonlyArray<Message>) =>
  messages.flatMap((message) => (message._tag === "Row" ? [message.values] : []))

const rows = (sql: string, options?: RunOptions) => Effect.map(messagesOf(sql, options), rowsOf)

const failures = (sql: string, options?: RunOptions) =>
  Effect.map(messagesOf(sql, options), (messages) =>
    messages.flatMap((message) => (message._tag === "Failure" ? [message.report] : []))
  )

/** The statements of a role that PostgreSQL is at work on. */
const active = (role: string) =>
  Opened.use((database) =>
    database.superuser("SELECT query FROM pg_stat_activity WHERE usename = $1::text AND state = 'active'", [role])
  )

const until = (role: string, count: number) =>
  active(role).pipe(Effect.repeat({ until: ({ length }) => length === count, schedule: Schedule.recurs(10_000) }))

const databaseNames = (database: Database) =>
  Effect.map(
    database.superuser("SELECT datname FROM pg_database WHERE datname LIKE 'effect\\_carto\\_%' ORDER BY 1"),
    (found) => found.map((row) => row["datname"])
  )

if (missing !== undefined) it.skip(`databases on a server: ${missing}`, () => {})
else {
  layer(Opened.layer, { timeout: "60 seconds", excludeTestServices: true })("on a PostgreSQL server", (it) => {
    describe("a text", () => {
      it.effect("each statement of a text returns its result in PostgreSQL's text format", () =>
        Effect.gen(function* () {
          const messages = yield* messagesOf(
            "SELECT 1 AS one, NULL AS none, '\u{feff}mark' AS mark; DO $$ BEGIN RAISE WARNING 'careful'; END $$; SELECT 1/0; SELECT 2"
          )
          assert.deepStrictEqual(
            messages.map((message) => message._tag),
            ["Columns", "Row", "Complete", "Notice", "Complete", "Failure"]
          )
          assert.deepStrictEqual(rowsOf(messages), [["1", null, "\u{feff}mark"]])
          const columns = messages.flatMap((message) => (message._tag === "Columns" ? message.columns : []))
          assert.deepStrictEqual(
            columns.map(({ name, typeId }) => [name, typeId]),
            [
              ["one", 23],
              ["none", 25],
              ["mark", 25]
            ]
          )
          assert.deepStrictEqual(
            messages.flatMap((message) => (message._tag === "Notice" ? [message.report.message] : [])),
            ["careful"]
          )
        })
      )

      it.effect("a text of several statements is one transaction", () =>
        Effect.gen(function* () {
          yield* messagesOf("CREATE TABLE alice.once (a int); SELECT 1/0")
          assert.deepStrictEqual(yield* rows("SELECT to_regclass('alice.once')"), [[null]])
        })
      )

      it.effect("a text copies in and out, and data for a COPY is read once", () =>
        Effect.gen(function* () {
          const messages = yield* messagesOf(
            "CREATE TEMP TABLE t (a text); COPY t FROM STDIN; COPY t TO STDOUT; COPY t FROM STDIN",
            { copyIn: "one\ntwo\n" }
          )
          assert.deepStrictEqual(
            messages.map((message) => message._tag),
            ["Complete", "CopyIn", "Complete", "CopyOut", "CopyData", "CopyData", "Complete", "CopyIn", "Failure"]
          )
        })
      )

      it.effect("a COPY larger than any buffer succeeds, and fails if a row is wrong", () =>
        Effect.gen(function* () {
          const lines = Array.from({ length: 200_000 }, (_, index) => `${index}\tsome more text to fill the line with`)
          const sql = "CREATE TEMP TABLE t (a int, b text); COPY t FROM STDIN; SELECT count(*), sum(a) FROM t"
          assert.deepStrictEqual(yield* rows(sql, { copyIn: `${lines.join("\n")}\n` }), [["200000", "19999900000"]])
          const [failure] = yield* failures(sql, { copyIn: `wrong\n${lines.join("\n")}\n` })
          assert.strictEqual(failure?.code, "22P02")
        })
      )

      it.effect("a result is sent no faster than it is read", () =>
        Effect.gen(function* () {
          const database = yield* Opened
          const sql = "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 1000000)) TO STDOUT"
          const first = yield* database.run({ login: alice, sql }).pipe(Stream.take(10), Stream.runCollect)
          assert.strictEqual(first.length, 10)
          assert.deepStrictEqual(yield* active("alice"), [])
        })
      )
    })

    describe("a session", () => {
      it.effect("a session belongs to its role from the login on", () =>
        Effect.gen(function* () {
          assert.deepStrictEqual(
            yield* rows("RESET ROLE; SELECT session_user, current_user, current_setting('TimeZone')"),
            [["alice", "alice", "UTC"]]
          )
          const error = yield* Effect.flip(rows("SELECT 1", { login: { role: "alice", password: "wrong" } }))
          assert.match(error.message, /password authentication failed/)
        })
      )

      for (const [what, leave, look, clean] of [
        ["no temporary tables", "CREATE TEMP TABLE mine (a int)", "SELECT to_regclass('mine')", null],
        ["no settings", "SET search_path = nowhere", "SELECT current_setting('search_path')", '"$user", public'],
        [
          "no open transaction",
          "BEGIN; CREATE TABLE alice.open (a int)",
          "SELECT count(*) FROM pg_class WHERE relname = 'open'",
          "0"
        ],
        ["no aborted transaction", "BEGIN; SELECT 1/0", "SELECT 1", "1"],
        ["no prepared statements", "PREPARE mine AS SELECT 1", "SELECT count(*) FROM pg_prepared_statements", "0"],
        [
          "no advisory locks",
          "SELECT pg_advisory_lock(1)",
          "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
          "0"
        ],
        ["no other role", "SET ROLE alice; SET SESSION AUTHORIZATION alice", "SELECT current_setting('role')", "none"]
      ] as const) {
        for (const login of [alice, bob]) {
          it.effect(
            `a session leaves ${what} to the next session of ${login === alice ? "the same" : "another"} role`,
            () =>
              Effect.gen(function* () {
                yield* messagesOf(leave)
                assert.deepStrictEqual(yield* rows(look, { login }), [[clean]])
              })
          )
        }
      }

      it.effect("a session begins with the current settings and password of its role", () =>
        Effect.gen(function* () {
          const database = yield* Opened
          yield* database.superuserTransaction(["CREATE ROLE carol LOGIN PASSWORD 'old'"])
          const login = { role: "carol", password: "old" }
          assert.deepStrictEqual(yield* rows("SHOW search_path", { login }), [['"$user", public']])
          yield* database.superuserTransaction(["ALTER ROLE carol SET search_path = elsewhere"])
          assert.deepStrictEqual(yield* rows("SHOW search_path", { login }), [["elsewhere"]])
          yield* database.superuserTransaction(["ALTER ROLE carol PASSWORD 'new'"])
          assert.strictEqual((yield* Effect.flip(rows("SELECT 1", { login })))._tag, "ConnectionError")
          yield* database.superuserTransaction(["DROP ROLE carol"])
          const gone = yield* Effect.flip(rows("SELECT 1", { login: { role: "carol", password: "new" } }))
          assert.strictEqual(gone._tag, "ConnectionError")
        })
      )

      it.effect("a session whose backend is terminated fails, and the next session works", () =>
        Effect.gen(function* () {
          const database = yield* Opened
          const sleeping = yield* Effect.forkChild(messagesOf("SELECT pg_sleep(600)"))
          yield* until("alice", 1)
          yield* database.superuser("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'alice'")
          const [failure] = (yield* Fiber.join(sleeping)).flatMap((message) =>
            message._tag === "Failure" ? [message.report] : []
          )
          assert.strictEqual(failure?.code, "57P01")
          assert.deepStrictEqual(yield* rows("SELECT 1"), [["1"]])
        })
      )
    })

    describe("statements", () => {
      it.effect("statements of two requests run at the same time", () =>
        Effect.gen(function* () {
          const database = yield* Opened
          yield* database.superuserTransaction([
            "CREATE SEQUENCE public.arrivals",
            "GRANT ALL ON SEQUENCE public.arrivals TO alice, bob"
          ])
          // Neither ends before the other is there.
          const meet = `DO $$ BEGIN
            PERFORM nextval('public.arrivals');
            WHILE (SELECT last_value FROM public.arrivals) < 2 LOOP PERFORM pg_sleep(0.005); END LOOP;
          END $$`
          const both = [
            messagesOf(meet, { statementTimeout: 20_000 }),
            messagesOf(meet, { login: bob, statementTimeout: 20_000 })
          ]
          assert.deepStrictEqual(
            (yield* Effect.all(both, { concurrency: "unbounded" })).flat().map(({ _tag }) => _tag),
            ["Complete", "Complete"]
          )
        })
      )

      it.effect("statements are canceled at the timeout of the request and at that of the role", () =>
        Effect.gen(function* () {
          const database = yield* Opened
          const [own] = yield* failures("SELECT pg_sleep(600)", { statementTimeout: 50 })
          assert.deepStrictEqual([own?.code, own?.message], ["57014", "canceling statement due to statement timeout"])
          yield* database.superuserTransaction(["ALTER ROLE bob SET statement_timeout = 50"])
          const [roles] = yield* failures("SELECT pg_sleep(600)", { login: bob })
          assert.strictEqual(roles?.code, "57014")
          yield* database.superuserTransaction(["ALTER ROLE bob RESET statement_timeout"])
          assert.deepStrictEqual(yield* active("bob"), [])
        })
      )

      for (const [what, sql] of [
        ["that sleep", "SELECT pg_sleep(600)"],
        ["that are busy", "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b"],
        [
          "that catch their cancellation",
          `DO $$ BEGIN LOOP
             BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN NULL; END;
           END LOOP; END $$`
        ]
      ] as const) {
        it.effect(`statements ${what} end when their request is interrupted`, () =>
          Effect.gen(function* () {
            const running = yield* Effect.forkChild(messagesOf(sql))
            yield* until("alice", 1)
            yield* Fiber.interrupt(running)
            assert.deepStrictEqual(yield* active("alice"), [])
            assert.deepStrictEqual(yield* rows("SELECT 1"), [["1"]])
          })
        )
      }

      it.effect("statements are canceled before their backend is terminated", () =>
        Effect.gen(function* () {
          const database = yield* Opened
          yield* database.superuserTransaction([
            "CREATE SEQUENCE public.cancellations",
            "GRANT ALL ON SEQUENCE public.cancellations TO alice"
          ])
          const running = yield* Effect.forkChild(
            messagesOf(`DO $$ BEGIN PERFORM pg_sleep(600);
              EXCEPTION WHEN query_canceled THEN PERFORM nextval('public.cancellations'); END $$`)
          )
          yield* until("alice", 1)
          yield* Fiber.interrupt(running)
          const [{ called } = { called: null }] = yield* database.superuser(
            "SELECT is_called AS called FROM public.cancellations"
          )
          assert.strictEqual(called, "t")
        })
      )

      it.effect("statements of the superuser are atomic", () =>
        Effect.gen(function* () {
          const database = yield* Opened
          const error = yield* Effect.flip(
            database.superuserTransaction(["CREATE TABLE public.half (a int)", "SELECT 1/0"])
          )
          assert.strictEqual(error._tag === "DatabaseError" ? error.code : error._tag, "22012")
          assert.deepStrictEqual(
            yield* database.superuser(
              "SELECT to_regclass('public.half') AS half, current_setting('search_path') AS path"
            ),
            [{ half: null, path: "pg_catalog,pg_temp" }]
          )
        })
      )
    })

    describe("databases", () => {
      const open = (options: { readonly keep?: boolean }, name: string) =>
        PostgresServer.use(({ url }) =>
          Effect.gen(function* () {
            const context = yield* Layer.build(PostgresDatabases.layer({ ...options, url, postgis: false }))
            return yield* Context.get(context, Databases).open(name)
          })
        )

      it.effect("databases are dropped with the roles of their accounts and keys", () =>
        Effect.gen(function* () {
          const database = yield* Opened
          const before = yield* databaseNames(database)
          yield* Effect.scoped(
            Effect.gen(function* () {
              const { superuserTransaction } = yield* open({}, "for_now")
              yield* superuserTransaction([
                "CREATE ROLE cartodb_user_1 LOGIN PASSWORD 'x'",
                "CREATE ROLE carto_role_1 LOGIN PASSWORD 'x'",
                "CREATE SCHEMA one AUTHORIZATION cartodb_user_1",
                "GRANT carto_role_1 TO cartodb_user_1"
              ])
              assert.strictEqual((yield* databaseNames(database)).length, before.length + 1)
            })
          )
          assert.deepStrictEqual(yield* databaseNames(database), before)
          assert.deepStrictEqual(
            yield* database.superuser("SELECT rolname FROM pg_roles WHERE rolname ~ '^(cartodb_user_1|carto_role_1)$'"),
            []
          )
        })
      )

      it.effect("databases stay if the option keep is set", () =>
        Effect.gen(function* () {
          const make = Effect.flatMap(open({ keep: true }, "kept"), ({ superuserTransaction }) =>
            superuserTransaction([
              "CREATE TABLE IF NOT EXISTS public.things (a int)",
              "INSERT INTO public.things VALUES (1)"
            ])
          )
          yield* Effect.scoped(make)
          yield* Effect.scoped(make)
          const count = Effect.flatMap(open({ keep: true }, "kept"), ({ superuser }) =>
            superuser("SELECT count(*) FROM public.things")
          )
          assert.deepStrictEqual(yield* Effect.scoped(count), [{ count: "2" }])
        })
      )

      it.effect("databases of a run that crashed are dropped by the next run, and those of other runs are not", () =>
        Effect.gen(function* () {
          const database = yield* Opened
          const { url } = yield* PostgresServer
          yield* database.superuser("CREATE DATABASE effect_carto_deadbeef_left")
          yield* database.superuser(
            "COMMENT ON DATABASE effect_carto_deadbeef_left IS 'effect-carto: is dropped when its emulator ends; run deadbeef'"
          )
          yield* Effect.scoped(Layer.build(PostgresDatabases.layer({ url })))
          const names = yield* databaseNames(database)
          assert.notInclude(names, "effect_carto_deadbeef_left")
          assert.isTrue(names.some((name) => name?.endsWith("_shared")))
        })
      )
    })
  })

  layer(PostgresServer.layer, { timeout: "60 seconds", excludeTestServices: true })("a server", (it) => {
    const refusal = (change: (url: URL) => void) =>
      Effect.gen(function* () {
        const url = new URL(Redacted.value((yield* PostgresServer).url))
        change(url)
        const error = yield* Effect.scoped(Layer.build(PostgresDatabases.layer({ url: url.href }))).pipe(Effect.flip)
        return error.message
      })

    it.effect("a server that does not exist is reported", () =>
      Effect.gen(function* () {
        assert.strictEqual(
          yield* refusal((url) => {
            url.port = "1"
          }),
          "no PostgreSQL server answers at 127.0.0.1:1: ECONNREFUSED"
        )
      })
    )

    it.effect("a server that refuses the login is reported with its reason and without the password", () =>
      Effect.gen(function* () {
        const message = yield* refusal((url) => {
          url.password = "canary"
        })
        assert.strictEqual(message, 'password authentication failed for user "postgres"')
      })
    )

    it.effect("a server whose user is not a superuser is refused", () =>
      Effect.gen(function* () {
        const { port, url } = yield* PostgresServer
        yield* Effect.scoped(
          Effect.gen(function* () {
            const context = yield* Layer.build(PostgresDatabases.layer({ url, postgis: false }))
            const { superuser } = yield* Context.get(context, Databases).open("any")
            yield* superuser("CREATE ROLE plain LOGIN CREATEDB CREATEROLE PASSWORD 'plain'")
          })
        )
        const message = yield* refusal((changed) => {
          changed.username = "plain"
          changed.password = "plain"
        })
        assert.strictEqual(
          message,
          `plain is no superuser of the PostgreSQL server at 127.0.0.1:${port}, which the emulator needs`
        )
      })
    )
  })
}
