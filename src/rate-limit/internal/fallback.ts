/** Paces calls by this process alone while the store that processes share cannot be reached, so that no call fails for it. */
import * as Effect from "effect/Effect"
import { monotonic } from "./clock.ts"
import type { Pacer, Ticket } from "./pacer.ts"

/** How long a store that failed is not asked again, in milliseconds. */
const pause = 5000

/** Paces by `shared`, and by `own` while `shared` fails. */
export const withFallback = <E>(shared: Pacer<E>, own: Pacer<never>): Pacer<never> => {
  const ownTickets = new WeakSet<Ticket>()
  let failedUntil = -Infinity
  let warned = false

  const failed = Effect.fnUntraced(function* (cause: E) {
    failedUntil = (yield* monotonic) + pause
    if (warned) return
    warned = true
    yield* Effect.logWarning("the store of rate limits does not answer; until it does, they are not shared", cause)
  })

  const admitAlone = (key: string): Effect.Effect<Ticket> =>
    Effect.map(own.admit(key), (ticket) => {
      ownTickets.add(ticket)
      return ticket
    })

  return {
    admit: Effect.fnUntraced(function* (key) {
      if ((yield* monotonic) < failedUntil) return yield* admitAlone(key)
      return yield* Effect.matchEffect(shared.admit(key), {
        onSuccess: (ticket) => {
          warned = false
          return Effect.succeed(ticket)
        },
        onFailure: (cause) => Effect.andThen(failed(cause), admitAlone(key))
      })
    }),
    onNoResponse: (ticket) => (ownTickets.has(ticket) ? own : shared).onNoResponse(ticket),
    onResponse: (ticket, report) =>
      ownTickets.has(ticket)
        ? own.onResponse(ticket, report)
        : Effect.matchEffect(shared.onResponse(ticket, report), { onSuccess: () => Effect.void, onFailure: failed })
  }
}
