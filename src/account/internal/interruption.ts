/** What stays interruptible of a call whose response must not be lost. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"

/** Makes an effect as interruptible as it was outside of an uninterruptible region. */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Set in an uninterruptible region whose calls may be interrupted until their requests are sent. */
const BeforeSent: Context.Reference<Restore | undefined> = Context.Reference<Restore | undefined>(
  "effect-carto/BeforeSent",
  { defaultValue: () => undefined }
)

/**
 * Lets calls in an uninterruptible region be interrupted until their requests are sent. `restore` is the one that
 * `Effect.uninterruptibleMask` gives.
 */
export const interruptibleUntilSent = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  restore: Restore
): Effect.Effect<A, E, R> => Effect.updateService(effect, BeforeSent, (outer) => outer ?? restore)

/** Runs an effect that loses nothing if it is interrupted, in a region of {@link interruptibleUntilSent}. */
export const beforeSent = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(BeforeSent, (restore) => (restore === undefined ? effect : restore(effect)))

/**
 * Runs a call whose response must not be lost, in a fiber of its own. If the caller is interrupted while `isSent` is true, waits
 * for the end of the call.
 */
export const keepOnceSent = <A, E, R>(call: Effect.Effect<A, E, R>, isSent: () => boolean): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((own) =>
    Effect.gen(function* () {
      const restore = (yield* BeforeSent) ?? own
      // the requests that find out about a lost response belong to the call
      const fiber = yield* Effect.forkDetach(Effect.provideService(call, BeforeSent, undefined))
      const exit = yield* Effect.exit(restore(Fiber.await(fiber)))
      if (Exit.isSuccess(exit)) return yield* exit.value
      if (isSent()) return yield* Fiber.join(fiber)
      yield* Fiber.interrupt(fiber)
      return yield* Effect.failCause(exit.cause)
    })
  )
