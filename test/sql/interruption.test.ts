/** When requests begin, and what an interruption does to them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { BatchSql, type CartoError, CopySql, Sql, sql } from "../../src/index.ts"
import { json, layerScripted, provideScript, type ScriptedFetch, scriptedFetch } from "../support/scriptedFetch.ts"

const into = sql`COPY t FROM STDIN`

/** A server that never responds, and the times of its requests and of their aborts. */
const silent = () => {
  const times: Array<{ begin: number; aborted?: number }> = []
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  const fetch: typeof globalThis.fetch = (_, init) => {
    const request: { begin: number; aborted?: number } = { begin: performance.now() }
    times.push(request)
    resolve()
    return new Promise((_, reject) =>
      init?.signal?.addEventListener("abort", () => {
        request.aborted = performance.now()
        reject(new Error("aborted"))
      })
    )
  }
  const script: ScriptedFetch = { fetch, asked: [] }
  return { script, asked: Effect.promise(() => asked), times }
}

const later = (milliseconds: number) =>
  Effect.promise(() => new Promise((resolve) => setTimeout(resolve, milliseconds)))

describe("the request of an upload", () => {
  it.effect("begins with the first chunk of the data", () => {
    const { asked, script, times } = silent()
    return Effect.gen(function* () {
      const { promise, resolve } = Promise.withResolvers<void>()
      const data = async function* () {
        await promise
        yield "1\n"
      }
      const fiber = yield* Effect.forkChild(CopySql.use(({ from }) => from(into, data())))
      yield* later(30)
      assert.strictEqual(times.length, 0)
      resolve()
      yield* asked
      assert.strictEqual(times.length, 1)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(layerScripted(script)))
  })
  it.effect("is not sent for data that does not come, whose failure is no unknown outcome", () => {
    const { script, times } = silent()
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Effect.flip(CopySql.use(({ from }) => from(into, Stream.never))))
      yield* TestClock.adjust("5 minutes")
      const error: CartoError = yield* Fiber.join(fiber)
      assert.strictEqual(error.reason._tag, "DeadlineExceeded")
      assert.strictEqual(times.length, 0)
    }).pipe(Effect.provide(layerScripted(script)))
  })
})

describe("an interruption in the first moments", () => {
  for (const [name, call] of [
    ["CopySql.from", CopySql.use(({ from }) => from(into, "1\n"))],
    ["CopySql.to", CopySql.use(({ to }) => Stream.runDrain(to(sql`COPY t TO STDOUT`)))]
  ] as const) {
    it.effect(`${name} aborts its request when the server can see it`, () => {
      const { asked, script, times } = silent()
      return Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(call)
        yield* asked
        yield* Fiber.interrupt(fiber)
        const [{ aborted = 0, begin } = { begin: 0 }] = times
        assert.isAtLeast(aborted - begin, 50)
        assert.isAtMost(aborted - begin, 5000)
      }).pipe(Effect.provide(layerScripted(script)))
    })
  }
})

describe("a response that is larger than the limit", () => {
  const large: ScriptedFetch = {
    fetch: async () => json({ rows: [{ a: "x".repeat(2000) }], time: 0, fields: {}, total_rows: 1 }),
    asked: []
  }
  const reasonOf = (statement: ReturnType<typeof sql>) =>
    Effect.map(Effect.flip(Sql.use((db) => db.query(statement))), ({ reason }) => reason._tag).pipe(
      provideScript(large, { maxBodySize: 1000 })
    )

  it.effect("is ResponseTooLarge for a SELECT, whatever it calls", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* reasonOf(sql`SELECT 1`), "ResponseTooLarge")
      assert.strictEqual(yield* reasonOf(sql`SELECT repeat('x', 2000), my_function()`), "ResponseTooLarge")
    })
  )
  it.effect("is OutcomeUnknown for a statement that writes", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* reasonOf(sql`INSERT INTO t VALUES (1) RETURNING a`), "OutcomeUnknown")
      assert.strictEqual(yield* reasonOf(sql`WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x`), "OutcomeUnknown")
    })
  )
  it.effect("is RequestTooLarge if the server refuses the request by status 413", () =>
    Effect.gen(function* () {
      const page = scriptedFetch(new Response("<html>413 Request Entity Too Large</html>", { status: 413 }))
      const error: CartoError = yield* Effect.flip(Sql.use((db) => db.query(sql`INSERT INTO t VALUES (1)`))).pipe(
        provideScript(page)
      )
      assert.strictEqual(error.reason._tag, "RequestTooLarge")
      const upload: CartoError = yield* Effect.flip(CopySql.use(({ from }) => from(into, "1\n"))).pipe(
        provideScript(page)
      )
      assert.strictEqual(upload.reason._tag, "RequestTooLarge")
    })
  )
})

describe("writes of which the response is lost", () => {
  const calls: ReadonlyArray<readonly [string, Effect.Effect<unknown, CartoError, BatchSql | CopySql>]> = [
    ["CopySql.from", CopySql.use(({ from }) => from(into, "1\n"))],
    ["CopySql.fromRows", CopySql.use(({ fromRows }) => fromRows({ table: "t", columns: ["a"] }, [{ a: 1 }]))],
    ["BatchSql.create", BatchSql.use(({ create }) => create(sql`SELECT 1`))],
    ["BatchSql.run", BatchSql.use(({ run }) => run(sql`SELECT 1`))]
  ]
  for (const [name, call] of calls) {
    for (const [failure, response] of [
      ["the connection breaks", new TypeError("other side closed")],
      ["a proxy responds 503", new Response("busy", { status: 503 })],
      ["a proxy responds 504", new Response("late", { status: 504 })]
    ] as const) {
      it.effect(`${name} sends its request once if ${failure}`, () => {
        const script = scriptedFetch(response)
        return Effect.gen(function* () {
          const error: CartoError = yield* Effect.flip(call)
          assert.strictEqual(error.reason._tag, "OutcomeUnknown")
          assert.strictEqual(script.asked.length, 1)
        }).pipe(provideScript(script, { retry: undefined }))
      })
    }
  }
})

describe("BatchSql.run", () => {
  it.effect("can be interrupted while a governor holds its request back", () => {
    const script = scriptedFetch(new Error("asked"))
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(BatchSql.use(({ run }) => run(sql`SELECT 1`)))
      yield* later(20)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(script.asked.length, 0)
    }).pipe(
      provideScript(script, {
        transformClient: (client) => HttpClient.transform(client, () => Effect.never)
      })
    )
  })
})
