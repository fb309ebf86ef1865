/** Rotations of a key while 200 queries a second run under it, each with the key that was published last. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { Emulator } from "../../src/emulator/index.ts"
import { ApiKeyManager, Auth, Carto, Grants, Sql, sql } from "../../src/index.ts"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Rotation from "../../src/keys/Rotation.ts"
import { less, more, type Report } from "./frame/Report.ts"

const perSecond = 200
/** The largest number of queries at a time. */
const limit = 100
const rotations = 3

const tornadoes = { apis: ["sql"], tables: [Grants.table("tornadoes", ["select"])] } satisfies Grants.GrantsRequest
const query = Sql.use((db) => db.query(sql`SELECT count(*) FROM tornadoes WHERE year > 2020`))

const measured = Effect.gen(function* () {
  const keys = yield* ApiKeyManager
  const published = yield* Ref.make(yield* keys.create({ name: "tiles", ...tornadoes }))
  let stopped = false
  const messages = new Map<string, number>()
  let [sent, failures, underWay, most] = [0, 0, 0, 0]
  const byKey = new Map<string, number>()
  const one = Effect.gen(function* () {
    sent++
    most = Math.max(most, ++underWay)
    const key = yield* Ref.get(published)
    yield* Auth.withApiKey(query, key).pipe(
      Effect.match({
        onFailure: (error) => {
          failures++
          messages.set(error.message, (messages.get(error.message) ?? 0) + 1)
        },
        onSuccess: () => byKey.set(key.name, (byKey.get(key.name) ?? 0) + 1)
      })
    )
    underWay--
  })
  const began = yield* Clock.currentTimeMillis
  // queries are sent at this rate, whether or not earlier ones have been answered
  const due = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const missing = stopped ? 0 : Math.floor(((now - began) * perSecond) / 1000) - sent
    // if the machine cannot answer at this rate, fewer are sent, and the rate reached is printed
    for (let count = 0; count < Math.min(missing, limit - underWay); count++) {
      yield* Effect.forkScoped(one, { startImmediately: true })
    }
  })
  const load = yield* Effect.scoped(Effect.repeat(due, Schedule.spaced("5 millis"))).pipe(Effect.forkChild)
  yield* Effect.sleep("1 second")
  for (let count = 0; count < rotations; count++) {
    yield* Rotation.rotate("tiles", {
      publish: (key) => Ref.set(published, key),
      verify: () => query,
      grace: "2 seconds"
    })
  }
  yield* Effect.sleep("1 second")
  const seconds = ((yield* Clock.currentTimeMillis) - began) / 1000
  const total = sent
  stopped = true
  yield* Effect.repeat(Effect.sleep("10 millis"), { until: () => underWay === 0 })
  yield* Fiber.interrupt(load)
  const left = (yield* keys.list({ type: "regular" })).map(({ name }) => name)
  const last = `tiles~${rotations + 1}`
  return {
    tables: [
      {
        title: `${rotations} rotations under load`,
        rows: [
          {
            name: "queries",
            cells: {
              sent: more("", total),
              "a second": more("", total / seconds),
              "most at a time": less("", most),
              failed: less("", failures)
            }
          },
          ...[...byKey].map(([name, count]) => ({ name: `under ${name}`, cells: { sent: more("", count) } }))
        ]
      }
    ],
    failures: [
      ...[...messages].map(([message, count]) => `${count} × ${message}`),
      ...(left.join() === last ? [] : [`the keys at the end are ${left.join(", ")} instead of ${last}`])
    ]
  }
})

const services = Layer.unwrap(
  Effect.gen(function* () {
    const { account, fetch } = yield* Emulator
    const { baseUrl, masterKey } = yield* Effect.fromNullishOr(account("demo"))
    return Carto.layer({ baseUrl, apiKey: masterKey }).pipe(
      Layer.provide(FetchHttpClient.layer),
      Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetch))
    )
  })
).pipe(Layer.provide(Emulator.layer({ postgis: false, accounts: [{ username: "demo", samples: true }] })))

export const bench: Effect.Effect<Report> = measured.pipe(Effect.provide(services), Effect.orDie)
