import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { CartoError } from "../../src/index.ts"
import * as DesiredKeys from "../../src/keys/DesiredKeys.ts"

describe("DesiredKeys", () => {
  const file = `{
  // what the maps need
  "prefix": "maps-", /* nothing else */
  "keys": [
    { "name": "maps-tiles", "tables": [{ "name": "a // b", "permissions": ["select"] },] },
  ],
}`
  it.effect("fromJsonc reads JSON with comments, trailing commas and a byte order mark", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* DesiredKeys.fromJsonc(`\uFEFF${file}`), {
        prefix: "maps-",
        keys: [{ name: "maps-tiles", tables: [{ name: "a // b", permissions: ["select"] }] }]
      })
    })
  )
  it.effect("fromJsonc names the place of what is wrong, and what was meant", () =>
    Effect.gen(function* () {
      const messageOf = (text: string) =>
        Effect.map(Effect.flip(DesiredKeys.fromJsonc(text)), (error: CartoError) => error.message)
      assert.include(yield* messageOf("{"), "SyntaxError")
      assert.include(yield* messageOf(file.replace("tables", "table")), "keys.0.table")
      assert.include(yield* messageOf(file.replace('"select"', '"SELECT"')), "keys.0.tables.0.permissions.0")
      assert.include(yield* messageOf(file.replace('"prefix"', '"prefixes"')), "prefix")
      for (const [from, to, message] of [
        ["tables", "table", 'keys.0.table is not a known property: did you mean "tables"?'],
        ["permissions", "permision", 'keys.0.tables.0.permision is not a known property: did you mean "permissions"?'],
        ['"select"', '"SELECT"', 'keys.0.tables.0.permissions.0 is "SELECT": did you mean "select"?'],
        ['"select"', '"drop"', 'keys.0.tables.0.permissions.0 is "drop": give one of select, insert, update, delete'],
        ['"prefix": "maps-", /* nothing else */', "", "prefix is missing: add it"],
        ['"maps-"', "1", "prefix is 1: give a string"]
      ] as const) {
        assert.strictEqual(yield* messageOf(file.replace(from, to)), `DesiredKeys.fromJsonc: ${message}`)
      }
      const { fromJsonc }: { readonly fromJsonc: (text: never) => Effect.Effect<unknown, CartoError> } = DesiredKeys
      assert.strictEqual((yield* Effect.flip(fromJsonc(undefined as never))).reason._tag, "InvalidInput")
    })
  )
})
