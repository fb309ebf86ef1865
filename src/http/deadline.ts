/** Time that does not count towards the deadline of a call: what it waits before it may be sent. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Of one call. When its time is up it runs `rest`, and is given up when that ends. */
export interface Hold {
  rest: Effect.Effect<void>
}

export const CurrentHold: Context.Reference<Hold> = Context.Reference<Hold>("effect-carto/Hold", {
  defaultValue: () => ({ rest: Effect.void })
})
