/**
 * Runs one effect at a time, in the order of arrival. No fiber wakes another: each looks for itself when it should be first. On
 * Workers a fiber that another request wakes would continue in that request, and end with it.
 */
import * as Effect from "effect/Effect"
import { monotonic } from "./clock.ts"

/** Effects that wait for each other. */
export interface FifoQueue {
  /** How long the effects behind the first one take, in milliseconds, if that is known. */
  interval: number | undefined
  /** Says that the effect that runs will take `duration` milliseconds from now. */
  readonly announce: (duration: number) => Effect.Effect<void>
  /** Runs an effect when all that came before it have ended. */
  readonly run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** An effect in the queue. */
interface Entry {
  number: number
  /** When its fiber looks again, or ends. */
  due: number
}

/** No fiber looks more seldom, since those before it may leave. */
const longestNap = 1000

/** How late a fiber may be. Later than that it has ended without a trace, as with a request that a Worker has lost. */
const tolerance = 5000

/** How long to wait behind `before` entries, of which the first is due in `left` milliseconds. */
const napOf = (interval: number | undefined, before: number, left: number): number => {
  if (interval === undefined) return Math.min(200, Math.max(20, before))
  const wait = left + (before - 1) * interval
  const shortest = Math.min(200, 2 * before)
  // halfway there, since it may go faster
  return Math.min(longestNap, Math.max(shortest, wait > 250 ? wait / 2 : wait))
}

export const makeFifoQueue = (): FifoQueue => {
  const entries = new Set<Entry>()
  let last = 0

  const add = (entry: Entry): void => {
    if (entries.has(entry)) return
    last += 1
    entry.number = last
    entries.add(entry)
  }

  /** The first entry, once those are gone whose fibers have ended. */
  const firstOf = (now: number): Entry | undefined => {
    for (const entry of entries) {
      if (entry.due + tolerance >= now) return entry
      entries.delete(entry)
    }
    return undefined
  }

  const waitFor = Effect.fnUntraced(function* (own: Entry) {
    while (true) {
      const now = yield* monotonic
      own.due = now
      // one that was late itself is the last again
      add(own)
      const first = firstOf(now)
      if (first === undefined || first === own) return
      const nap = napOf(queue.interval, own.number - first.number, first.due - now)
      own.due = now + nap
      yield* Effect.sleep(nap)
    }
  })

  const queue: FifoQueue = {
    interval: undefined,
    announce: (duration) =>
      Effect.map(monotonic, (now) => {
        const [first] = entries
        if (first !== undefined) first.due = now + duration
      }),
    run: (effect) =>
      Effect.acquireUseRelease(
        Effect.map(monotonic, (now) => {
          const entry: Entry = { number: 0, due: now }
          add(entry)
          return entry
        }),
        (own) => Effect.andThen(waitFor(own), effect),
        (own) => Effect.sync(() => entries.delete(own))
      )
  }
  return queue
}
