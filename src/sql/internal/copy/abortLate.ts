/** Aborts that the server sees. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"

/**
 * How long after its start a request is aborted at the earliest, in milliseconds. The server misses an abort that comes
 * before its database connection is ready, about 10 ms after the request, and then runs the COPY to its end: an upload keeps
 * its table lock for up to 5 hours.
 */
const earliest = 100

/**
 * Runs a COPY request. An interruption that comes too early for the server to see is put off by at most 0.1 s. A response
 * that comes in this time is given to `discard`, since no caller closes its connection otherwise.
 */
export const abortLate = <A, E, R>(
  request: Effect.Effect<A, E, R>,
  isSent: () => boolean = () => true,
  discard: (response: A) => Effect.Effect<void> = () => Effect.void
): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      // the time of the network, also under a test's clock
      const clock = Clock.Clock.defaultValue()
      const until = clock.currentTimeMillisUnsafe() + earliest
      const fiber = yield* Effect.forkChild(restore(request))
      const abort = Effect.suspend(() =>
        Effect.andThen(
          clock.sleep(Duration.millis(isSent() ? Math.max(0, until - clock.currentTimeMillisUnsafe()) : 0)),
          Effect.andThen(Fiber.interrupt(fiber), Fiber.await(fiber))
        ).pipe(Effect.flatMap((exit) => (Exit.isSuccess(exit) ? discard(exit.value) : Effect.void)))
      )
      return yield* Effect.onInterrupt(restore(Fiber.join(fiber)), () => abort)
    })
  )
