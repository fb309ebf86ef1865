/**
 * Lets one at a time through, in the order in which they came. Nobody is woken by another: each looks for itself when its
 * turn should be. On Workers a request that another wakes would go on in that other request, and be lost with it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

export interface Turns {
  /** When whoever has the turn should be done with it, and how long the next ones take; both in milliseconds. */
  due: number
  interval: number | undefined
  readonly take: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** Nobody looks more seldom: those in front may leave. */
const longestNap = 1000

/** How long to wait where so many are in front. */
const napOf = ({ due, interval }: Turns, before: number, now: number): number => {
  if (interval === undefined) return Math.min(200, Math.max(20, before))
  const left = due + (before - 1) * interval - now
  const shortest = Math.min(200, 2 * before)
  // halfway there, since it may go faster
  return Math.min(longestNap, Math.max(shortest, left > 250 ? left / 2 : left))
}

export const makeTurns = (): Turns => {
  const waiting = new Set<number>()
  let last = 0
  const until = Effect.fnUntraced(function* (own: number) {
    while (true) {
      const [first = own] = waiting
      if (first === own) return
      yield* Effect.sleep(napOf(turns, own - first, yield* Clock.currentTimeMillis))
    }
  })
  const turns: Turns = {
    due: 0,
    interval: undefined,
    take: (effect) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          last += 1
          waiting.add(last)
          return last
        }),
        (own) => Effect.andThen(until(own), effect),
        (own) => Effect.sync(() => waiting.delete(own))
      )
  }
  return turns
}
