// npm install effect-carto effect; npm install --save-dev vitest @electric-sql/pglite
// npx vitest run, with `globalSetup: ["effect-carto/testing/globalSetup"]` in vitest.config.ts
import { accountFixture, Grants, serverFixture, sql } from "effect-carto/testing"
import { expect, test as base } from "vitest"

const reader = { tables: [Grants.table("places", ["select"])] }
const test = base
  .extend("cartoServer", { scope: "worker" }, serverFixture())
  .extend("carto", accountFixture({ seed: sql`CREATE TABLE places (id int)`, keys: { reader } }))

test("a reader cannot write", async ({ carto }) => {
  const { sql: db } = carto.client.withApiKey(carto.key("reader"))
  expect((await db.query(sql`SELECT * FROM places`)).totalRows).toBe(0)
  await expect(db.query(sql`INSERT INTO places VALUES (1)`)).rejects.toThrow("permission denied")
})

test("a call fails once while the server is unavailable", async ({ carto }) => {
  carto.fail("unavailable", { times: 1 })
  await expect(carto.client.keys.whoami()).rejects.toThrow("503")
  expect((await carto.client.keys.whoami()).name).toBe("Master")
})
