/** Puts off the deadline of a call for as long as the call is held back. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { CurrentDeadline, type Deadline } from "../../http/deadline.ts"
import { monotonic } from "./clock.ts"

/** How long one call has been held back. */
interface HeldBack {
  /** Ends with the wait that the call is in. */
  current: Deferred.Deferred<void> | undefined
  /** The waits that have ended, in milliseconds. */
  total: number
}

const heldBack = new WeakMap<Deadline, HeldBack>()

const of = (deadline: Deadline): HeldBack => {
  const found = heldBack.get(deadline)
  if (found !== undefined) return found
  const held: HeldBack = { current: undefined, total: 0 }
  deadline.extension = Effect.gen(function* () {
    const timeUp = yield* monotonic
    while (true) {
      if (held.current !== undefined) yield* Deferred.await(held.current)
      const left = timeUp + held.total - (yield* monotonic)
      if (left > 0) yield* Effect.sleep(left)
      else if (held.current === undefined) return
    }
  })
  heldBack.set(deadline, held)
  return held
}

/** Runs an effect in a call, and adds the time that it takes to the call's deadline. */
export const outsideDeadline = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const held = of(yield* CurrentDeadline)
    const started = yield* monotonic
    const ended = Deferred.makeUnsafe<void>()
    held.current = ended
    const end = Effect.gen(function* () {
      const waited = (yield* monotonic) - started
      held.current = undefined
      held.total += waited
      if (waited > 0) yield* Effect.annotateCurrentSpan("carto.rate_limit.waited_ms", Math.round(held.total))
      yield* Deferred.succeed(ended, undefined)
    })
    return yield* Effect.ensuring(effect, end)
  })
