/** A store that many share may be out of reach: then each process goes on by itself, so that no call fails for it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Pacer, Ticket } from "./pacer.ts"

/** How long a store that failed is left alone. */
const pause = 5000

/** Paces by `shared`, and by `own` where that fails. */
export const withFallback = <E>(shared: Pacer<E>, own: Pacer<never>): Pacer<never> => {
  const ours = new WeakSet<Ticket>()
  let failedUntil = -Infinity
  let warned = false

  const failed = Effect.fnUntraced(function* (cause: E) {
    failedUntil = (yield* Clock.currentTimeMillis) + pause
    if (warned) return
    warned = true
    yield* Effect.logWarning("the store of rate limits does not answer, so they are not shared until it does", cause)
  })

  const admitOwn = (key: string): Effect.Effect<Ticket> =>
    Effect.map(own.admit(key), (ticket) => {
      ours.add(ticket)
      return ticket
    })

  return {
    admit: Effect.fnUntraced(function* (key) {
      if ((yield* Clock.currentTimeMillis) < failedUntil) return yield* admitOwn(key)
      return yield* Effect.matchEffect(shared.admit(key), {
        onSuccess: (ticket) => {
          warned = false
          return Effect.succeed(ticket)
        },
        onFailure: (cause) => Effect.andThen(failed(cause), admitOwn(key))
      })
    }),
    lose: (ticket) => (ours.has(ticket) ? own : shared).lose(ticket),
    settle: (ticket, answer) =>
      ours.has(ticket)
        ? own.settle(ticket, answer)
        : Effect.matchEffect(shared.settle(ticket, answer), { onSuccess: () => Effect.void, onFailure: failed })
  }
}
