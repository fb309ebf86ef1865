// bun add effect-carto effect; bun add --dev @electric-sql/pglite
// bun test ./bun.test.ts
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test"
import { Grants, sql, startServer } from "effect-carto/testing"

// the server takes some seconds to start
setDefaultTimeout(60_000)

let server: Awaited<ReturnType<typeof startServer>>
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

test("a reader cannot write", async () => {
  const carto = await server.account({
    seed: sql`CREATE TABLE places (id int)`,
    keys: { reader: { tables: [Grants.table("places", ["select"])] } }
  })
  const reader = carto.client.withApiKey(carto.key("reader"))
  await expect(reader.sql.query(sql`INSERT INTO places VALUES (1)`)).rejects.toThrow("permission denied")
  await carto.close()
})
