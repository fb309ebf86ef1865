import { assert, test as base } from "vitest"
import { isCartoError } from "../../src/promise/index.ts"
import { accessMatrix, audit, leastPrivilege, verification } from "../../src/promise/access.ts"
import { accountFixture, Grants, serverFixture, sql } from "../../src/testing/index.ts"

const tables = [Grants.table("places", ["select"])]
const test = base
  .extend("cartoServer", { scope: "worker" }, serverFixture())
  .extend(
    "carto",
    accountFixture({ seed: sql`CREATE TABLE places (id int, email text)`, keys: { reader: { tables } } })
  )

const rejectionOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail("it did not reject"),
    (error: unknown) => error
  )

test("verification compares what a key can do with what was asked for", async ({ carto }) => {
  const { can, createVerified, verifyGrants } = verification(carto.client)
  const reader = carto.key("reader")
  const { source, extra, missing } = await verifyGrants(reader)
  assert.deepStrictEqual([source, missing.tables, extra.tables], ["database", [], []])
  assert.strictEqual((await verifyGrants(reader, { tables: [] })).extra.tables[0]?.name, "places")
  assert.deepStrictEqual(
    [await can(reader, "select", "places"), await can(reader, "delete", "places", { schema: carto.username })],
    [true, false]
  )
  assert.strictEqual((await createVerified({ name: "proven", tables })).name, "proven")
})

test("leastPrivilege infers the grants of statements, and verify names what is missing", async ({
  carto: { client }
}) => {
  const { infer, toText, verify } = leastPrivilege(client)
  const statements = { read: sql`SELECT * FROM places`, write: sql`DELETE FROM places` }
  const inference = await infer(statements, { verify: true })
  assert.match(toText(inference), /^grant select on test-\d+\.places — read\ngrant delete on test-\d+\.places — write$/)
  assert.isTrue(isCartoError(await rejectionOf(verify({ apis: ["sql"], tables }, statements)), "GrantsInsufficient"))
})

test("audit finds what keys do not need, and accessMatrix shows what each can do", async ({
  carto: { client, username }
}) => {
  const audits = audit(client)
  const found = audits.toText(await audits.audit({ personalData: true, statements: [sql`SELECT 1`] }))
  assert.match(found, new RegExp(`reader +regular +reads personal data +${username}\\.places\\.email`))
  assert.match(found, /reader +regular +unused +select on /)
  const matrices = accessMatrix(client)
  const all = await matrices.make()
  assert.match(matrices.toText(all), new RegExp(`${username}\\.places +riud! +· +r`))
  assert.match(matrices.toSvg(all), /^<svg /)
})

test("every call of access rejects with the reason of its signal", async ({ carto }) => {
  const { client } = carto
  const signal = AbortSignal.abort(new Error("before"))
  const reader = carto.key("reader")
  for (const call of [
    () => verification(client).verifyGrants(reader, undefined, { signal }),
    () => verification(client).createVerified({ name: "a" }, { signal }),
    () => verification(client).can(reader, "select", "places", {}, { signal }),
    () => leastPrivilege(client).infer([], {}, { signal }),
    () => leastPrivilege(client).verify({}, [], { signal }),
    () => audit(client).audit({}, { signal }),
    () => accessMatrix(client).make({}, { signal })
  ]) {
    assert.strictEqual(await rejectionOf(call()), signal.reason, String(call))
  }
})
