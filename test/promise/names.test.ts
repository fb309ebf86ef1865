/** What there is in Effect there is in promises, under the same names. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { ApiKeyManager, BatchSql, CopySql, Sql } from "../../src/index.ts"
import * as Keyset from "../../src/sql/Keyset.ts"
import * as Audit from "../../src/keys/Audit.ts"
import * as DesiredKeys from "../../src/keys/DesiredKeys.ts"
import * as Lease from "../../src/keys/Lease.ts"
import * as LeasePool from "../../src/keys/LeasePool.ts"
import * as LeastPrivilege from "../../src/keys/LeastPrivilege.ts"
import * as AccessMatrix from "../../src/keys/AccessMatrix.ts"
import * as Plan from "../../src/keys/Plan.ts"
import * as Verification from "../../src/keys/Verification.ts"
import * as Rotation from "../../src/keys/Rotation.ts"
import { connect } from "../../src/promise/index.ts"
import { batch } from "../../src/promise/batch.ts"
import { copy } from "../../src/promise/copy.ts"
import { keyset } from "../../src/promise/keyset.ts"
import { leases, plans, rotation } from "../../src/promise/lifecycle.ts"
import { openPool } from "../../src/promise/pool.ts"
import { accessMatrix, audit, leastPrivilege, verification } from "../../src/promise/access.ts"
import { layerScripted, scriptedFetch } from "../support/scriptedFetch.ts"

/** Functions by their names, in small letters: classes are errors. */
const namesOf = (from: object, ...more: ReadonlyArray<string>): ReadonlyArray<string> =>
  [...Object.keys(from).filter((name) => /^[a-z]/.test(name)), ...more].toSorted()

const client = connect({ baseUrl: "https://alice.carto.com", apiKey: "a" })

layer(layerScripted(scriptedFetch()))("the doors have the same operations", (it) => {
  it.effect("of the services", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(namesOf(client.keys), namesOf(yield* ApiKeyManager))
      assert.deepStrictEqual(namesOf(client.sql), namesOf(yield* Sql))
      assert.deepStrictEqual(namesOf(copy(client)), namesOf(yield* CopySql))
      assert.deepStrictEqual(namesOf(batch(client)), namesOf(yield* BatchSql))
      assert.deepStrictEqual(namesOf(keyset(client)), namesOf(Keyset))
    })
  )

  it.effect("of the life of keys", () =>
    Effect.gen(function* () {
      // what is left out is of a lease that is held, or of plain data
      assert.deepStrictEqual(namesOf(leases(client), "untilDeadline"), namesOf(Lease))
      assert.deepStrictEqual(namesOf(rotation(client), "baseName"), namesOf(Rotation))
      assert.deepStrictEqual(namesOf(plans(client), "isUnchanged"), namesOf(Plan, ...namesOf(DesiredKeys)))
      assert.deepStrictEqual(namesOf(verification(client), "isEmpty"), namesOf(Verification))
      assert.deepStrictEqual(namesOf(leastPrivilege(client)), namesOf(LeastPrivilege))
      assert.deepStrictEqual(namesOf(audit(client)), namesOf(Audit))
      assert.deepStrictEqual(namesOf(accessMatrix(client)), namesOf(AccessMatrix))
      const options = { purpose: "names" }
      const pool = yield* Effect.promise(() => openPool(client, options))
      assert.deepStrictEqual(namesOf(pool), namesOf(yield* LeasePool.make(options), "close"))
    }).pipe(Effect.scoped)
  )
})
