import * as Effect from "effect/Effect"
import * as Workers from "../../src/runtime/workers.ts"
import { outcome } from "./outcome.ts"

interface Env extends Workers.WorkersEnv {
  readonly CARTO?: Workers.Fetcher
}

export default {
  fetch: async (_request: Request, env: Env): Promise<Response> =>
    Response.json(await Effect.runPromise(outcome(Workers.layerEnv(env, { service: env.CARTO }))))
}
