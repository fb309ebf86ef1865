/**
 * A Worker whose requests share one pool. `GET /?grants=NAME&hold=MS` holds a lease for that many milliseconds. With
 * `&leave=MS` the response is sent after that time, and the runtime stops the rest of the work without running finalizers.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { ApiKeyManager, Auth, Grants, Sql, sql } from "../../src/index.ts"
import * as LeasePool from "../../src/keys/LeasePool.ts"
import * as Workers from "../../src/runtime/workers.ts"

const kinds: Readonly<Record<string, Grants.GrantsRequest>> = {
  tornadoes: { apis: ["sql"], tables: [Grants.table("tornadoes", ["select"])] },
  reports: { apis: ["sql"], tables: [Grants.table("storm_reports", ["select"])] }
}

const services = (env: Workers.WorkersEnv) =>
  Layer.mergeAll(ApiKeyManager.layer, Sql.layer).pipe(Layer.provideMerge(Workers.layerEnv(env)))

/** For all requests of this isolate, which is why nothing may be awaited that another request completes. */
const makeShared = (env: Workers.WorkersEnv) =>
  Effect.runSync(
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(services(env), scope)
      const pool = yield* LeasePool.make({ purpose: "worker", capacity: 1, turn: 0 }).pipe(
        Scope.provide(scope),
        Effect.provideContext(context)
      )
      return { context, pool }
    })
  )

let shared: ReturnType<typeof makeShared> | undefined

export default {
  fetch: async (request: Request, env: Workers.WorkersEnv): Promise<Response> => {
    shared ??= makeShared(env)
    const { context, pool } = shared
    const { searchParams } = new URL(request.url)
    const grants = kinds[searchParams.get("grants") ?? ""] ?? {}
    const work = Effect.gen(function* () {
      yield* Sql.use((db) => db.query(sql`SELECT 1 AS one`))
      yield* Effect.sleep(Number(searchParams.get("hold") ?? 0))
      return (yield* Auth.use(({ apiKey }) => apiKey)) === undefined ? "" : "done"
    }).pipe(pool.withLease(grants), Effect.provideContext(context))
    const leave = searchParams.get("leave")
    if (leave !== null) {
      Effect.runFork(work)
      await new Promise((resolve) => setTimeout(resolve, Number(leave)))
      return new Response("left")
    }
    return new Response(await Effect.runPromise(work))
  }
}
