import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { makePacer, type Pacer } from "./pacer.ts"
import * as PolicyStore from "./policyStore.ts"

/** Makes a pacer that keeps what it learns in this process. */
export const ownPacer = (): Pacer<never> => {
  const limiter = Effect.runSync(Effect.provide(RateLimiter.make, Layer.fresh(RateLimiter.layerStoreMemory)))
  const { admit, onNoResponse, onResponse } = makePacer({ freshness: 0, limiter, policies: PolicyStore.inMemory() })
  return {
    admit: (key) => Effect.orDie(admit(key)),
    onResponse: (...args) => Effect.orDie(onResponse(...args)),
    onNoResponse
  }
}
