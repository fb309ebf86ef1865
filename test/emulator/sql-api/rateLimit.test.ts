import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as KeyStore from "../../../src/emulator/state/keyStore.ts"
import * as RateLimit from "../../../src/emulator/sql-api/rateLimit.ts"

const limited = (...numbers: ReadonlyArray<number>) => {
  const keyStore = KeyStore.make()
  keyStore.set("limits:rate:store:acme:sql:query", Object.fromEntries(numbers.map((value, at) => [at, String(value)])))
  return keyStore
}

const call = (keyStore: KeyStore.KeyStoreService, group: RateLimit.EndpointGroup = "query") =>
  Effect.gen(function* () {
    const headers = new Headers()
    const refused = yield* RateLimit.check(keyStore, "acme", group, headers).pipe(
      Effect.match({ onFailure: ({ detail, status }) => `${status} ${detail}`, onSuccess: () => "ok" })
    )
    const value = (name: string) => headers.get(name)
    return [
      refused,
      value("Carto-Rate-Limit-Limit"),
      value("Carto-Rate-Limit-Remaining"),
      value("Carto-Rate-Limit-Reset"),
      value("Retry-After")
    ]
  })

describe("check", () => {
  it.effect("an account without rate limits gets no headers", () =>
    Effect.gen(function* () {
      assert.deepEqual(yield* call(KeyStore.make()), ["ok", null, null, null, null])
    })
  )
  it.effect("a rate limit allows a burst and then one call per period", () =>
    Effect.gen(function* () {
      const keyStore = limited(1, 1, 10)
      assert.deepEqual(yield* call(keyStore), ["ok", "2", "1", "10", null])
      yield* TestClock.adjust("50 millis")
      assert.deepEqual(yield* call(keyStore), ["ok", "2", "0", "19", null])
      assert.deepEqual(yield* call(keyStore), ["429 rate-limit", "2", "0", "19", "10"])
      yield* TestClock.adjust("9950 millis")
      assert.deepEqual(yield* call(keyStore), ["ok", "2", "0", "20", null])
      yield* TestClock.adjust("20 seconds")
      assert.deepEqual(yield* call(keyStore), ["ok", "2", "1", "10", null])
    })
  )
  it.effect("a refused call does not count for the rate limit", () =>
    Effect.gen(function* () {
      const keyStore = limited(0, 1, 10)
      yield* call(keyStore)
      for (let again = 0; again < 5; again++) {
        assert.deepEqual(yield* call(keyStore), ["429 rate-limit", "1", "0", "10", "11"])
      }
      yield* TestClock.adjust("10 seconds")
      assert.deepEqual(yield* call(keyStore), ["ok", "1", "0", "10", null])
    })
  )
  it.effect("the strictest of several rate limits is reported", () =>
    Effect.gen(function* () {
      const keyStore = limited(9, 1, 1, 1, 1, 60)
      assert.deepEqual(yield* call(keyStore), ["ok", "2", "1", "60", null])
      assert.deepEqual(yield* call(keyStore), ["ok", "2", "0", "120", null])
      assert.deepEqual(yield* call(keyStore), ["429 rate-limit", "2", "0", "120", "61"])
    })
  )
  it.effect("rate limits count groups of endpoints separately", () =>
    Effect.gen(function* () {
      const keyStore = limited(0, 1, 10)
      yield* call(keyStore)
      assert.deepEqual(yield* call(keyStore, "job_get"), ["ok", null, null, null, null])
    })
  )
})
