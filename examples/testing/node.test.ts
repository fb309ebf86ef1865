// npm install effect-carto effect; npm install --save-dev @electric-sql/pglite
// node --test node.test.ts
import { Grants, sql, startServer } from "effect-carto/testing"
import assert from "node:assert/strict"
import { after, before, test } from "node:test"

let server: Awaited<ReturnType<typeof startServer>>
before(async () => {
  server = await startServer()
})
after(() => server.close())

test("a reader cannot write", async () => {
  const carto = await server.account({
    seed: sql`CREATE TABLE places (id int)`,
    keys: { reader: { tables: [Grants.table("places", ["select"])] } }
  })
  const reader = carto.client.withApiKey(carto.key("reader"))
  await assert.rejects(reader.sql.query(sql`INSERT INTO places VALUES (1)`), /permission denied/)
  await carto.close()
})
