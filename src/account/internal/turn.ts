/**
 * One effect at a time. No fiber wakes another: each looks for itself. On Workers a fiber that another request wakes would continue in
 * that request, and the runtime ends both.
 */
import * as Effect from "effect/Effect"

interface Turn {
  /** Waits for the turn, and returns the effect that ends it. */
  readonly take: Effect.Effect<Effect.Effect<void>>
  /** Waits until no fiber has the turn. */
  readonly wait: Effect.Effect<void>
}

/** How often a fiber looks, in milliseconds of real time: a test's clock may stand still. */
const interval = 20

/** After this time the request that had the turn has been lost, in milliseconds. */
const longest = 120_000

const pause: Effect.Effect<void> = Effect.callback((resume) => {
  const timer = setTimeout(() => resume(Effect.void), interval)
  return Effect.sync(() => clearTimeout(timer))
})

export const makeTurn = (): Turn => {
  let current: { readonly since: number } | undefined
  const wait: Effect.Effect<void> = Effect.suspend(() =>
    current === undefined || performance.now() - current.since > longest ? Effect.void : Effect.andThen(pause, wait)
  )
  return {
    wait,
    take: Effect.map(wait, () => {
      const own = { since: performance.now() }
      current = own
      return Effect.sync(() => {
        if (current === own) current = undefined
      })
    })
  }
}
