/**
 * What is known of a rate limit, and what answers tell about it.
 *
 * The server counts by the generic cell rate algorithm, which is a bucket of `limit` calls into which one call comes back
 * every interval. It tells the size of its bucket and what is left in it, but the interval only in whole seconds until the
 * bucket is full, which for most plans is 0 or 1. So calls go out by a bucket of our own, and where the server's is found
 * to drift away from it, ours is set right and the interval with it. Others that use up the account are seen in the same
 * way.
 *
 * All times are milliseconds.
 */

export interface Policy {
  /** Each change makes another one. What was learned from calls that began under another version says nothing about this. */
  readonly version: number
  /** Calls in a full bucket; `undefined` where the server tells of no limit. */
  readonly limit?: number | undefined
  /** In which one call comes back. */
  readonly interval: number
  /** When a call may go out again. */
  readonly pausedUntil: number
  /** When this version was made. */
  readonly since: number
  /** Whether both buckets have been compared since they were last out of step, so that a difference is one of pace. */
  readonly settled: boolean
  /** Whether calls were refused though the server tells of no limit. */
  readonly refusing: boolean
}

/** What an answer tells. */
export interface Answer {
  readonly status: number
  readonly limit: number | undefined
  readonly remaining: number | undefined
  /** Seconds until the bucket is full, give or take one: releases of the server round up or down. */
  readonly reset: number | undefined
  /** Of a refused call: how long to wait. */
  readonly retryAfter: number | undefined
}

/** By how many milliseconds one call may take longer than another to reach the server. */
const jitter = 500

/** Calls that are left in the server's bucket, since not all take equally long to reach it. */
export const reserveOf = (limit: number, interval: number): number =>
  limit < 2 ? 0 : Math.max(1, Math.min(10, Math.floor(limit / 5), Math.ceil(jitter / interval)))

/** Calls in a full bucket of ours. */
export const capacityOf = (limit: number, interval: number): number => limit - reserveOf(limit, interval)

/**
 * No interval or pause is longer, whatever the server says: calls that would wait for longer are refused, and their callers
 * told so.
 */
const longest = 120_000

/** No interval is shorter: it would be that of a server whose bucket never empties. */
const shortest = 1

/** An interval that the seconds until the bucket is full do not contradict. It may be too long, never much too short. */
const notTooShort = (interval: number, { limit, remaining, reset }: Answer): number => {
  if (limit === undefined || remaining === undefined || reset === undefined || limit <= remaining) return interval
  const used = limit - remaining
  return interval * used < (reset - 1) * 1000 ? Math.min(longest, ((reset + 0.5) * 1000) / used) : interval
}

/** Most plans allow in a second as many calls as in a burst, which is one less than the limit. */
const guess = (limit: number): number => 1000 / Math.max(1, limit - 1)

const unlimited = { limit: undefined, interval: 0, settled: false } as const

/** The policy after an answer that tells another limit than the one that is known. */
export const learn = (known: Policy | undefined, answer: Answer, now: number): Policy => {
  const { limit, retryAfter } = answer
  const pausedUntil = retryAfter === undefined ? (known?.pausedUntil ?? 0) : now + Math.min(retryAfter, longest)
  const common = { version: (known?.version ?? 0) + 1, since: now, pausedUntil }
  if (limit === undefined) return { ...common, ...unlimited, refusing: retryAfter !== undefined }
  const interval = notTooShort(known?.limit === undefined ? guess(limit) : known.interval, answer)
  return { ...common, limit, interval, settled: false, refusing: false }
}

/** How much faster or slower a policy may become at once. */
const largestStep = 2

const paceBy = (interval: number, factor: number): number =>
  Math.min(longest, Math.max(shortest, interval / Math.min(largestStep, Math.max(1 / largestStep, factor))))

/** What a difference of the buckets must be divided by at least, in time and in calls: below, it is chance. */
const shortestSpan = 2000
const fewestCalls = 8

/** The interval at which the server's bucket would not have drifted by so many calls. */
const drifted = ({ interval, since }: Policy, drift: number, now: number): number => {
  const span = Math.max(now - since, shortestSpan, interval * fewestCalls)
  // half of it: what is seen is partly chance, and the rest is seen again
  return paceBy(interval, 1 + (drift / 2 / span) * interval)
}

/**
 * With so small a bucket, what is left tells nothing while we keep the pace: only refusals tell that it is too fast. So it
 * becomes faster by this in every round, and slower by that with each refusal.
 */
const isBlind = (limit: number): boolean => limit <= 2
const groping = { faster: 1.01, slower: 0.95 } as const

/** The policy after a refused call. */
export const refused = (known: Policy, limit: number, answer: Answer, now: number): Policy => {
  const slower = isBlind(limit)
    ? paceBy(known.interval, groping.slower)
    : drifted(known, -(reserveOf(limit, known.interval) + 1), now)
  return {
    ...known,
    version: known.version + 1,
    interval: notTooShort(slower, answer),
    pausedUntil: now + Math.min(answer.retryAfter ?? 0, longest),
    since: now,
    settled: false
  }
}

/** What calls of one version have shown so far. */
export interface Observed {
  readonly version: number
  readonly count: number
  /** Of the differences between what the server has left and what we expected it to have. */
  readonly sum: number
  /** Whether the server's bucket was full at every call that had waited for ours. */
  readonly full: boolean
}

/**
 * As many observations as calls go out in half a second: those that overtake each other are then mostly among them. A
 * bucket that is always full needs few.
 */
const enough = ({ interval }: Policy, { full }: Observed): number =>
  full ? 3 : Math.min(16, Math.max(3, Math.round(500 / interval)))

export interface Correction {
  /** Calls to take out of our bucket; below 0 to put into it. */
  readonly take: number
  readonly policy: Policy
}

/**
 * What follows from one more call that was let through: `expected` is what should be left at the server after it. Answers
 * with the observations to go on with, and a correction where one is due.
 */
export const observe = (
  policy: Policy,
  limit: number,
  before: Observed | undefined,
  expected: number,
  answer: Answer,
  now: number
): { readonly observed: Observed | undefined; readonly correction?: Correction } => {
  const { interval, settled, version } = policy
  const { remaining } = answer
  if (remaining === undefined) return { observed: before }
  const { count, full, sum } = before?.version === version ? before : { count: 0, full: true, sum: 0 }
  const observed: Observed = {
    version,
    count: count + 1,
    sum: sum + remaining - expected,
    full: full && remaining >= limit - 1 && expected === reserveOf(limit, interval)
  }
  const change = (take: number, next: number, isSettled: boolean) => ({
    observed: undefined,
    correction: { take, policy: { ...policy, version: version + 1, interval: next, since: now, settled: isSettled } }
  })
  const longer = notTooShort(interval, answer)
  if (longer !== interval) return change(0, longer, false)
  if (observed.count < enough(policy, observed)) return { observed }
  if (isBlind(limit)) return change(0, paceBy(interval, groping.faster), false)
  const mean = observed.sum / observed.count
  const step = mean < 0 ? Math.round(mean) : Math.floor(mean)
  if (step === 0) return { observed: undefined }
  // A full bucket takes no more in: how much faster the calls might go out it does not tell.
  if (observed.full) return change(-step, paceBy(interval, largestStep), settled)
  return change(-step, settled ? drifted(policy, mean, now) : interval, true)
}
