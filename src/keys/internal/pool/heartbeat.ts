/**
 * Signs of life of callers that share a pool. On Workers a request that is aborted ends without running its finalizers, and a
 * request must not wait for anything that another request completes. So callers share only plain data, look at it by timers of
 * their own, and count each other's heartbeats.
 */
import * as Effect from "effect/Effect"

/** How often a caller gives a sign of life, in milliseconds. */
const beatEvery = 1000
/** A caller without a sign of life for so long is gone, in milliseconds. */
const goneAfter = 4000
/** How often another caller has looked meanwhile: after the process has slept, its own timers may be late. */
const goneLooks = 40

/** What a caller holds, as long as it lives. */
export class Heartbeat {
  #beats = 0
  #seen = -1
  #seenAt = 0
  #looks = 0

  /** Gives signs of life until the effect ends. */
  keep<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      const stop = this.start()
      return Effect.ensuring(effect, Effect.sync(stop))
    })
  }

  /** Gives signs of life until the returned function is called. */
  start(): () => void {
    const timer = globalThis.setInterval(() => this.#beats++, beatEvery)
    // a lease that is held keeps no process alive
    if (typeof timer === "object" && "unref" in timer && typeof timer.unref === "function") timer.unref()
    return () => globalThis.clearInterval(timer)
  }

  /** Whether a caller that looks again and again sees no sign of life any more. */
  isGone(): boolean {
    const now = globalThis.performance.now()
    if (this.#seen !== this.#beats) {
      this.#seen = this.#beats
      this.#seenAt = now
      this.#looks = 0
    }
    this.#looks++
    return now - this.#seenAt > goneAfter && this.#looks > goneLooks
  }
}

const longestPause = 25

/** Waits for a moment by a timer of the caller's own, longer each time. */
export const pause = (attempt: number): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const timer = globalThis.setTimeout(() => resume(Effect.void), Math.min(longestPause, 2 ** attempt))
    return Effect.sync(() => globalThis.clearTimeout(timer))
  })
