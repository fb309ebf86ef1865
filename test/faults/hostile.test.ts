/** Responses of a hostile server, over both of Node's transports. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { Carto, type CartoError, Sql, sql } from "../../src/index.ts"
import { result } from "../support/scriptedFetch.ts"
import { type Transport, transportLayer, transports } from "./Case.ts"
import { afterwards } from "./Fault.ts"
import { headerOf, whole } from "./Http.ts"
import { faults } from "./kinds/index.ts"
import * as Proxy from "./Proxy.ts"

const treatmentOf = (name: string): Proxy.Treatment | undefined => {
  const treat = faults.find((fault) => fault.name === name)?.treat
  return treat === "refuse" ? undefined : treat
}

const over = (transport: Transport, { url }: Proxy.Proxy) =>
  Carto.layer({ baseUrl: `${url}/user/demo`, apiKey: Redacted.make("secret") }).pipe(
    Layer.provide(transportLayer(transport)),
    Layer.orDie
  )

/** Answers a query with its own text. */
const echo = async (request: Request): Promise<Response> => {
  const q = new URLSearchParams(await request.text()).get("q")
  return Response.json(result({ rows: [{ q }] }))
}

const ask = (text: string) =>
  Sql.use((db) => Effect.map(db.query(sql`SELECT ${text}`), ({ rows }) => String(rows[0]?.["q"])))

for (const transport of transports) {
  describe(`over ${transport}`, () => {
    it.live("a response without a request is not taken for the next response", () =>
      Effect.gen(function* () {
        const proxy = yield* Proxy.make({
          server: echo,
          plan: () => treatmentOf("a second answer that nobody asked for")
        })
        yield* Effect.gen(function* () {
          for (const text of ["one", "two", "three", "four"]) assert.include(yield* ask(text), text)
        }).pipe(Effect.provide(over(transport, proxy)))
      })
    )

    it.live("responses on one connection go to their own requests", () =>
      Effect.gen(function* () {
        const proxy = yield* Proxy.make({ server: echo, plan: () => treatmentOf("a packet for every byte") })
        const texts = Array.from({ length: 32 }, (_, number) => `number ${number}.`)
        const found = yield* Effect.forEach(texts, ask, { concurrency: 8 }).pipe(Effect.provide(over(transport, proxy)))
        for (const [index, text] of texts.entries()) assert.include(found[index], text)
      })
    )

    it.live("the client sends no cookies back", () =>
      Effect.gen(function* () {
        const proxy = yield* Proxy.make({
          server: echo,
          plan: () =>
            afterwards(async ({ connection }, answer) => {
              await connection.write(whole(answer, [["set-cookie", "session=1; Path=/"]]))
            })
        })
        yield* Effect.andThen(ask("a"), ask("b")).pipe(Effect.provide(over(transport, proxy)))
        assert.deepStrictEqual(
          proxy.asked.map((request) => headerOf(request, "cookie")),
          [undefined, undefined]
        )
      })
    )

    it.live("a column may be named __proto__", () =>
      Effect.gen(function* () {
        const fields = `"fields":{"__proto__":{"type":"number","pgtype":"int4"},"constructor":{"type":"string","pgtype":"text"}}`
        const proxy = yield* Proxy.make({
          server: async ({ url }) =>
            new Response(
              url.includes("/copyto")
                ? "1\tx\n"
                : `{"rows":[{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}],"time":0,"total_rows":1,${fields}}`
            ),
          plan: () => undefined
        })
        yield* Effect.gen(function* () {
          const db = yield* Sql
          const [row] = (yield* db.query(sql`SELECT 1`)).rows
          const [streamed] = yield* Stream.runCollect(db.stream(sql`SELECT 1`))
          assert.deepStrictEqual(
            [row, streamed].map((each) => Object.keys(each ?? {})),
            [
              ["__proto__", "constructor"],
              ["__proto__", "constructor"]
            ]
          )
          assert.strictEqual(Object.getOwnPropertyDescriptor(streamed, "__proto__")?.value, 1)
          assert.notProperty({}, "polluted")
        }).pipe(Effect.provide(over(transport, proxy)))
      })
    )

    it.live("an absurd Retry-After is reported and not waited for", () =>
      Effect.gen(function* () {
        for (const value of ["99999999999", "of 400 digits"]) {
          const proxy = yield* Proxy.make({
            server: echo,
            plan: () => treatmentOf(`429 with Retry-After${value.startsWith("of") ? " " : ": "}${value}`)
          })
          const error: CartoError = yield* Effect.flip(ask("a")).pipe(Effect.provide(over(transport, proxy)))
          assert.strictEqual(error.reason._tag, "RateLimited")
          assert.strictEqual(proxy.asked.length, 1)
        }
      })
    )

    it.live("interrupting a call closes its connection", () =>
      Effect.gen(function* () {
        const silent = Promise.withResolvers<void>()
        const left = Promise.withResolvers<void>()
        const proxy = yield* Proxy.make({
          server: echo,
          plan: () => async (exchange) => {
            await exchange.body()
            silent.resolve()
            await exchange.stall()
            left.resolve()
          }
        })
        const fiber = yield* Effect.forkChild(Effect.provide(ask("a"), over(transport, proxy)))
        yield* Effect.promise(() => silent.promise)
        yield* Fiber.interrupt(fiber)
        yield* Effect.promise(() => left.promise)
      })
    )
  })
}
