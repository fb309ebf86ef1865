// deno add jsr:@effect-carto/effect-carto npm:effect (then import from "@effect-carto/effect-carto/promise")
// CARTO_BASE_URL=… CARTO_API_KEY=… deno run --allow-net --allow-env deno.ts
import { connect, sql } from "effect-carto/promise"
import { copy } from "effect-carto/promise/copy"

const baseUrl = Deno.env.get("CARTO_BASE_URL") ?? ""
const apiKey = Deno.env.get("CARTO_API_KEY") ?? ""
await using carto = connect({ baseUrl, apiKey })

const csv = copy(carto).to(sql`COPY (SELECT state FROM tornadoes LIMIT 2) TO STDOUT WITH (FORMAT csv, HEADER)`)
await csv.pipeTo(Deno.stdout.writable, { preventClose: true })
