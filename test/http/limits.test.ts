/** Responses without end, and responses that stop, over both transports. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { ApiKeyManager, type AuthOptions, Carto, CopySql, Sql, sql } from "../../src/index.ts"
import { fetchLayer } from "../../src/http/fetch.ts"

type Fetch = typeof globalThis.fetch

const transports = {
  "Effect's fetch client": (fetch: Fetch) =>
    Layer.provide(Layer.fresh(FetchHttpClient.layer), Layer.succeed(FetchHttpClient.Fetch, fetch)),
  "our fetch client": fetchLayer
}

/** Chunks one at a time as they are asked for, then silence or an end. */
const body = (chunks: ReadonlyArray<string> | "endless", end: "close" | "silence" = "close") => {
  let next = 0
  let cancelled = false
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const chunk = chunks === "endless" ? " ".repeat(1 << 16) : chunks[next]
        next += 1
        if (chunk !== undefined) controller.enqueue(new TextEncoder().encode(chunk))
        else if (end === "close") controller.close()
        else return new Promise<void>(() => undefined)
        return undefined
      },
      cancel: () => {
        cancelled = true
      }
    },
    { highWaterMark: 0 }
  )
  return { stream, chunks: () => next, cancelled: () => cancelled }
}

for (const [transport, over] of Object.entries(transports)) {
  const provide = (fetch: Fetch, options: Partial<AuthOptions> = {}) =>
    Effect.provide(
      Carto.layer({
        baseUrl: "https://alice.carto.com",
        apiKey: Redacted.make("0123456789abcdef0123456789abcdef01234567"),
        retry: false,
        ...options
      }).pipe(Layer.provide(over(fetch)), Layer.orDie)
    )
  const query = Sql.use((db) => db.query(sql`SELECT 1`))

  describe(transport, () => {
    it.effect("a response without end fails at maxBodySize and is canceled", () => {
      const { cancelled, chunks, stream } = body("endless")
      return Effect.gen(function* () {
        const { reason } = yield* Effect.flip(query)
        assert.deepInclude(reason, { _tag: "ResponseTooLarge", limit: 1_000_000 })
        assert.isAtMost(chunks(), 20)
        assert.isTrue(cancelled())
      }).pipe(provide(async () => new Response(stream), { maxBodySize: 1_000_000 }))
    })

    it.effect("an error response without end fails at maxBodySize", () =>
      Effect.gen(function* () {
        const { reason } = yield* Effect.flip(ApiKeyManager.use((keys) => keys.list()))
        assert.strictEqual(reason._tag, "ResponseTooLarge")
      }).pipe(provide(async () => new Response(body("endless").stream, { status: 500 }), { maxBodySize: 1_000_000 }))
    )

    it.effect("characters that are split between chunks are decoded correctly", () =>
      Effect.gen(function* () {
        const { rows } = yield* query
        assert.deepStrictEqual(rows, [{ a: "é☃😀" }])
      }).pipe(
        provide(async () => {
          const bytes = new TextEncoder().encode('{"rows":[{"a":"é☃😀"}],"time":0,"fields":{},"total_rows":1}')
          const stream = new ReadableStream<Uint8Array>({
            start: (controller) => {
              for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
              controller.close()
            }
          })
          return new Response(stream)
        })
      )
    )

    it.effect("a response without a body is read as an empty one", () =>
      ApiKeyManager.use((keys) => keys.delete("a")).pipe(provide(async () => new Response(null, { status: 204 })))
    )

    it.effect("a download fails after stallTimeout without data and is canceled", () => {
      const { cancelled, stream } = body(["a\n", "b\n"], "silence")
      return Effect.gen(function* () {
        const copied = CopySql.use((copy) => Stream.runCollect(copy.to(sql`COPY (SELECT 'a') TO STDOUT`)))
        const fiber = yield* Effect.forkChild(Effect.timed(Effect.flip(copied)))
        for (let turn = 0; turn < 100 && fiber.pollUnsafe() === undefined; turn += 1) {
          yield* TestClock.adjust("1 second")
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        }
        const [time, { reason }] = yield* Fiber.join(fiber)
        assert.deepInclude(reason, { _tag: "DeadlineExceeded" })
        assert.isAtLeast(Duration.toSeconds(time), 10)
        assert.isTrue(cancelled())
      }).pipe(provide(async () => new Response(stream), { stallTimeout: "10 seconds" }))
    })

    it.effect("an upload that the server does not read fails after stallTimeout and is aborted", () => {
      let aborted = false
      const deaf: Fetch = (_, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener("abort", () => {
            aborted = true
            reject(init.signal?.reason)
          })
        })
      return Effect.gen(function* () {
        const copied = CopySql.use((copy) => copy.from(sql`COPY t FROM STDIN`, Stream.make(new Uint8Array(9))))
        const fiber = yield* Effect.forkChild(Effect.flip(copied))
        for (let turn = 0; turn < 100 && fiber.pollUnsafe() === undefined; turn += 1) {
          yield* TestClock.adjust("1 second")
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        }
        const { reason } = yield* Fiber.join(fiber)
        assert.strictEqual(reason._tag, "OutcomeUnknown")
        assert.isTrue(aborted)
      }).pipe(provide(deaf, { stallTimeout: "10 seconds" }))
    })

    for (const [name, end, tag] of [
      [
        "a response that comes early",
        () => Response.json({ error: ["No rows copied"] }, { status: 400 }),
        "NoRowsCopied"
      ],
      ["its connection", () => Promise.reject(new TypeError("fetch failed")), "OutcomeUnknown"]
    ] as const) {
      it.effect(`an upload ends with ${name}`, () => {
        let taken = 0
        const early: Fetch = async (input, init) => {
          const reader = new Request(input, init).body?.getReader()
          await reader?.read()
          // goes on as a connection does, until the request is aborted
          const pump = async (): Promise<void> => {
            while (init?.signal?.aborted !== true && !(await reader?.read())?.done);
          }
          pump().catch(() => undefined)
          return await end()
        }
        const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        const endless = Stream.fromEffectRepeat(
          Effect.map(turn, () => {
            taken += 1
            return new Uint8Array(9)
          })
        )
        return Effect.gen(function* () {
          const { reason } = yield* Effect.flip(CopySql.use((copy) => copy.from(sql`COPY t FROM STDIN`, endless)))
          assert.strictEqual("_tag" in reason && reason._tag, tag)
          const turns = Effect.forEach(Array(20), () => turn)
          yield* turns
          const then = taken
          yield* turns
          assert.strictEqual(taken, then)
        }).pipe(provide(early))
      })
    }
  })
}

it.live("headers of fetchOptions are sent, and do not replace the API key", () => {
  const seen: Array<Headers> = []
  return Effect.gen(function* () {
    yield* Effect.exit(Sql.use((db) => db.query(sql`SELECT 1`)))
    assert.strictEqual(seen[0]?.get("x-team"), "maps")
    assert.match(seen[0]?.get("authorization") ?? "", /^Basic /)
  }).pipe(
    Effect.provide(
      Carto.layer({
        username: "alice",
        apiKey: Redacted.make("secret"),
        fetchOptions: { headers: { "X-Team": "maps", authorization: "none" } }
      }).pipe(
        Layer.provide(
          fetchLayer(async (input, init) => {
            seen.push(new Request(input, init).headers)
            return Response.json({})
          })
        ),
        Layer.orDie
      )
    )
  )
})
