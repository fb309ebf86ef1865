/** Runs functions of the caller inside of effects. */
import * as Effect from "effect/Effect"

/** Fails with what the promise rejects with. The signal is aborted when the effect is interrupted. */
export const callerPromise = <A>(use: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, unknown> =>
  // an async function, so that an exception of `use` is a rejection
  // @effect-diagnostics-next-line unknownInEffectCatch:off
  Effect.tryPromise({ try: async (signal) => await use(signal), catch: (error) => error })
