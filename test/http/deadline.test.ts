/** Deadlines with the real clock. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Exit, Fiber } from "effect"
import { CurrentDeadline, makeDeadline, withDeadline } from "../../src/http/deadline.ts"

const late = Effect.fail("late")
const within = <A>(effect: Effect.Effect<A>, duration: Duration.Input, deadline = makeDeadline()) =>
  withDeadline(effect, deadline, Duration.fromInputUnsafe(duration), late)

describe("a deadline", () => {
  it.live("a deadline returns the result of a call that ends in time", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* within(Effect.succeed(1), 1000), 1)
      assert.strictEqual(yield* within(Effect.as(Effect.sleep(5), 2), 1000), 2)
      assert.isTrue(Exit.hasDies(yield* Effect.exit(within(Effect.die("defect"), 1000))))
    })
  )

  it.live("a deadline that expires interrupts the call and waits for its finalizers", () =>
    Effect.gen(function* () {
      let closed = false
      const call = Effect.onInterrupt(Effect.never, () =>
        Effect.andThen(
          Effect.sleep(20),
          Effect.sync(() => {
            closed = true
          })
        )
      )
      assert.strictEqual(yield* Effect.flip(within(call, 10)), "late")
      assert.isTrue(closed)
    })
  )

  it.live("extending a deadline postpones it", () =>
    Effect.gen(function* () {
      const deadline = makeDeadline()
      deadline.extension = Effect.sleep(200)
      assert.strictEqual(yield* within(Effect.as(Effect.sleep(50), 1), 10, deadline), 1)
      assert.strictEqual(yield* Effect.flip(within(Effect.never, 10, { ...deadline, extension: Effect.void })), "late")
    })
  )

  it.live("an interruption under a deadline interrupts the call", () =>
    Effect.gen(function* () {
      let interrupted = false
      const call = Effect.onInterrupt(Effect.never, () =>
        Effect.sync(() => {
          interrupted = true
        })
      )
      const fiber = yield* Effect.forkChild(within(call, "1 minute"), { startImmediately: true })
      yield* Effect.sleep(5)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(interrupted)
    })
  )

  it.live("a deadline may be infinite or longer than a timer of the runtime", () =>
    Effect.gen(function* () {
      for (const duration of ["Infinity", "100 days"] as const) {
        assert.strictEqual(yield* within(Effect.as(Effect.sleep(5), 1), duration), 1)
      }
    })
  )

  it.live("a call under a deadline has its services and its fiber references", () =>
    Effect.gen(function* () {
      const Name = Context.Reference("test/Name", { defaultValue: () => "none" })
      const deadline = makeDeadline()
      const call = Effect.all([Name, CurrentDeadline])
      assert.deepStrictEqual(yield* within(call, 1000, deadline).pipe(Effect.provideService(Name, "given")), [
        "given",
        deadline
      ])
    })
  )
})
