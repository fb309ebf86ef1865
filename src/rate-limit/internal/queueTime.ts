/** Waits outside of the deadline of a call. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { CurrentDeadline, type Deadline } from "../../http/deadline.ts"

interface Waits {
  /** The wait that is under way. */
  current: Deferred.Deferred<void> | undefined
  /** Of those that have ended, in milliseconds. */
  sum: number
}

const waitsOf = new WeakMap<Deadline, Waits>()

const of = (deadline: Deadline): Waits => {
  const found = waitsOf.get(deadline)
  if (found !== undefined) return found
  const waits: Waits = { current: undefined, sum: 0 }
  deadline.extension = Effect.gen(function* () {
    const up = yield* Clock.currentTimeMillis
    while (true) {
      if (waits.current !== undefined) yield* Deferred.await(waits.current)
      const left = up + waits.sum - (yield* Clock.currentTimeMillis)
      if (left > 0) yield* Effect.sleep(left)
      else if (waits.current === undefined) return
    }
  })
  waitsOf.set(deadline, waits)
  return waits
}

/** Runs an effect in a call, whose deadline is put off by the time that the effect takes. */
export const outsideDeadline = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const waits = of(yield* CurrentDeadline)
    const started = yield* Clock.currentTimeMillis
    const ended = Deferred.makeUnsafe<void>()
    waits.current = ended
    const end = Effect.gen(function* () {
      const waited = (yield* Clock.currentTimeMillis) - started
      waits.current = undefined
      waits.sum += waited
      if (waited > 0) yield* Effect.annotateCurrentSpan("carto.rate_limit.waited_ms", waits.sum)
      yield* Deferred.succeed(ended, undefined)
    })
    return yield* Effect.ensuring(effect, end)
  })
