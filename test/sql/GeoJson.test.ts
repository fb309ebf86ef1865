import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type CartoError, GeoJson, sql } from "../../src/index.ts"
import { json, provideScript, scriptedFetch } from "../support/scriptedFetch.ts"

const feature = (properties: unknown, geometry: unknown = { type: "Point", coordinates: [1, 2] }) => ({
  type: "Feature",
  geometry,
  properties
})
const collection = (...features: ReadonlyArray<unknown>) => ({ type: "FeatureCollection", features })
const answer = (body: unknown) => provideScript(scriptedFetch(json(body)))

describe("responses of GeoJson.query", () => {
  it.effect("GeoJson.query returns features with their properties", () =>
    Effect.gen(function* () {
      const found = yield* GeoJson.query(sql`SELECT 1`, { dp: 3 })
      assert.deepStrictEqual(found, collection(feature({ name: "a" }), feature({ name: "b" }, null)))
    }).pipe(answer(collection(feature({ name: "a" }), feature({ name: "b" }, null))))
  )
  it.effect(
    "GeoJson.query decodes properties by a schema and fails with the number of the feature that does not fit",
    () =>
      Effect.gen(function* () {
        const schema = Schema.Struct({ n: Schema.NumberFromString })
        const found = yield* GeoJson.query(sql`SELECT 1`, { schema }).pipe(answer(collection(feature({ n: "1" }))))
        assert.strictEqual(found.features[0]?.properties.n, 1)
        const error: CartoError = yield* Effect.flip(GeoJson.query(sql`SELECT 1`, { schema })).pipe(
          answer(collection(feature({ n: "1" }), feature({ n: 2 })))
        )
        assert.strictEqual("row" in error.reason && error.reason.row, 2)
      })
  )
  it.effect("GeoJson.query fails with PartialResult for an error after the features", () =>
    Effect.gen(function* () {
      const error: CartoError = yield* Effect.flip(GeoJson.query(sql`SELECT 1`))
      assert.strictEqual(error.reason._tag, "PartialResult")
      assert.strictEqual(error.operation, "GeoJson.query")
      assert.include(error.message, "division by zero")
      const long = yield* Effect.flip(GeoJson.query(sql`SELECT 1`)).pipe(
        provideScript(
          scriptedFetch(
            new Response(
              `{"type": "FeatureCollection", "features": [],"error":["invalid input syntax: \\"${"x".repeat(20_000)}\\""]}`,
              { headers: { "content-type": "application/json; charset=utf-8" } }
            )
          )
        )
      )
      assert.strictEqual(long.reason._tag, "PartialResult")
    }).pipe(
      provideScript(
        scriptedFetch(
          new Response(
            '{"type": "FeatureCollection", "features": [{"type":"Feature","geometry":null,"properties":{}}],"error":["division by zero"]}'
          )
        )
      )
    )
  )
  it.effect("GeoJson.query fails with ResponseMalformed for a response that is not GeoJSON", () =>
    Effect.gen(function* () {
      for (const body of [{}, collection({}), collection(feature({}, { type: "Blob" })), "x"]) {
        const error: CartoError = yield* Effect.flip(GeoJson.query(sql`SELECT 1`)).pipe(answer(body))
        assert.strictEqual(error.reason._tag, "ResponseMalformed")
      }
    })
  )
})
