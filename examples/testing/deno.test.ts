// deno add jsr:@effect-carto/effect-carto npm:effect npm:@electric-sql/pglite
// deno test --allow-all deno.test.ts
import { Grants, sql, startServer } from "effect-carto/testing"
import { rejects } from "node:assert/strict"

Deno.test("places", async (t) => {
  const server = await startServer()
  const carto = await server.account({
    seed: sql`CREATE TABLE places (id int)`,
    keys: { reader: { tables: [Grants.table("places", ["select"])] } }
  })
  await t.step("a reader cannot write", async () => {
    const reader = carto.client.withApiKey(carto.key("reader"))
    await rejects(reader.sql.query(sql`INSERT INTO places VALUES (1)`), /permission denied/)
  })
  await server.close()
})
