// npm install effect-carto effect
// CARTO_BASE_URL=… CARTO_API_KEY=… node promises.ts
import { connect, Grants, isCartoError, sql } from "effect-carto/promise"

const { CARTO_API_KEY = "", CARTO_BASE_URL = "" } = process.env
const carto = connect({ baseUrl: CARTO_BASE_URL, apiKey: CARTO_API_KEY })

const key = await carto.keys.create({ name: "reader", tables: [Grants.table("tornadoes", ["select"])] })
try {
  const reader = carto.withApiKey(key)
  const { totalRows } = await reader.sql.query(sql`SELECT * FROM tornadoes WHERE year > ${2000}`)
  console.log(totalRows > 0 ? "some tornadoes" : "no tornadoes")
  await reader.sql.query(sql`DELETE FROM tornadoes`)
} catch (error) {
  if (!isCartoError(error, "PermissionDenied")) throw error
  console.log("and they stay")
} finally {
  await carto.keys.delete(key)
}
