/** Interruption of calls whose response holds a token. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Redacted } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { ApiKeyManager, type AuthOptions, Carto } from "../../src/index.ts"
import * as Lease from "../../src/keys/Lease.ts"
import { connect } from "../../src/promise/index.ts"
import { json, masterToken, wireKey } from "../support/scriptedFetch.ts"

const next = "f".repeat(40)
const tick = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 5)))

/** An account whose responses to POST arrive when they are let go. */
const makeAccount = () => {
  let token = masterToken
  const gate = Promise.withResolvers<void>()
  const sent = Promise.withResolvers<void>()
  const requests: Array<string> = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    requests.push(`${request.method} ${new URL(request.url).pathname}`)
    const bearer = atob(request.headers.get("authorization")?.slice(6) ?? "").slice("alice:".length)
    if (bearer !== token) return new Response(null, { status: 401 })
    const body = await request.text()
    if (request.method === "DELETE") return new Response(null, { status: 204 })
    if (request.method === "GET")
      return json({ total: 1, count: 1, result: [wireKey({ name: "Master", type: "master", token })] })
    if (request.url.endsWith("/regenerate")) token = next
    sent.resolve()
    await new Promise((resolve, reject) => {
      gate.promise.then(resolve)
      init?.signal?.addEventListener("abort", () => reject(init.signal?.reason))
    })
    return request.url.endsWith("/regenerate")
      ? json(wireKey({ name: "Master", type: "master", token }))
      : json(wireKey({ name: JSON.parse(body).name }), 201)
  }
  const layer = (options: Partial<AuthOptions> = {}) =>
    Carto.layer({
      baseUrl: "https://alice.carto.com",
      apiKey: Redacted.make(masterToken),
      retry: false,
      ...options
    }).pipe(
      Layer.provide(FetchHttpClient.layer),
      Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetch)),
      Layer.orDie
    )
  return { fetch, layer, requests, answer: () => gate.resolve(), sent: Effect.promise(() => sent.promise) }
}

const regenerate = ApiKeyManager.use((keys) => keys.regenerate("Master"))
const whoami = ApiKeyManager.use((keys) => keys.whoami)

describe("regenerate of the key in use", () => {
  it.effect("regenerate of the key in use keeps the new token if it is interrupted before the response arrives", () => {
    const account = makeAccount()
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(regenerate)
      yield* account.sent
      const interrupted = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* tick
      assert.isUndefined(fiber.pollUnsafe())
      account.answer()
      yield* Fiber.join(interrupted)
      assert.strictEqual(Redacted.value((yield* whoami).token), next)
    }).pipe(Effect.provide(account.layer()))
  })

  it.effect("regenerate of the key in use keeps the new token under Effect.timeout", () => {
    const account = makeAccount()
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Effect.exit(Effect.timeout(regenerate, "1 second")))
      yield* account.sent
      yield* TestClock.adjust("2 seconds")
      yield* tick
      account.answer()
      yield* Fiber.join(fiber)
      assert.strictEqual(Redacted.value((yield* whoami).token), next)
    }).pipe(Effect.provide(account.layer()))
  })

  it.effect(
    "regenerate of the key in use returns the new token if the response comes after the account's timeout",
    () => {
      const account = makeAccount()
      return Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(regenerate)
        yield* account.sent
        yield* TestClock.adjust("2 seconds")
        yield* tick
        account.answer()
        assert.strictEqual(Redacted.value((yield* Fiber.join(fiber)).token), next)
        assert.strictEqual(Redacted.value((yield* whoami).token), next)
      }).pipe(Effect.provide(account.layer({ timeout: "1 second" })))
    }
  )

  it.effect("regenerate of the key in use fails after stallTimeout if no response comes", () => {
    const account = makeAccount()
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Effect.flip(regenerate))
      yield* account.sent
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).reason._tag, "OutcomeUnknown")
    }).pipe(Effect.provide(account.layer({ timeout: "1 second", stallTimeout: "10 seconds" })))
  })

  it("regenerate of the key in use keeps the new token if its promise is aborted before the response arrives", async () => {
    const account = makeAccount()
    const carto = connect({ baseUrl: "https://alice.carto.com", apiKey: masterToken, fetch: account.fetch })
    const abort = new AbortController()
    const call = carto.keys.regenerate("Master", {}, { signal: abort.signal }).catch(() => undefined)
    await Effect.runPromise(account.sent)
    abort.abort()
    await Effect.runPromise(tick)
    account.answer()
    await call
    assert.strictEqual(Redacted.value((await carto.keys.whoami()).token), next)
    await carto[Symbol.asyncDispose]()
  })

  it.effect("a second regenerate can be interrupted while it waits for the first", () => {
    const account = makeAccount()
    return Effect.gen(function* () {
      const first = yield* Effect.forkChild(regenerate)
      yield* account.sent
      const second = yield* Effect.forkChild(regenerate)
      yield* tick
      yield* Fiber.interrupt(second)
      account.answer()
      assert.strictEqual(Redacted.value((yield* Fiber.join(first)).token), next)
      assert.deepStrictEqual(account.requests, ["POST /api/v3/api_keys/Master/token/regenerate"])
    }).pipe(Effect.provide(account.layer()))
  })
})

describe("a lease", () => {
  const options = { purpose: "test", tables: [{ name: "t", permissions: ["select" as const] }] }

  for (const [name, taken] of [
    ["withLease", Lease.withLease(Effect.never, options)],
    ["lease", Effect.scoped(Effect.andThen(Lease.lease(options), Effect.never))]
  ] as const) {
    it.effect(`${name} deletes a key whose request was on its way when it was interrupted`, () => {
      const account = makeAccount()
      return Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(taken)
        yield* account.sent
        const interrupted = yield* Effect.forkChild(Fiber.interrupt(fiber))
        yield* tick
        assert.isUndefined(fiber.pollUnsafe())
        account.answer()
        yield* Fiber.join(interrupted)
        assert.deepStrictEqual(
          account.requests.map((line) => line.split("/")[0]),
          ["POST ", "DELETE "]
        )
      }).pipe(Effect.provide(account.layer()))
    })

    it.effect(`${name} can be interrupted while a pause holds its request back`, () => {
      const account = makeAccount()
      return Effect.gen(function* () {
        const paused = yield* Deferred.make<void>()
        const pause = Effect.andThen(Deferred.succeed(paused, undefined), Effect.sleep("20 seconds"))
        const transformClient = (client: HttpClient.HttpClient) =>
          HttpClient.transform(client, (send) => Effect.andThen(pause, send))
        const exit = yield* Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(taken)
          yield* Deferred.await(paused)
          yield* Fiber.interrupt(fiber)
          return yield* Fiber.await(fiber)
        }).pipe(Effect.provide(account.layer({ transformClient })))
        assert.isTrue(Exit.hasInterrupts(exit))
        assert.deepStrictEqual(account.requests, [])
      })
    })
  }
})
