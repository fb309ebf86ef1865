/** Interrupting a call cancels its statement: from a fiber of the client, over HTTP, to PostgreSQL. */
import { assert, it, layer } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Schedule, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { BatchSql, Carto, CopySql, Sql, sql } from "../../../src/index.ts"
import { Emulator, listen } from "../../../src/emulator/index.ts"
import { missing, PostgresServer } from "../../support/postgres.ts"
import { Databases } from "../../../src/emulator/database.ts"
import * as PostgresDatabases from "../../../src/emulator/postgres/postgresDatabases.ts"

/** What PostgreSQL is at work on for keys, seen by a superuser of its own. */
class Activity extends Context.Service<
  Activity,
  { readonly statements: Effect.Effect<ReadonlyArray<string | null | undefined>> }
>()("test/Activity") {
  static readonly layer = Layer.effect(
    Activity,
    Effect.gen(function* () {
      const { url } = yield* PostgresServer
      const context = yield* Layer.build(PostgresDatabases.layer({ url, postgis: false }))
      const { superuser } = yield* Context.get(context, Databases).open("activity")
      return {
        statements: superuser(
          "SELECT query FROM pg_stat_activity WHERE usename ~ '^(cartodb_user|carto_role)' AND state = 'active'"
        ).pipe(
          Effect.map((rows) => rows.map((row) => row["query"])),
          Effect.orDie
        )
      }
    })
  )
}

const server = Layer.unwrap(Effect.map(PostgresServer, ({ url }) => Emulator.layer({ database: url, postgis: false })))

const client = Layer.unwrap(
  Effect.gen(function* () {
    const emulator = yield* Emulator
    const { url } = yield* listen(emulator)
    const { masterKey } = yield* Effect.fromNullishOr(emulator.account("demo"))
    return Carto.layer({ baseUrl: `${url}/user/demo`, apiKey: masterKey })
  })
).pipe(Layer.provide(FetchHttpClient.layer))

const services = Layer.merge(client, Activity.layer).pipe(
  Layer.provideMerge(server),
  Layer.provideMerge(PostgresServer.layer),
  Layer.orDie
)

const running = (count: number) =>
  Activity.use(({ statements }) => statements).pipe(
    Effect.repeat({ until: ({ length }) => length === count, schedule: Schedule.recurs(10_000) }),
    Effect.tap((statements) => Effect.sync(() => assert.strictEqual(statements.length, count)))
  )

if (missing !== undefined) it.skip(`cancellation on a server: ${missing}`, () => {})
else {
  layer(services, { timeout: "60 seconds", excludeTestServices: true })("cancellation in PostgreSQL", (it) => {
    it.effect("a statement ends in PostgreSQL when Sql.query is interrupted before its response", () =>
      Effect.gen(function* () {
        const { query } = yield* Sql
        const asking = yield* Effect.forkChild(query(sql`SELECT pg_sleep(600)`))
        yield* running(1)
        yield* Fiber.interrupt(asking)
        yield* running(0)
      })
    )

    it.effect("a statement ends in PostgreSQL when the deadline of Sql.query expires", () =>
      Effect.gen(function* () {
        const { query } = yield* Sql
        const error = yield* Effect.flip(query(sql`SELECT pg_sleep(600)`, { timeout: "1 second" }))
        assert.strictEqual(error.reason._tag, "DeadlineExceeded")
        yield* running(0)
      })
    )

    it.effect("a statement ends in PostgreSQL when Sql.query is interrupted while its rows arrive", () =>
      Effect.gen(function* () {
        const { query } = yield* Sql
        const slowly = sql`SELECT repeat('x', 20000) AS x, pg_sleep(0.01) FROM generate_series(1, 60000)`
        const asking = yield* Effect.forkChild(query(slowly))
        yield* running(1)
        yield* Fiber.interrupt(asking)
        yield* running(0)
      })
    )

    it.effect("a statement ends in PostgreSQL when CopySql.to is interrupted", () =>
      Effect.gen(function* () {
        const { to } = yield* CopySql
        const endless = sql`COPY (SELECT repeat('x', 1000), generate_series(1, 1000000000)) TO STDOUT`
        const reading = yield* Effect.forkChild(Stream.runForEach(to(endless), () => Effect.never))
        yield* running(1)
        yield* Fiber.interrupt(reading)
        yield* running(0)
      })
    )

    it.effect("a statement ends in PostgreSQL when the stream of CopySql.to is closed early", () =>
      Effect.gen(function* () {
        const { to } = yield* CopySql
        const endless = sql`COPY (SELECT repeat('x', 1000), generate_series(1, 1000000000)) TO STDOUT`
        const first = yield* to(endless).pipe(Stream.take(1), Stream.runCollect)
        assert.strictEqual(first.length, 1)
        yield* running(0)
      })
    )

    it.effect("a statement ends in PostgreSQL when its batch job is canceled", () =>
      Effect.gen(function* () {
        const { cancel, create } = yield* BatchSql
        const job = yield* create(sql`SELECT pg_sleep(600)`)
        yield* running(1)
        yield* cancel(job)
        yield* running(0)
      })
    )

    it.effect("a statement ends in PostgreSQL at its own timeout, and the client gets the error", () =>
      Effect.gen(function* () {
        const emulator = yield* Emulator
        const { query } = yield* Sql
        const role = yield* emulator.execute("demo", "SELECT quote_ident(current_user) AS role")
        yield* emulator.execute("demo", `ALTER ROLE ${role[0]?.["role"]} SET statement_timeout = 50`)
        const error = yield* Effect.flip(query(sql`SELECT pg_sleep(600)`))
        yield* emulator.execute("demo", `ALTER ROLE ${role[0]?.["role"]} RESET statement_timeout`)
        assert.strictEqual(error.reason._tag, "StatementTimeout")
      })
    )
  })
}
