/**
 * Rate limits per account and group of endpoints, by the generic cell rate algorithm. In Redis, the limits of
 * `limits:rate:store:ACCOUNT:sql:GROUP` are a list. Here, the items of the list are the fields `0`, `1`, `2`, … of a
 * hash: burst, count and period in seconds, repeated.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { KeyStoreService } from "../state/keyStore.ts"
import { ApiError } from "./apiError.ts"

/** A group of endpoints with common limits. */
export type EndpointGroup = "query" | "job_create" | "job_get" | "job_delete" | "copy_from" | "copy_to"

/** One limit of a group. */
export interface Limit {
  /** Number of calls allowed at once beyond the first. */
  readonly burst: number
  readonly count: number
  /** Milliseconds in which `count` calls are allowed. */
  readonly period: number
}

/** The effect of one call on one limit. Times are in milliseconds. */
export interface Verdict {
  readonly allowed: boolean
  readonly limit: number
  readonly remaining: number
  /** Time until the limit is fully restored. */
  readonly reset: number
  /** Time until the next call is allowed; 0 if this call is allowed. */
  readonly retryAfter: number
  /** The theoretical arrival time to store for the next call. */
  readonly arrival: number
}

/** Performs one step of the algorithm. `arrival` is the theoretical arrival time that the previous call stored. */
export const decide = ({ burst, count, period }: Limit, arrival: number | undefined, now: number): Verdict => {
  const limit = burst + 1
  const interval = period / count
  const tolerance = interval * limit
  const before = Math.max(now, arrival ?? now)
  const after = before + interval
  const early = after - tolerance - now
  const allowed = early <= 0
  const kept = allowed ? after : before
  const reset = kept - now
  return {
    allowed,
    limit,
    remaining: Math.max(0, Math.floor((tolerance - reset) / interval)),
    reset,
    retryAfter: allowed ? 0 : early,
    arrival: kept
  }
}

const limitsOf = (keyStore: KeyStoreService, key: string): ReadonlyArray<Limit> => {
  const hash = keyStore.get(key) ?? {}
  const limits: Array<Limit> = []
  for (let at = 0; hash[at + 2] !== undefined; at += 3) {
    limits.push({ burst: Number(hash[at]), count: Number(hash[at + 1]), period: Number(hash[at + 2]) * 1000 })
  }
  return limits
}

const tightest = (verdicts: ReadonlyArray<Verdict>): Verdict | undefined =>
  verdicts.find(({ allowed }) => !allowed) ?? verdicts.toSorted((one, other) => one.remaining - other.remaining)[0]

/**
 * Counts a call of an account. Sets the headers if the account is limited. Fails with 429 if the call exceeds a limit.
 */
export const check: (
  keyStore: KeyStoreService,
  username: string,
  group: EndpointGroup,
  headers: Headers
) => Effect.Effect<void, ApiError> = Effect.fnUntraced(function* (keyStore, username, group, headers) {
  const now = yield* Clock.currentTimeMillis
  const verdicts = limitsOf(keyStore, `limits:rate:store:${username}:sql:${group}`).map((limit, index) => {
    const status = `limits:rate:status:${username}:sql:${group}:${index}`
    const arrival = keyStore.get(status)?.["arrival"]
    const verdict = decide(limit, arrival === undefined ? undefined : Number(arrival), now)
    keyStore.set(status, { arrival: String(verdict.arrival) })
    return verdict
  })
  const verdict = tightest(verdicts)
  if (verdict === undefined) return
  headers.set("Carto-Rate-Limit-Limit", String(verdict.limit))
  headers.set("Carto-Rate-Limit-Remaining", String(verdict.remaining))
  headers.set("Carto-Rate-Limit-Reset", String(Math.floor(verdict.reset / 1000)))
  if (verdict.allowed) return
  headers.set("Retry-After", String(Math.floor(verdict.retryAfter / 1000) + 1))
  return yield* new ApiError({
    status: 429,
    message: "You are over platform's limits. Please contact us to know more details",
    context: "limit",
    detail: "rate-limit"
  })
})
