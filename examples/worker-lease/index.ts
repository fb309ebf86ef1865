/**
 * A Worker that has the master key and works with less. `POST /` rebuilds the table `tornadoes_by_state` under a lease that can do
 * only that. The response does not wait for the key to be deleted. A cron trigger deletes leases that aborted Workers left behind.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ApiKeyManager } from "effect-carto/ApiKeyManager"
import * as Grants from "effect-carto/Grants"
import * as Lease from "effect-carto/keys/Lease"
import * as Workers from "effect-carto/runtime/workers"
import { Sql } from "effect-carto/Sql"
import { sql } from "effect-carto/Statement"

interface Env extends Workers.WorkersEnv {
  readonly REFRESH_TOKEN: string
  /** A service binding through which to reach CARTO, where there is one. */
  readonly CARTO?: Workers.Fetcher
}

interface ExecutionContext {
  readonly waitUntil: (promise: Promise<unknown>) => void
}

const refresh = Sql.use((db) =>
  db.query(sql`
    DELETE FROM tornadoes_by_state;
    INSERT INTO tornadoes_by_state (state, tornadoes) SELECT state, count(*) FROM tornadoes GROUP BY state`)
)

const rights = {
  apis: ["sql"],
  tables: [Grants.table("tornadoes", ["select"]), Grants.table("tornadoes_by_state", ["insert", "delete"])]
} satisfies Grants.GrantsRequest

const services = (env: Env) =>
  Layer.mergeAll(ApiKeyManager.layer, Sql.layer).pipe(Layer.provide(Workers.layerEnv(env, { service: env.CARTO })))

export default {
  fetch: (request: Request, env: Env, context: ExecutionContext): Promise<Response> => {
    if (request.method !== "POST") return Promise.resolve(new Response(null, { status: 405 }))
    if (request.headers.get("authorization") !== `Bearer ${env.REFRESH_TOKEN}`) {
      return Promise.resolve(new Response(null, { status: 401 }))
    }
    return refresh.pipe(
      Lease.withLease({
        ...rights,
        purpose: "refresh",
        owner: "refresh-worker",
        ttl: "2 minutes",
        waitUntil: (deletion) => context.waitUntil(deletion)
      }),
      Effect.provide(services(env)),
      Effect.as(new Response(null, { status: 204 })),
      Effect.catch((error) => {
        console.error(error.message)
        return Effect.succeed(new Response(null, { status: 502 }))
      }),
      Effect.runPromise
    )
  },
  scheduled: (_controller: unknown, env: Env): Promise<void> =>
    Lease.sweep({ owner: "refresh-worker" }).pipe(
      Effect.provide(services(env)),
      Effect.map(({ deleted, refused }) => {
        if (deleted.length > 0) console.log(`leases that were left behind: ${deleted.join(", ")}`)
        for (const { description, name } of refused) console.error(`${name} is still there: ${description}`)
      }),
      Effect.runPromise
    )
}
