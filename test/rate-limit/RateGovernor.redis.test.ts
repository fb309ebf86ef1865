/** Governors that share a real Redis server. */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Logger, Queue, Redacted } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { Redis } from "effect/persistence"
import { TestClock } from "effect/testing"
import { Auth, Sql, sql } from "../../src/index.ts"
import { RateGovernor } from "../../src/rate-limit/RateGovernor.ts"
import { measure } from "../bench/governor/measure.ts"
import { missing, RedisServer } from "../support/redis.ts"

if (missing !== undefined) console.log(`skip ${import.meta.filename}: ${missing}`)

/** A process of its own as far as Redis can tell. */
const governed = (username: string, prefix?: string) =>
  Layer.unwrap(
    Effect.map(RateGovernor, ({ transformClient }) =>
      Layer.provide(Sql.layer, Auth.layer({ username, apiKey: Redacted.make("a-key"), transformClient }))
    )
  ).pipe(
    Layer.provide(RateGovernor.layerRedis(prefix === undefined ? {} : { prefix })),
    Layer.provide(
      Layer.unwrap(
        Effect.map(RedisServer, ({ url }) => Layer.fresh(NodeRedis.layer({ url, disableOfflineQueue: true })))
      )
    ),
    Layer.orDie
  )

const query = Sql.use((db) => db.query(sql`SELECT 1`))

/** A server that responds when its gate is open. */
const makeServer = Effect.gen(function* () {
  const gate = yield* Deferred.make<void>()
  const calls = yield* Queue.unbounded<void>()
  let sent = 0
  const answers = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.gen(function* () {
        const call = ++sent
        yield* Queue.offer(calls, undefined)
        yield* Deferred.await(gate)
        const headers = {
          "carto-rate-limit-limit": "50",
          "carto-rate-limit-remaining": String(50 - call),
          "carto-rate-limit-reset": "0"
        }
        return HttpClientResponse.fromWeb(
          request,
          Response.json({ rows: [], time: 0.001, fields: {}, total_rows: 0 }, { headers })
        )
      })
    )
  )
  return {
    answers,
    open: Deferred.succeed(gate, undefined),
    sent: () => sent,
    nextSent: Queue.take(calls)
  }
})

describe.skipIf(missing !== undefined)("RateGovernor.layerRedis", () => {
  layer(Layer.merge(RedisServer.layer, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })(
    (it) => {
      it.effect("processes together keep within a limit that none of them knew", () =>
        Effect.gen(function* () {
          const { errors, passed } = yield* measure({
            plan: [100, 100, 1],
            calls: 300,
            processes: 3,
            pacer: "governor"
          })
          assert.deepStrictEqual([errors, passed], [[], 300])
        })
      )

      it.effect("a process knows what another one has learned before its own first response", () =>
        Effect.gen(function* () {
          const first = yield* makeServer
          yield* first.open
          yield* query.pipe(Effect.provide(governed("bob")), Effect.provide(first.answers))
          const second = yield* makeServer
          yield* Effect.gen(function* () {
            const calls = yield* Effect.forEach([1, 2, 3], () =>
              Effect.tap(Effect.forkChild(query), () => second.nextSent)
            )
            yield* second.open
            yield* Fiber.joinAll(calls)
          }).pipe(Effect.provide(governed("bob")), Effect.provide(second.answers))
          // time stands still: a process that knows nothing would wait for a response, or for a second to pass
        }).pipe(Effect.provide(TestClock.layer()))
      )

      it.effect("keys in Redis have the prefix, and a value that is not a policy is replaced", () =>
        Effect.gen(function* () {
          const { url } = yield* RedisServer
          const prefix = "ours:"
          const key = `${prefix}policy:2:https://carol.carto.com:query`
          const redis = yield* Layer.build(NodeRedis.layer({ url }))
          const send = (command: string, ...args: ReadonlyArray<string>) =>
            Effect.provide(
              Redis.Redis.use((service) => service.send<string>(command, ...args)),
              redis
            )
          yield* send("SET", key, "not a policy")
          const server = yield* makeServer
          yield* server.open
          yield* query.pipe(Effect.provide(governed("carol", prefix)), Effect.provide(server.answers))
          assert.include(yield* send("GET", key), `"limit":50`)
          assert.isAbove(Number(yield* send("PTTL", key)), 0)
        }).pipe(Effect.scoped)
      )
    }
  )

  layer(RedisServer.layer, { excludeTestServices: true, timeout: "60 seconds" })("without its server", (it) => {
    it.effect("each process paces its own calls, and logs one warning", () =>
      Effect.gen(function* () {
        const messages: Array<string> = []
        const logger = Logger.make(({ message }) => void messages.push(String(message)))
        const server = yield* makeServer
        yield* server.open
        const { stop } = yield* RedisServer
        yield* Effect.gen(function* () {
          yield* query
          yield* stop
          yield* Effect.all([query, query, query], { concurrency: "unbounded" })
        }).pipe(
          Effect.provide(governed("dave")),
          Effect.provide(server.answers),
          Effect.provide(Logger.layer([logger]))
        )
        assert.strictEqual(server.sent(), 4)
        assert.lengthOf(
          messages.filter((message) => message.startsWith("the store of rate limits does not answer")),
          1
        )
      })
    )
  })
})
