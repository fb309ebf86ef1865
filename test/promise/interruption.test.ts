/** Calls whose response holds a token, aborted in each phase. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import { type Client, connect, type ConnectOptions, Grants, isCartoError, reveal } from "../../src/promise/index.ts"
import { leases } from "../../src/promise/lifecycle.ts"
import { json, masterToken, wireKey } from "../support/scriptedFetch.ts"

const token = "f".repeat(40)

/** An account whose response to each POST is on its way until it is let go. */
const makeAccount = (options: Partial<ConnectOptions> = {}) => {
  const gate = Promise.withResolvers<void>()
  const sent = Promise.withResolvers<void>()
  const requests: Array<string> = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    requests.push(`${request.method} ${new URL(request.url).pathname}`)
    if (request.method === "DELETE") return new Response(null, { status: 204 })
    const isMaster = request.url.includes("Master")
    const body = isMaster ? "" : await request.text()
    sent.resolve()
    await new Promise((resolve, reject) => {
      gate.promise.then(resolve)
      request.signal.addEventListener("abort", () => reject(request.signal.reason))
    })
    return isMaster
      ? json(wireKey({ name: "Master", type: "master", token }))
      : json(wireKey({ name: request.url.endsWith("/regenerate") ? "app" : JSON.parse(body).name, token }))
  }
  const carto = connect({ username: "alice", apiKey: masterToken, fetch, retry: false, ...options })
  return { carto, requests, sent: sent.promise, respond: () => gate.resolve() }
}

const calls: ReadonlyArray<
  readonly [name: string, call: (carto: Client, signal: AbortSignal) => Promise<{ readonly name: string }>]
> = [
  ["regenerate of the master key", (carto, signal) => carto.keys.regenerate("Master", {}, { signal })],
  ["regenerate of a regular key", (carto, signal) => carto.keys.regenerate("app", {}, { signal })],
  ["create", (carto, signal) => carto.keys.create({ name: "app" }, { signal })]
]

const rejectionOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail("it did not reject"),
    (error: unknown) => error
  )

const later = () => new Promise((resolve) => setTimeout(resolve, 5))

describe("an aborted call", () => {
  for (const [name, call] of calls) {
    it(`${name} resolves with the new token if its request was sent`, async () => {
      const { carto, respond, sent } = makeAccount()
      const abort = new AbortController()
      const key = call(carto, abort.signal)
      await sent
      abort.abort(new Error("enough"))
      await later()
      respond()
      const found: unknown = await key
      assert.strictEqual(reveal(await carto.keys.create({ name: "other" })), token)
      assert.include(JSON.stringify(found), `"name":`)
    })

    it(`${name} resolves with the new token if the client is closed after its request was sent`, async () => {
      const { carto, respond, sent } = makeAccount()
      const key = call(carto, new AbortController().signal)
      await sent
      const closed = carto.close()
      await later()
      respond()
      await key
      await closed
    })

    it(`${name} rejects at once if its request is held back`, async () => {
      const held = Promise.withResolvers<void>()
      const { carto, requests } = makeAccount({
        transformClient: HttpClient.transform((send) =>
          Effect.andThen(
            Effect.sync(() => held.resolve()),
            Effect.andThen(Effect.never, send)
          )
        )
      })
      const abort = new AbortController()
      const rejected = rejectionOf(call(carto, abort.signal))
      await held.promise
      abort.abort(new Error("enough"))
      assert.strictEqual(await rejected, abort.signal.reason)
      assert.deepStrictEqual(requests, [])
    })
  }

  it("of leases.lease deletes the key that its request creates", async () => {
    const { carto, requests, respond, sent } = makeAccount()
    const abort = new AbortController()
    const tables = [Grants.table("places", ["select"], { schema: "public" })]
    const rejected = rejectionOf(leases(carto).lease({ purpose: "test", tables }, { signal: abort.signal }))
    await sent
    abort.abort(new Error("enough"))
    await later()
    respond()
    assert.strictEqual(await rejected, abort.signal.reason)
    assert.deepStrictEqual(
      requests.map((line) => line.split(" ")[0]),
      ["POST", "DELETE"]
    )
  })
})

describe("a signal that is not an AbortSignal", () => {
  it("is refused before any request", async () => {
    const { carto, requests } = makeAccount()
    // as JavaScript allows
    const call: unknown = Reflect.apply(carto.keys.whoami, carto.keys, [{ signal: new AbortController() }])
    const error = await rejectionOf(Promise.resolve(call))
    assert.isTrue(isCartoError(error, "InvalidInput"))
    assert.include(String(error), "signal is")
    assert.deepStrictEqual(requests, [])
  })
})
