// bun add effect-carto effect
// CARTO_BASE_URL=… CARTO_API_KEY=… bun bun.ts
import { connect, sql } from "effect-carto/promise"
import { copy } from "effect-carto/promise/copy"

const { CARTO_API_KEY = "", CARTO_BASE_URL = "" } = Bun.env
await using carto = connect({ baseUrl: CARTO_BASE_URL, apiKey: CARTO_API_KEY })

let count = 0
for await (const { state } of carto.sql.stream(sql`SELECT state FROM tornadoes`, { over: copy })) {
  if (state === "Texas") count++
}
console.log(count > 0 ? "Texas has tornadoes" : "Texas has none")
