/** Time that no change of the system's clock moves. */
import * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import { map, updateService } from "effect/Effect"

const millis = (nanos: bigint): number => Number(nanos) / 1e6

/** Milliseconds since some moment, which only go forward. */
export const monotonic: Effect.Effect<number> = map(Clock.monotonicTimeNanos, millis)

/** Runs an effect by a clock that shows the monotonic time and `offset` milliseconds. */
export const withTime = <A, E, R>(effect: Effect.Effect<A, E, R>, offset: () => number): Effect.Effect<A, E, R> =>
  updateService(effect, Clock.Clock, (clock) => {
    const now = () => millis(clock.monotonicTimeNanosUnsafe()) + offset()
    return {
      currentTimeMillisUnsafe: now,
      currentTimeMillis: map(monotonic, (time) => time + offset()),
      currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
      currentTimeNanos: clock.currentTimeNanos,
      monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: clock.monotonicTimeNanos,
      sleep: (duration) => clock.sleep(duration)
    }
  })
