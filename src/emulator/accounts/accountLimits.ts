/** The limits of an account. CARTO's web application publishes them in Redis for the SQL API. */
import type { Hash, KeyStoreService } from "../state/keyStore.ts"

/** A group of endpoints whose requests are counted together. */
export type RateLimitGroup = "query" | "job_create" | "job_get" | "job_delete" | "copy_from" | "copy_to"

/** A limit of the generic cell rate algorithm. */
export interface RateLimit {
  /** The number of requests that may arrive at once in addition to the first. */
  readonly burst: number
  /** The number of requests that are allowed in a period. */
  readonly count: number
  /** The period in seconds. */
  readonly period: number
}

/** Limits of an account. All are optional. If a limit is absent, only the emulator's own limits apply. */
export interface AccountLimits {
  /** Rate limits by group of endpoints. */
  readonly rateLimits?: Readonly<Partial<Record<RateLimitGroup, RateLimit>>> | undefined
  /** The maximum time of a statement sent to `/sql`, in milliseconds. */
  readonly statementTimeout?: number | undefined
  /** The maximum time of an export (`format=csv`), in milliseconds. */
  readonly exportTimeout?: number | undefined
  /** The maximum time of a statement in a batch job, in milliseconds. */
  readonly jobTimeout?: number | undefined
  /** The maximum number of batch jobs that wait at the same time. */
  readonly waitingJobs?: number | undefined
}

const isPositive = (value: number | undefined): boolean => value === undefined || (Number.isFinite(value) && value > 0)

/** The first problem with the limits. `undefined` if they are valid. */
export const problemOfLimits = (limits: AccountLimits): string | undefined => {
  for (const name of ["statementTimeout", "exportTimeout", "jobTimeout"] as const) {
    if (!isPositive(limits[name])) return `${name} is a positive number of milliseconds`
  }
  const { waitingJobs } = limits
  if (waitingJobs !== undefined && (!Number.isInteger(waitingJobs) || waitingJobs < 0)) {
    return "waitingJobs is a whole number, 0 or more"
  }
  const rates = Object.entries(limits.rateLimits ?? {})
  const wrong = rates.find(
    ([, { burst, count, period }]) => !(Number.isInteger(burst) && burst >= 0 && count > 0 && period > 0)
  )
  return wrong === undefined
    ? undefined
    : `the rate limit of ${wrong[0]} needs a burst of 0 or more, and a positive count and period`
}

const defined = (members: Readonly<Record<string, number | undefined>>): Hash =>
  Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as const]))
  )

/** Publishes the limits of an account. */
export const publishLimits = (keyStore: KeyStoreService, username: string, limits: AccountLimits): void => {
  for (const [group, { burst, count, period }] of Object.entries(limits.rateLimits ?? {})) {
    keyStore.set(`limits:rate:store:${username}:sql:${group}`, {
      0: String(burst),
      1: String(count),
      2: String(period)
    })
  }
  const { exportTimeout, jobTimeout, statementTimeout, waitingJobs } = limits
  const timeouts = defined({ render: exportTimeout, render_public: exportTimeout, statement: statementTimeout })
  if (Object.keys(timeouts).length > 0) keyStore.set(`limits:timeout:${username}`, timeouts)
  const batch = defined({ timeout: jobTimeout, waiting: waitingJobs })
  if (Object.keys(batch).length > 0) keyStore.set(`limits:batch:${username}`, batch)
}
