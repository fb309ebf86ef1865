/** The deadline of a call, and what puts it off. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/** The state of one call. */
export interface Deadline {
  /** Runs when the time is up; the call is given up when it ends. A governor waits here for as long as it held the call back. */
  extension: Effect.Effect<void>
  /** Whether a request of the call is on its way, or has been answered. */
  isSent: boolean
}

/** Makes the deadline of a call. */
export const makeDeadline = (): Deadline => ({ extension: Effect.void, isSent: false })

/** The deadline of the call that the fiber is in. */
export const CurrentDeadline: Context.Reference<Deadline> = Context.Reference<Deadline>("effect-carto/Deadline", {
  defaultValue: makeDeadline
})

const realClock = Context.get(Context.empty(), Clock.Clock)

const longestTimer = 2 ** 31 - 1

/** Runs an effect in a fiber of its own, and `late` once the time is up. Whichever ends first is the result. */
const raceTimer = <A, E, E2>(
  effect: Effect.Effect<A, E>,
  millis: number,
  late: Effect.Effect<never, E2>,
  context: Context.Context<never>
): Effect.Effect<A, E | E2> =>
  Effect.callback<A, E | E2>((resume) => {
    const run = Effect.runForkWith(context)
    let lateFiber: Fiber.Fiber<never, E2> | undefined
    const stop = () => {
      clearTimeout(timer)
      lateFiber?.interruptUnsafe()
    }
    const timer = setTimeout(() => {
      lateFiber = run(late)
      lateFiber.addObserver((exit) => resume(Effect.andThen(Fiber.interrupt(fiber), exit)))
    }, millis)
    const fiber = run(effect)
    fiber.addObserver((exit) => {
      resume(exit)
      stop()
    })
    return Effect.suspend(() => {
      stop()
      return Fiber.interrupt(fiber)
    })
  })

/** Runs a call for `duration` and the deadline's extension. Then interrupts it and runs `onExceeded`. */
export const withDeadline = <A, E, E2>(
  call: Effect.Effect<A, E>,
  deadline: Deadline,
  duration: Duration.Duration,
  onExceeded: Effect.Effect<never, E2>
): Effect.Effect<A, E | E2> =>
  Effect.withFiber<A, E | E2>((fiber) => {
    const effect = Effect.provideService(call, CurrentDeadline, deadline)
    const late = Effect.andThen(
      Effect.suspend(() => deadline.extension),
      onExceeded
    )
    const millis = Duration.toMillis(duration)
    if (millis === Infinity) return effect
    // a timer costs a third of a fiber that sleeps, but only the real clock has one
    return millis <= longestTimer && fiber.getRef(Clock.Clock) === realClock
      ? raceTimer(effect, millis, late, fiber.context)
      : Effect.raceFirst(effect, Effect.andThen(Effect.sleep(duration), late))
  })
