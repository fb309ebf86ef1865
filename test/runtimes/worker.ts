import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ApiKeyManager, CopySql, Sql } from "../../src/index.ts"
import * as Workers from "../../src/runtime/workers.ts"
import { outcome } from "./outcome.ts"

interface Env extends Workers.WorkersEnv {
  readonly CARTO?: Workers.Fetcher
}

const services = Layer.mergeAll(ApiKeyManager.layer, CopySql.layer, Sql.layer)

export default {
  fetch: async (_request: Request, env: Env): Promise<Response> =>
    Response.json(
      await Effect.runPromise(outcome(services.pipe(Layer.provideMerge(Workers.layerEnv(env, { service: env.CARTO })))))
    )
}
