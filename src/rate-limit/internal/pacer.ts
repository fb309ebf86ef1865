/** Lets calls go out at the pace that their rate limit allows. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ConsumeResult, RateLimiter, RateLimiterError } from "effect/persistence/RateLimiter"
import { type Answer, capacityOf, learn, type Observed, observe, type Policy, refused, reserveOf } from "./policy.ts"
import type { PolicyStore } from "./policyStore.ts"
import { makeTurns, type Turns } from "./fifoQueue.ts"

/** A call that may go out now. */
export interface Ticket {
  readonly key: string
  /** Of the policy under which it goes; 0 where there is none yet. */
  readonly version: number
  /** What should be left at the server after it. */
  readonly expected: number | undefined
  /** Of what Effect's limiter has learned, where the server tells of no limit. */
  readonly epoch: number
}

export interface Pacer<E> {
  /** Waits until a call may go out. */
  readonly admit: (key: string) => Effect.Effect<Ticket, E>
  /** Learns from its answer. */
  readonly settle: (ticket: Ticket, answer: Answer) => Effect.Effect<void, E>
  /** Of a call without an answer of the server. */
  readonly lose: (ticket: Ticket) => Effect.Effect<void>
}

/** While nothing is known of a limit, one call goes out in this time: the first may be a long query. */
const unknownInterval = 1000

/** How soon a call that waits sees that something has been learned. */
const look = 50

interface Line {
  /** One call at a time is between our bucket and the wire, so that a change is felt at once. */
  readonly turns: Turns
  /** The policy as it was last read, and when. */
  policy: Policy | undefined
  read: number
  observed: Observed | undefined
  /** Calls that went out while no limit was known, and are not answered. */
  unanswered: number
  /** Those of them that failed: for each another one may go, or a server that is down would be waited for in vain. */
  lost: number
}

/** Calls of one key share a limit. A policy that was read is used for `freshness` milliseconds. */
export const makePacer = <E>({
  freshness,
  limiter,
  policies
}: {
  readonly freshness: number
  readonly limiter: RateLimiter
  readonly policies: PolicyStore<E>
}): Pacer<E | RateLimiterError> => {
  const lines = new Map<string, Line>()
  const lineOf = (key: string): Line => {
    const line = lines.get(key) ?? {
      turns: makeTurns(),
      policy: undefined,
      read: -Infinity,
      observed: undefined,
      unanswered: 0,
      lost: 0
    }
    lines.set(key, line)
    return line
  }

  const current = Effect.fnUntraced(function* (key: string, line: Line) {
    const now = yield* Clock.currentTimeMillis
    if (line.policy === undefined || now - line.read >= freshness) {
      line.policy = yield* policies.get(key)
      line.read = now
    }
    return line.policy
  })

  const replace = Effect.fnUntraced(function* (key: string, line: Line, policy: Policy) {
    line.observed = undefined
    const done = yield* policies.replace(key, policy)
    line.policy = done ? policy : undefined
    line.read = yield* Clock.currentTimeMillis
    return done
  })

  /** Takes calls out of our bucket, which may owe some then; below 0 it puts them back. */
  const take = (
    key: string,
    interval: number,
    limit: number,
    tokens: number
  ): Effect.Effect<ConsumeResult, RateLimiterError> => {
    const capacity = capacityOf(limit, interval)
    const window = Duration.millis(interval * capacity)
    return limiter.consume({ algorithm: "token-bucket", onExceeded: "delay", key, limit: capacity, window, tokens })
  }

  /** Leaves at most so many calls in our bucket. */
  const lower = Effect.fnUntraced(function* (key: string, { interval }: Policy, limit: number, level: number) {
    const { remaining } = yield* take(key, interval, limit, 0)
    if (remaining > level) yield* take(key, interval, limit, remaining - level)
  })

  /** The level from which our bucket has a call again at the end of a pause. */
  const levelOfPause = ({ interval, pausedUntil, since }: Policy): number =>
    1 - Math.ceil((pausedUntil - since) / interval)

  const takeFirst = (key: string, tokens: number) =>
    limiter.consume({
      algorithm: "token-bucket",
      onExceeded: "delay",
      key: `${key}:first`,
      limit: 1,
      window: unknownInterval,
      tokens
    })

  /** While the limit is unknown: one call a second, or none once the limit is known. */
  const first = Effect.fnUntraced(function* (key: string, line: Line) {
    const { delay } = yield* takeFirst(key, 1)
    for (let left = Duration.toMillis(delay); left > 0; left -= look) {
      yield* Effect.sleep(Math.min(look, left))
      if ((yield* current(key, line)) !== undefined) return undefined
      if (line.lost > 0) {
        line.lost -= 1
        yield* takeFirst(key, -1)
        break
      }
    }
    line.unanswered += 1
    return { key, version: 0, expected: undefined, epoch: 0 } satisfies Ticket
  })

  const lose = ({ key, version }: Ticket): Effect.Effect<void> =>
    Effect.sync(() => {
      const line = lineOf(key)
      if (version !== 0) return
      line.unanswered -= 1
      line.lost += 1
    })

  /** Where the server tells of no limit: at once, or as Effect's limiter has learned from refusals. */
  const free = Effect.fnUntraced(function* (key: string, { interval, refusing, version }: Policy) {
    if (!refusing) return { key, version, expected: undefined, epoch: 0 } satisfies Ticket
    while (true) {
      const { delay, epoch, phase } = yield* limiter.adaptiveConsume({
        key,
        tokens: 1,
        fallbackLimit: 1,
        fallbackWindow: Duration.millis(Math.max(interval, unknownInterval))
      })
      yield* Effect.sleep(delay)
      if (phase !== "cooldown" || Duration.isZero(delay)) {
        return { key, version, expected: undefined, epoch } satisfies Ticket
      }
    }
  })

  const next = Effect.fnUntraced(function* (key: string, line: Line): Effect.fn.Return<Ticket, E | RateLimiterError> {
    while (true) {
      const policy = yield* current(key, line)
      if (policy === undefined) {
        const ticket = yield* first(key, line)
        if (ticket !== undefined) return ticket
        continue
      }
      const { interval, limit, pausedUntil, version } = policy
      line.turns.interval = interval
      if (limit === undefined) return yield* free(key, policy)
      const now = yield* Clock.currentTimeMillis
      const pause = pausedUntil - now
      if (pause > 0) {
        line.turns.due = pausedUntil
        // whole milliseconds: what is left of one may be no time at all to a clock
        yield* Effect.sleep(Math.ceil(pause))
        continue
      }
      const { delay, remaining } = yield* take(key, interval, limit, 1)
      line.turns.due = now + Duration.toMillis(delay)
      if (!Duration.isZero(delay)) {
        yield* Effect.onInterrupt(Effect.sleep(delay), () => Effect.ignore(take(key, interval, limit, -1)))
        const latest = yield* current(key, line)
        if (latest === undefined || latest.pausedUntil > (yield* Clock.currentTimeMillis)) continue
      }
      return { key, version, expected: Math.max(0, remaining) + reserveOf(limit, interval), epoch: 0 }
    }
  })

  const settleUnlimited = Effect.fnUntraced(function* (
    { epoch, key }: Ticket,
    line: Line,
    policy: Policy | undefined,
    answer: Answer,
    now: number
  ) {
    const { retryAfter, status } = answer
    const wasRefused = retryAfter !== undefined
    // An answer of something in front of the server says nothing.
    if (policy === undefined && status >= 500) line.lost += 1
    const says = wasRefused || (policy === undefined ? status < 500 : status < 300)
    const same =
      policy !== undefined && policy.limit === undefined && policy.refusing === (wasRefused || policy.refusing)
    if (says && !same) yield* replace(key, line, learn(policy, answer, now))
    if (wasRefused) {
      yield* limiter.adaptiveFeedback({ key, epoch, tokens: 1, status, retryAfter: Duration.millis(retryAfter) })
    }
  })

  const settle = Effect.fnUntraced(function* (ticket: Ticket, answer: Answer) {
    const { expected, key, version } = ticket
    const line = lineOf(key)
    if (version === 0) line.unanswered -= 1
    // One that is out of date is found out when it is replaced.
    const policy = line.policy ?? (yield* current(key, line))
    const now = yield* Clock.currentTimeMillis
    const limit = answer.limit ?? (answer.retryAfter === undefined ? undefined : policy?.limit)
    if (limit === undefined) return yield* settleUnlimited(ticket, line, policy, answer, now)
    if (policy?.limit !== limit) {
      const learned = learn(policy, answer, now)
      if (yield* replace(key, line, learned)) {
        const left = (answer.remaining ?? 0) - line.unanswered - reserveOf(limit, learned.interval)
        yield* lower(key, learned, limit, answer.retryAfter === undefined ? left : levelOfPause(learned))
      }
      return
    }
    // Calls that went out before the last change tell of what is known already.
    if (version !== policy.version) return
    if (answer.retryAfter !== undefined) {
      const changed = refused(policy, limit, answer, now)
      if (yield* replace(key, line, changed)) yield* lower(key, changed, limit, levelOfPause(changed))
      return
    }
    if (expected === undefined) return
    const { correction, observed } = observe(policy, limit, line.observed, expected, answer, now)
    line.observed = observed
    if (correction !== undefined && (yield* replace(key, line, correction.policy))) {
      yield* take(key, correction.policy.interval, limit, correction.take)
    }
  })

  return {
    admit: Effect.fnUntraced(function* (key) {
      const line = lineOf(key)
      const policy = yield* current(key, line)
      return policy !== undefined && policy.limit === undefined
        ? yield* free(key, policy)
        : yield* line.turns.take(next(key, line))
    }),
    settle,
    lose
  }
}
