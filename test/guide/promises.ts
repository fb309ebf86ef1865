/** CARTO's guide to API keys in promises: README.md has each of these lines beside Python's. */
import { connect, Grants, isCartoError, reveal, sql } from "../../src/promise/index.ts"

const query = sql`SELECT * FROM tornadoes WHERE year = DATE_PART('year', NOW() - INTERVAL '1 year')`

/** What each step of the guide comes to. */
export const guide = async (baseUrl: string, apiKey: string, fetch: typeof globalThis.fetch) => {
  const carto = connect({ baseUrl, apiKey, fetch })
  const { rows } = await carto.sql.query(query)
  const key = await carto.keys.create({ name: "tornadoes api key", tables: [Grants.table("tornadoes", ["select"])] })
  const data = await carto.withApiKey(key).sql.query(query)
  let denied = "deleted"
  try {
    await carto.withApiKey(key).sql.query(sql`DELETE FROM tornadoes`)
  } catch (error) {
    if (isCartoError(error, "PermissionDenied")) denied = `may not: ${error.reason.object}`
  }
  const next = await carto.keys.regenerate("tornadoes api key")
  const regular = await carto.keys.list({ type: "regular" })
  await carto.keys.delete("tornadoes api key")
  const geo = await carto.keys.create({ name: "geo", services: ["geocoding", "routing", "isolines", "observatory"] })
  const usa = await carto.withApiKey(geo).sql.query(sql`SELECT cdb_geocode_admin0_polygon('USA')`)
  return {
    rows: rows.length > 0,
    data: data.totalRows === rows.length,
    denied,
    changed: reveal(next) !== reveal(key),
    regular: regular.map(({ name }) => name),
    usa: usa.rows.length
  }
}
