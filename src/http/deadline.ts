/** The deadline of a call, and what puts it off. */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** The state of one call. */
export interface Deadline {
  /** Runs when the time is up; the call is given up when it ends. A governor waits here for as long as it held the call back. */
  extension: Effect.Effect<void>
  /** Whether a request of the call is on its way, or has been answered. */
  isSent: boolean
}

export const makeDeadline = (): Deadline => ({ extension: Effect.void, isSent: false })

/** The deadline of the call that the fiber is in. */
export const CurrentDeadline: Context.Reference<Deadline> = Context.Reference<Deadline>("effect-carto/Deadline", {
  defaultValue: makeDeadline
})

/** Runs a call for `duration` and the deadline's extension. Then interrupts it and runs `onExceeded`. */
export const withDeadline = <A, E, E2>(
  call: Effect.Effect<A, E>,
  deadline: Deadline,
  duration: Duration.Duration,
  onExceeded: Effect.Effect<never, E2>
): Effect.Effect<A, E | E2> =>
  Effect.raceFirst(
    Effect.provideService(call, CurrentDeadline, deadline),
    Effect.sleep(duration).pipe(Effect.andThen(Effect.suspend(() => deadline.extension)), Effect.andThen(onExceeded))
  )
