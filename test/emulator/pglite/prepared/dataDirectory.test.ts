import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as DataDirectory from "../../../../src/emulator/pglite/prepared/dataDirectory.ts"
import { packages } from "../../../../src/emulator/pglite/packages.ts"

it.effect("a data directory of other versions, or without PostGIS, is another file", () =>
  Effect.gen(function* () {
    const plain = yield* packages(false)
    const geo = yield* packages(true)
    const names = [plain, geo, { ...plain, versions: ["@electric-sql/pglite 0.0.0"] }].map(DataDirectory.fileName)
    assert.strictEqual(new Set(names).size, 3)
    assert.strictEqual(DataDirectory.fileName(yield* packages(false)), names[0])
  })
)

it.effect("a data directory that was not prepared is not found", () =>
  Effect.gen(function* () {
    const installed = yield* packages(false)
    const other = { ...installed, versions: ["@electric-sql/pglite 0.0.0"] }
    assert.isUndefined(yield* Effect.promise(() => DataDirectory.find(other)))
    assert.isUndefined(DataDirectory.findBundle({ ...other, postgis: true }))
  })
)
