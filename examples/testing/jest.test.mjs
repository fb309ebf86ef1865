// npm install effect-carto effect; npm install --save-dev jest @electric-sql/pglite
// NODE_OPTIONS=--experimental-vm-modules npx jest, with jest.config.mjs beside this file
import { afterAll, beforeAll, expect, test } from "@jest/globals"
import { Grants, sql, startServer } from "effect-carto/testing"

let server
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
