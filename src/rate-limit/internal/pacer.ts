/** Holds calls back until their rate limit allows them. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ConsumeResult, RateLimiter, RateLimiterError } from "effect/persistence/RateLimiter"
import { monotonic, withTime } from "./clock.ts"
import { type Endpoint, makeEndpoints } from "./endpoints.ts"
import {
  capacityOf,
  learn,
  observe,
  pauseAfter,
  pausedFor,
  type Policy,
  refused,
  type Report,
  reserveOf
} from "./policy.ts"
import type { PolicyStore } from "./policyStore.ts"

/** A call that may be sent now. */
export interface Ticket {
  readonly key: string
  /** The version of the policy under which it is sent; 0 if there is none yet. */
  readonly version: number
  /** The calls that should be left at the server after it. */
  readonly expected: number | undefined
  /** The epoch of what Effect's limiter has learned, if the server reports no limit. */
  readonly epoch: number
}

/** Admits calls, and learns from their responses. */
export interface Pacer<E> {
  /** Waits until a call may be sent. */
  readonly admit: (key: string) => Effect.Effect<Ticket, E>
  /** Learns from the response to a call. */
  readonly onResponse: (ticket: Ticket, report: Report) => Effect.Effect<void, E>
  /** Ends a call that has no response of the server. */
  readonly onNoResponse: (ticket: Ticket) => Effect.Effect<void>
}

/** While no limit is known, one call is sent in this time, in milliseconds: the first may be a long query. */
const unknownInterval = 1000

/** How soon a call that waits sees that something has been learned, in milliseconds. */
const peekInterval = 50

/** By how much the time of a store may move against ours before it is taken for a clock that was set, in milliseconds. */
const largestSkew = 1000

/** Makes a pacer. Calls of one key share a limit. A policy that was read is used for `freshness` milliseconds. */
export const makePacer = <E>({
  freshness,
  limiter,
  policies
}: {
  readonly freshness: number
  readonly limiter: RateLimiter
  readonly policies: PolicyStore<E>
}): Pacer<E | RateLimiterError> => {
  /** The time of the store less ours. */
  let offset: number | undefined
  const now = Effect.map(monotonic, (time) => time + (offset ?? 0))
  const byStoreTime = <A, E>(effect: Effect.Effect<A, E>) => withTime(effect, () => offset ?? 0)

  const endpointOf = makeEndpoints()

  const replace = Effect.fnUntraced(function* (key: string, endpoint: Endpoint, policy: Policy) {
    endpoint.observed = undefined
    const done = yield* policies.replace(key, policy)
    endpoint.policy = done ? policy : undefined
    endpoint.readAt = yield* monotonic
    return done
  })

  /** Sets our time by the store's. Returns whether the store's clock was set. */
  const readTime = (time: number, asked: number, answered: number): boolean => {
    const measured = time - (asked + answered) / 2
    const known = offset
    const wasSet = known !== undefined && Math.abs(measured - known) > largestSkew
    // what the network does to single measurements is taken up, so that our time does not jump
    offset = known === undefined || wasSet ? measured : known + (measured - known) / 10
    return wasSet
  }

  const current = Effect.fnUntraced(function* (key: string, endpoint: Endpoint) {
    const asked = yield* monotonic
    if (endpoint.policy !== undefined && asked - endpoint.readAt < freshness) return endpoint.policy
    const { policy, time } = yield* policies.get(key)
    const answered = yield* monotonic
    const wasSet = time !== undefined && readTime(time, asked, answered)
    endpoint.policy = policy
    endpoint.readAt = answered
    if (policy === undefined) return undefined
    // its bucket and pause are of times that are not to come, or long past
    const since = yield* now
    if (!wasSet && policy.since <= since + largestSkew) return policy
    const anew = { ...policy, version: policy.version + 1, since, pause: 0, bucket: policy.bucket + 1 }
    if (yield* replace(key, endpoint, anew)) yield* empty(key, anew)
    return endpoint.policy
  })

  /** Takes calls out of our bucket, which may owe some then. A negative number of them is put into it. */
  const take = (
    key: string,
    { bucket, interval }: Policy,
    limit: number,
    tokens: number
  ): Effect.Effect<ConsumeResult, RateLimiterError> => {
    const capacity = capacityOf(limit, interval)
    const window = Duration.millis(interval * capacity)
    return byStoreTime(
      limiter.consume({
        algorithm: "token-bucket",
        onExceeded: "delay",
        key: `${key}:${bucket}`,
        limit: capacity,
        window,
        tokens
      })
    )
  }

  /** Leaves at most so many calls in our bucket. */
  const lower = Effect.fnUntraced(function* (key: string, policy: Policy, limit: number, level: number) {
    const { remaining } = yield* take(key, policy, limit, 0)
    if (remaining > level) yield* take(key, policy, limit, remaining - level)
  })

  const empty = (key: string, policy: Policy): Effect.Effect<void, RateLimiterError> =>
    policy.limit === undefined ? Effect.void : lower(key, policy, policy.limit, 0)

  /** The level from which our bucket has a call again at the end of a pause. */
  const levelOfPause = ({ interval, pause }: Policy): number => 1 - Math.ceil(pause / interval)

  const takeFirst = (key: string, tokens: number) =>
    byStoreTime(
      limiter.consume({
        algorithm: "token-bucket",
        onExceeded: "delay",
        key: `${key}:first`,
        limit: 1,
        window: unknownInterval,
        tokens
      })
    )

  /** Admits one call a second while the limit is unknown; `undefined` once the limit is known. */
  const admitFirst = Effect.fnUntraced(function* (key: string, endpoint: Endpoint) {
    const { delay } = yield* takeFirst(key, 1)
    for (let left = Duration.toMillis(delay); left > 0; left -= peekInterval) {
      yield* endpoint.queue.announce(peekInterval)
      yield* Effect.sleep(Math.min(peekInterval, left))
      if ((yield* current(key, endpoint)) !== undefined) return undefined
      if (endpoint.failed > 0) {
        endpoint.failed -= 1
        yield* takeFirst(key, -1)
        break
      }
    }
    endpoint.unanswered += 1
    return { key, version: 0, expected: undefined, epoch: 0 } satisfies Ticket
  })

  /** Admits a call at once if the server reports no limit, or as Effect's limiter has learned from refused calls. */
  const admitUnlimited = Effect.fnUntraced(function* (key: string, { interval, refusing, version }: Policy) {
    if (!refusing) return { key, version, expected: undefined, epoch: 0 } satisfies Ticket
    while (true) {
      const { delay, epoch, phase } = yield* byStoreTime(
        limiter.adaptiveConsume({
          key,
          tokens: 1,
          fallbackLimit: 1,
          fallbackWindow: Duration.millis(Math.max(interval, unknownInterval))
        })
      )
      yield* Effect.sleep(delay)
      if (phase !== "cooldown" || Duration.isZero(delay)) {
        return { key, version, expected: undefined, epoch } satisfies Ticket
      }
    }
  })

  const admitNext = Effect.fnUntraced(function* (
    key: string,
    endpoint: Endpoint
  ): Effect.fn.Return<Ticket, E | RateLimiterError> {
    while (true) {
      const policy = yield* current(key, endpoint)
      if (policy === undefined) {
        const ticket = yield* admitFirst(key, endpoint)
        if (ticket !== undefined) return ticket
        continue
      }
      const { interval, limit, version } = policy
      endpoint.queue.interval = interval
      if (limit === undefined) return yield* admitUnlimited(key, policy)
      const pause = pausedFor(policy, yield* now)
      if (pause > 0) {
        yield* endpoint.queue.announce(pause)
        // whole milliseconds: what is left of one may be no time at all to a clock
        yield* Effect.sleep(Math.ceil(pause))
        continue
      }
      const { delay, remaining } = yield* take(key, policy, limit, 1)
      yield* endpoint.queue.announce(Duration.toMillis(delay))
      if (!Duration.isZero(delay)) {
        yield* Effect.onInterrupt(Effect.sleep(delay), () => Effect.ignore(take(key, policy, limit, -1)))
        const latest = yield* current(key, endpoint)
        if (latest === undefined || pausedFor(latest, yield* now) > 0) continue
      }
      return { key, version, expected: Math.max(0, remaining) + reserveOf(limit, interval), epoch: 0 }
    }
  })

  const onUnlimitedResponse = Effect.fnUntraced(function* (
    { epoch, key }: Ticket,
    endpoint: Endpoint,
    policy: Policy | undefined,
    report: Report,
    time: number
  ) {
    const { retryAfter, status } = report
    const wasRefused = retryAfter !== undefined
    // the response of something in front of the server says nothing
    if (policy === undefined && status >= 500) endpoint.failed += 1
    const says = wasRefused || (policy === undefined ? status < 500 : status < 300)
    const same =
      policy !== undefined && policy.limit === undefined && policy.refusing === (wasRefused || policy.refusing)
    if (says && !same) yield* replace(key, endpoint, learn(policy, report, time))
    if (wasRefused) {
      yield* byStoreTime(
        limiter.adaptiveFeedback({
          key,
          epoch,
          tokens: 1,
          status,
          retryAfter: Duration.millis(pauseAfter(retryAfter, 1))
        })
      )
    }
  })

  const onResponse = Effect.fnUntraced(function* (ticket: Ticket, report: Report) {
    const { expected, key, version } = ticket
    const endpoint = endpointOf(key)
    if (version === 0) endpoint.unanswered -= 1
    // if it is out of date, it is not replaced
    const policy = endpoint.policy ?? (yield* current(key, endpoint))
    const time = yield* now
    const limit = report.limit ?? (report.retryAfter === undefined ? undefined : policy?.limit)
    if (limit === undefined) return yield* onUnlimitedResponse(ticket, endpoint, policy, report, time)
    if (policy?.limit !== limit) {
      const learned = learn(policy, report, time)
      if (yield* replace(key, endpoint, learned)) {
        const left = (report.remaining ?? 0) - endpoint.unanswered - reserveOf(limit, learned.interval)
        yield* lower(key, learned, limit, report.retryAfter === undefined ? left : levelOfPause(learned))
      }
      return
    }
    // calls that were sent before the last change show what is known already
    if (version !== policy.version) return
    if (report.retryAfter !== undefined) {
      const changed = refused(policy, limit, report, time)
      if (yield* replace(key, endpoint, changed)) yield* lower(key, changed, limit, levelOfPause(changed))
      return
    }
    if (expected === undefined) return
    const { correction, observed } = observe(policy, limit, endpoint.observed, expected, report, time)
    endpoint.observed = observed
    if (correction !== undefined && (yield* replace(key, endpoint, correction.policy))) {
      yield* take(key, correction.policy, limit, correction.take)
    }
  })

  return {
    admit: Effect.fnUntraced(function* (key) {
      const endpoint = endpointOf(key)
      const policy = yield* current(key, endpoint)
      return policy !== undefined && policy.limit === undefined
        ? yield* admitUnlimited(key, policy)
        : yield* endpoint.queue.run(admitNext(key, endpoint))
    }),
    onResponse,
    onNoResponse: ({ key, version }) =>
      Effect.sync(() => {
        if (version !== 0) return
        const endpoint = endpointOf(key)
        endpoint.unanswered -= 1
        endpoint.failed += 1
      })
  }
}
