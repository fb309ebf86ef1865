import { assert, test as base } from "vitest"
import { isCartoError } from "../../src/promise/index.ts"
import { accountFixture, Grants, serverFixture, sql } from "../../src/testing/index.ts"
import { expected } from "./faults.ts"

const test = base.extend("cartoServer", { scope: "worker" }, serverFixture()).extend(
  "carto",
  accountFixture({
    seed: [sql`CREATE TABLE places (id int)`, sql`INSERT INTO places VALUES (${1})`],
    keys: { reader: { tables: [Grants.table("places", ["select"])] } }
  })
)

const count = sql`SELECT count(*)::int AS n FROM places`

const names: Array<string> = []

for (const turn of ["first", "second"]) {
  test(`each test has an account of its own with its tables and keys: the ${turn} test`, async ({ carto }) => {
    assert.notInclude(names, carto.username)
    names.push(carto.username)
    const reader = carto.client.withApiKey(carto.key("reader"))
    assert.deepStrictEqual((await reader.sql.query(count)).rows, [{ n: 1 }])
    const refused = await reader.sql.query(sql`DELETE FROM places`).catch((error: unknown) => error)
    assert.isTrue(isCartoError(refused, "PermissionDenied"))
    await carto.client.sql.query(sql`DELETE FROM places`)
  })
}

for (const [fault, reason] of expected) {
  test(`the fault ${fault} fails one call`, async ({ carto }) => {
    carto.fail(fault, { times: 1 })
    const error = await carto.client.sql.query(count).catch((error: unknown) => error)
    assert.isTrue(isCartoError(error, reason), String(error))
    assert.deepStrictEqual((await carto.client.sql.query(count)).rows, [{ n: 1 }])
  })
}
