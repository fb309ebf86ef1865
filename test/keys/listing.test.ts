/** Lists while other callers create and delete keys. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { ApiKeyManager, Carto } from "../../src/index.ts"
import { randomFrom } from "../support/hostile.ts"
import { type AuthApi, makeAuthApi } from "./model/AuthApi.ts"

const servicesOf = (api: AuthApi, before: () => Promise<void>): Layer.Layer<Carto.CartoServices> =>
  Carto.layer({ baseUrl: "https://demo.carto.com", apiKey: Redacted.make("master"), schema: "public" }).pipe(
    Layer.provide(Layer.fresh(FetchHttpClient.layer)),
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, (input, init) => api.answer(new Request(input, init), before))),
    Layer.orDie
  )

const namesOf = (api: AuthApi) => [...api.keys.keys()]

it.effect("no key is left if each key of stream is deleted immediately", () =>
  Effect.gen(function* () {
    for (const pageSize of [1, 7, 20, 100]) {
      const api = makeAuthApi()
      for (let i = 0; i < 45; i++) yield* Effect.promise(() => api.add(`key ${i}`))
      yield* Effect.gen(function* () {
        const keys = yield* ApiKeyManager
        yield* Stream.runForEach(keys.stream({ type: "regular", pageSize }), (key) => keys.delete(key))
      }).pipe(Effect.provide(servicesOf(api, () => Promise.resolve())))
      assert.deepStrictEqual(namesOf(api), ["Master"], `${pageSize}`)
    }
  })
)

it.effect("list and stream return every key that exists throughout, while others are created and deleted", () =>
  Effect.gen(function* () {
    const random = randomFrom(7)
    for (let round = 0; round < 60; round++) {
      const api = makeAuthApi()
      const count = random(120)
      for (let i = 0; i < count; i++) yield* Effect.promise(() => api.add(`key ${i}`))
      const staying = new Set(namesOf(api).filter((_, index) => index === 0 || random(3) > 0))
      let made = 0
      const disturb = async () => {
        for (const name of namesOf(api)) if (!staying.has(name) && random(4) === 0) await api.remove(name)
        for (let i = random(4); i > 0; i--) await api.add(`new ${++made}`)
      }
      const options = { pageSize: 1 + random(30), order: "name" as const }
      const [listed, streamed] = yield* Effect.gen(function* () {
        const keys = yield* ApiKeyManager
        const taken: Array<string> = []
        yield* Stream.runForEach(keys.stream(options), ({ name }) =>
          Effect.tap(Effect.promise(disturb), () => Effect.sync(() => taken.push(name)))
        )
        return [(yield* keys.list(options)).map(({ name }) => name), taken]
      }).pipe(Effect.provide(servicesOf(api, disturb)))
      for (const found of [listed ?? [], streamed ?? []]) {
        assert.strictEqual(new Set(found).size, found.length)
        assert.includeMembers(found, [...staying])
      }
    }
  })
)
