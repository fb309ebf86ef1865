/** Promises of the caller's own, among effects. */
import * as Effect from "effect/Effect"

/** What it rejects with, the whole call rejects with. Its signal is aborted when the call is. */
export const ownPromise = <A>(use: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, unknown> =>
  // @effect-diagnostics-next-line unknownInEffectCatch:off
  Effect.tryPromise({ try: use, catch: (error) => error })
