// npm install effect-carto effect; npx wrangler secret put CARTO_API_KEY; npx wrangler dev
import { connect, isCartoError, sql } from "effect-carto/promise"

interface Env {
  readonly CARTO_BASE_URL: string
  readonly CARTO_API_KEY: string
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const state = new URL(request.url).searchParams.get("state")
    const carto = connect({ baseUrl: env.CARTO_BASE_URL, apiKey: env.CARTO_API_KEY })
    try {
      const statement = sql`SELECT count(*)::int AS n FROM tornadoes WHERE state = ${state}`
      const { rows } = await carto.sql.query(statement, {}, { signal: request.signal })
      return Response.json(rows)
    } catch (error) {
      if (!isCartoError(error, "RateLimited")) throw error
      return new Response("busy", { status: 503, headers: { "retry-after": "1" } })
    }
  }
}
