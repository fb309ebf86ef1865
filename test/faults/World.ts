/** The server behind the proxy, and undisturbed access to it for checking its state. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { type EmulatorService, make as makeEmulator } from "../../src/emulator/index.ts"
import { type ApiKey, ApiKeyManager, BatchSql, Carto, Grants, sql } from "../../src/index.ts"
import * as Lease from "../../src/keys/Lease.ts"

/** What tables there are for operations to work on. Rows of `numbers` are too few for an answer of more than a few KB. */
const tables = `
  CREATE TABLE numbers AS SELECT i AS n, 'number ' || i || ' ☃' AS name FROM generate_series(1, 40) i;
  CREATE TABLE events (id text NOT NULL);
  CREATE TABLE once (id text PRIMARY KEY);
  CREATE FUNCTION st_asgeojson(text, int) RETURNS text LANGUAGE sql AS 'SELECT $1'`

/** The grants of a key that reads them. */
export const readsNumbers = {
  apis: ["sql" as const],
  tables: [Grants.table("numbers", ["select"], { schema: "public" })]
}

/** Looks at a job that ends soon. */
export const soon = { schedule: Schedule.spaced("5 millis") } as const

export interface Account {
  readonly username: string
  readonly masterKey: Redacted.Redacted<string>
  /** The account's services, straight to the server. */
  readonly direct: Layer.Layer<Carto.CartoServices>
}

export class World extends Context.Service<
  World,
  {
    readonly handler: EmulatorService["handler"]
    /** The account that operations run on, which has the tables. */
    readonly demo: Account
    /** An account that nobody else uses. */
    readonly ownAccount: (username: string) => Effect.Effect<Account>
    /** The master key of an account as it is now. */
    readonly masterKey: (username: string) => string | undefined
    /** The key of that name, as the server has it. */
    readonly key: (name: string) => Effect.Effect<ApiKey | undefined>
    /** Regular keys whose names begin so. */
    readonly keys: (prefix: string) => Effect.Effect<ReadonlyArray<ApiKey>>
    /** Rows of a table that have this id. */
    readonly rows: (table: "events" | "once", id: string) => Effect.Effect<number>
    /** The same, once every job has ended that was made until now. */
    readonly rowsOfJobs: (id: string) => Effect.Effect<number>
    /** How many rows of `events` there are of each id, once every job has ended that was made until now. */
    readonly countsAfterJobs: Effect.Effect<ReadonlyMap<string, number>>
    /** Deletes every lease, as a sweep does after the last of them has ended; answers how many there were. */
    readonly sweep: Effect.Effect<number>
    /** A text that no name has in which it was not put, digits and all. */
    readonly newId: Effect.Effect<string>
    /** Deletes what a case made: with ever more keys each list would take longer. */
    readonly forget: (id: string) => Effect.Effect<void>
    /** Runs an effect on the account's services, straight to the server. */
    readonly direct: <A, E, R>(
      effect: Effect.Effect<A, E, R>
    ) => Effect.Effect<A, never, Exclude<R, Carto.CartoServices>>
  }
>()("test/faults/World") {}

export type WorldService = World["Service"]

/** The server's time goes on while that of a client is moved by hand. */
export const onLiveClock: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = Effect.provideService(
  Clock.Clock,
  Context.get(Context.empty(), Clock.Clock)
)

const make = Effect.gen(function* () {
  const emulator = yield* makeEmulator({ postgis: false, accounts: [{ username: "demo", samples: true }] })
  yield* emulator.execute("demo", tables)
  const masterKey = (username: string) => {
    const key = emulator.account(username)?.masterKey
    return key === undefined ? undefined : Redacted.value(key)
  }
  const accountOf = (username: string): Account => ({
    username,
    masterKey: Redacted.make(masterKey(username) ?? ""),
    direct: Carto.layer({
      baseUrl: `http://127.0.0.1/user/${username}`,
      apiKey: Effect.sync(() => Redacted.make(masterKey(username) ?? "")),
      schema: "public"
    }).pipe(
      // layers are built once, and others are over other fetches
      Layer.provide(Layer.fresh(FetchHttpClient.layer)),
      Layer.provide(Layer.succeed(FetchHttpClient.Fetch, emulator.fetch)),
      Layer.orDie
    )
  })
  const demo = accountOf("demo")
  const services = yield* Layer.build(demo.direct)
  const direct = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    effect.pipe(Effect.provideContext(services), Effect.orDie, onLiveClock)
  let ids = 0
  const regular = (select: (name: string) => boolean) =>
    direct(
      ApiKeyManager.use((keys) =>
        Effect.map(keys.list({ type: "regular" }), (all) => all.filter(({ name }) => select(name)))
      )
    )
  // jobs run one after another: when this one has ended, so have those before it
  const jobsEnded = direct(BatchSql.use((batch) => batch.run(sql`SELECT 1`, soon)))
  const rows = (table: string, id: string) =>
    emulator.execute("demo", `SELECT count(*) AS n FROM ${table} WHERE id = '${id}'`).pipe(
      Effect.map(([row]) => Number(row?.["n"])),
      Effect.orDie,
      onLiveClock
    )
  return World.of({
    handler: emulator.handler,
    demo,
    masterKey,
    newId: Effect.sync(() => `c${++ids}x`),
    ownAccount: (username) =>
      emulator.createAccount({ username, organization: { name: "others", role: "member" } }).pipe(
        Effect.map(() => accountOf(username)),
        Effect.orDie,
        onLiveClock
      ),
    key: (name) => direct(ApiKeyManager.use((keys) => Effect.map(keys.getOption(name), Option.getOrUndefined))),
    keys: (prefix) => regular((name) => name.startsWith(prefix)),
    forget: (id) =>
      Effect.flatMap(
        regular((name) => name.includes(id)),
        (all) => direct(ApiKeyManager.use((keys) => Effect.forEach(all, (key) => keys.delete(key), { discard: true })))
      ),
    rows,
    rowsOfJobs: (id) => Effect.andThen(jobsEnded, rows("events", id)),
    countsAfterJobs: Effect.andThen(
      jobsEnded,
      emulator.execute("demo", "SELECT id, count(*) AS n FROM events GROUP BY id").pipe(
        Effect.map((found) => new Map(found.map((row) => [row["id"] ?? "", Number(row["n"])]))),
        Effect.orDie,
        onLiveClock
      )
    ),
    sweep: Effect.gen(function* () {
      const clock = yield* TestClock.make({ warningDelay: "1 day" })
      yield* clock.setTime(Date.now() + 86_400_000)
      const { deleted } = yield* Effect.provideService(Lease.sweep(), Clock.Clock, clock)
      return deleted.length
    }).pipe(Effect.scoped, Effect.provideContext(services), Effect.orDie),
    direct
  })
})

/** Starts a server of its own. */
export const layer: Layer.Layer<World> = Layer.effect(World, Effect.orDie(make))
