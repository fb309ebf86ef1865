import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ApiKeyManager, Sql } from "../../src/index.ts"
import * as Workers from "../../src/runtime/workers.ts"
import { scenario } from "./access.scenario.ts"

const services = Layer.mergeAll(ApiKeyManager.layer, Sql.layer)

export default {
  fetch: async (_request: Request, env: Workers.WorkersEnv): Promise<Response> =>
    Response.json(
      await Effect.runPromise(scenario.pipe(Effect.provide(services.pipe(Layer.provideMerge(Workers.layerEnv(env))))))
    )
}
