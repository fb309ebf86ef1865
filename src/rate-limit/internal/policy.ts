/**
 * What is known of a rate limit, and what responses say about it.
 *
 * The server counts by the generic cell rate algorithm, which is a bucket of `limit` calls into which one call returns every
 * interval. A response has the size of the bucket and the calls left in it. Of the interval it has only the whole seconds until
 * the bucket is full, which for most plans is 0 or 1. So calls are sent by a bucket of our own. If the server's bucket drifts away
 * from it, ours is corrected, and the interval with it. Other clients of the account show in the same way.
 *
 * One response may be wrong. So what no plan has is ignored, a pace that has been kept is changed step by step, and what the next
 * response contradicts is taken back.
 *
 * All times are milliseconds, by a clock that only goes forward.
 */

/** What is known of a rate limit. */
export interface Policy {
  /** Counts the changes. Calls that were sent under another version say nothing about this one. */
  readonly version: number
  /** The calls of a full bucket; `undefined` if the server reports no limit. */
  readonly limit?: number | undefined
  /** The time in which one call returns to the bucket. */
  readonly interval: number
  /** The interval before responses lengthened it, while no other response has confirmed that. */
  readonly confirmed?: number | undefined
  /** No call is sent for so long after `since`. */
  readonly pause: number
  /** The calls that were refused without one passing in between. */
  readonly refusals: number
  /** When this version was made. */
  readonly since: number
  /** Whether both buckets have been compared since they last differed: a difference is then one of pace. */
  readonly inStep: boolean
  /** Whether calls were refused though the server reports no limit. */
  readonly refusing: boolean
  /** The number of our bucket. A bucket whose times cannot be right any more is replaced by another one. */
  readonly bucket: number
}

/** What a response says of the limit. */
export interface Report {
  readonly status: number
  readonly limit: number | undefined
  readonly remaining: number | undefined
  /** Seconds until the bucket is full, give or take one: releases of the server round up or down. */
  readonly reset: number | undefined
  /** How long to wait after a refused call. */
  readonly retryAfter: number | undefined
}

/** By how many milliseconds one call may take longer than another to reach the server. */
const jitter = 500

/** The calls that are left in the server's bucket, since not all take equally long to reach it. */
export const reserveOf = (limit: number, interval: number): number =>
  limit < 2 ? 0 : Math.max(1, Math.min(10, Math.floor(limit / 5), Math.ceil(jitter / interval)))

/** The calls of a full bucket of ours. */
export const capacityOf = (limit: number, interval: number): number => limit - reserveOf(limit, interval)

/** No pause is longer. Calls that have to wait longer are refused by the server, and their callers see that. */
const longestPause = 120_000

/** No plan has a longer interval: a response that says so is wrong. */
const longest = 62_000

/** No interval is shorter: the bucket of such a server never empties. */
const shortest = 1

/** What one response may lengthen an interval to by which calls have been sent, unless twice the interval is more. */
const longestUnconfirmed = 4000

/** What one refused call may hold back all others, unless the interval is longer. Each further one doubles it. */
const firstPause = 10_000

/** How long to send no call after a refused one, which is one of a number in a row. */
export const pauseAfter = (retryAfter: number | undefined, refusals: number, interval = 0): number =>
  Math.min(retryAfter ?? 0, Math.max(firstPause * 2 ** (refusals - 1), interval + 1000), longestPause)

type Interval = Pick<Policy, "confirmed" | "interval">

/** The interval after a response that says how long the bucket takes to be full; `isNew` if no call has been sent by it. */
const readReset = ({ confirmed, interval }: Interval, { limit, remaining, reset }: Report, isNew = false): Interval => {
  const used = (limit ?? 0) - (remaining ?? limit ?? 0)
  if (reset === undefined || used < 1) return { confirmed, interval }
  // a call that has passed takes a whole interval at least, and all but the first of those used take one each
  const longestPossible = ((reset + 1) * 1000) / Math.max(1, used - 1)
  if (confirmed !== undefined && interval > longestPossible) {
    return { confirmed: undefined, interval: Math.min(confirmed, longestPossible) }
  }
  if (interval * used >= (reset - 1) * 1000) return { confirmed, interval }
  const wanted = ((reset + 0.5) * 1000) / used
  if (wanted > longest) return { confirmed, interval }
  const most = isNew ? longest : Math.max(longestUnconfirmed, interval * largestStep)
  return { confirmed: confirmed ?? interval, interval: Math.min(wanted, most) }
}

/** Most plans allow as many calls a second as in a burst, which is one less than the limit. */
const guess = (limit: number): number => Math.max(shortest, 1000 / Math.max(1, limit - 1))

const unlimited = { limit: undefined, interval: 0, confirmed: undefined, inStep: false } as const

/** The policy after a response with another limit than the known one. */
export const learn = (known: Policy | undefined, report: Report, now: number): Policy => {
  const { limit, retryAfter } = report
  const refusals = retryAfter === undefined ? 0 : (known?.refusals ?? 0) + 1
  const pauseBy = (interval: number): number =>
    retryAfter === undefined ? Math.max(0, pausedFor(known, now)) : pauseAfter(retryAfter, refusals, interval)
  const common = { version: (known?.version ?? 0) + 1, since: now, refusals, bucket: known?.bucket ?? 0 }
  if (limit === undefined) return { ...common, ...unlimited, pause: pauseBy(0), refusing: retryAfter !== undefined }
  const before =
    known?.limit === undefined
      ? { interval: guess(limit), confirmed: undefined }
      : { interval: known.interval, confirmed: known.confirmed }
  const next = readReset(before, report, true)
  return { ...common, limit, ...next, pause: pauseBy(next.interval), inStep: false, refusing: false }
}

/** How long no call is sent any more. */
export const pausedFor = (policy: Policy | undefined, now: number): number =>
  policy === undefined ? 0 : Math.min(policy.pause, policy.since + policy.pause - now)

/** How much faster or slower a policy may become at once. */
const largestStep = 2

const paceBy = (interval: number, factor: number): number =>
  Math.min(longest, Math.max(shortest, interval / Math.min(largestStep, Math.max(1 / largestStep, factor))))

/** What a difference of the buckets is divided by at least, in time and in calls: below that, it is chance. */
const shortestSpan = 2000
const fewestCalls = 8

/** The interval at which the server's bucket would not have drifted by so many calls. */
const drifted = ({ interval, since }: Policy, drift: number, now: number): number => {
  const span = Math.max(now - since, shortestSpan, interval * fewestCalls)
  // half of it: what is seen is partly chance, and the rest is seen again
  return paceBy(interval, 1 + (drift / 2 / span) * interval)
}

/**
 * With so small a bucket the calls that are left say nothing while the pace is kept: only refused calls show that it is too fast.
 * So the pace is probed: it becomes faster with every round, and slower with each refused call.
 */
const isTooSmall = (limit: number): boolean => limit <= 2
const probing = { faster: 1.01, slower: 0.95 } as const

/** The policy after a refused call. */
export const refused = (known: Policy, limit: number, report: Report, now: number): Policy => {
  const slower = isTooSmall(limit)
    ? paceBy(known.interval, probing.slower)
    : drifted(known, -(reserveOf(limit, known.interval) + 1), now)
  const refusals = known.refusals + 1
  const next = readReset({ interval: slower, confirmed: known.confirmed }, report)
  return {
    ...known,
    ...next,
    version: known.version + 1,
    pause: pauseAfter(report.retryAfter, refusals, next.interval),
    refusals,
    since: now,
    inStep: false
  }
}

/** What calls of one version have shown so far. */
export interface Observed {
  readonly version: number
  readonly count: number
  /** The sum of the differences between the calls left at the server and those expected to be left. */
  readonly sum: number
  /** Whether the server's bucket was full at every call that had waited for ours. */
  readonly full: boolean
}

/**
 * As many observations as calls are sent in half a second: those that overtake each other are then mostly among them. A bucket
 * that is always full needs few.
 */
const enough = ({ interval }: Policy, { full }: Observed): number =>
  full ? 3 : Math.min(16, Math.max(3, Math.round(500 / interval)))

/** How to bring our bucket in step with the server's. */
export interface Correction {
  /** The calls to take out of our bucket. A negative number is put into it. */
  readonly take: number
  readonly policy: Policy
}

/**
 * Adds one more call that has passed; `expected` calls should be left at the server after it. Returns the observations to
 * continue with, and a correction if one is due.
 */
export const observe = (
  policy: Policy,
  limit: number,
  before: Observed | undefined,
  expected: number,
  report: Report,
  now: number
): { readonly observed: Observed | undefined; readonly correction?: Correction } => {
  const { confirmed, interval, inStep, version } = policy
  const { remaining } = report
  const change = (take: number, next: Interval, isInStep: boolean) => ({
    observed: undefined,
    correction: {
      take,
      policy: { ...policy, ...next, version: version + 1, pause: 0, refusals: 0, since: now, inStep: isInStep }
    }
  })
  const read = readReset(policy, report)
  if (read.interval !== interval) return change(0, read, false)
  if (policy.refusals > 0) return change(0, { interval, confirmed }, false)
  if (remaining === undefined) return { observed: before }
  const { count, full, sum } = before?.version === version ? before : { count: 0, full: true, sum: 0 }
  const observed: Observed = {
    version,
    count: count + 1,
    sum: sum + remaining - expected,
    full: full && remaining >= limit - 1 && expected === reserveOf(limit, interval)
  }
  if (observed.count < enough(policy, observed)) return { observed }
  const at = (next: number): Interval => ({ interval: next, confirmed: undefined })
  if (isTooSmall(limit)) return change(0, at(paceBy(interval, probing.faster)), false)
  const mean = observed.sum / observed.count
  const step = mean < 0 ? Math.round(mean) : Math.floor(mean)
  if (step === 0) return { observed: undefined }
  // a full bucket takes no more in, so it does not show how much faster the calls may be sent
  if (observed.full) return change(-step, at(paceBy(interval, largestStep)), inStep)
  return change(-step, at(inStep ? drifted(policy, mean, now) : interval), true)
}
