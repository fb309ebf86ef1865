/** The rate limit that the headers of a response describe. */
import * as Duration from "effect/Duration"

/** A rate limit. Fields that the headers lack, or that are malformed, are `undefined`. */
export interface RateLimitHeaders {
  /** The calls of a full allowance. */
  readonly limit: number | undefined
  /** The calls that are left. */
  readonly remaining: number | undefined
  /** The time until the allowance is full. */
  readonly reset: Duration.Duration | undefined
  /** The time until the next call may pass. */
  readonly retryAfter: Duration.Duration | undefined
}

const number = (value: string | undefined): number | undefined =>
  value !== undefined && /^\s*\d{1,12}(?:\.\d{1,9})?\s*$/.test(value) ? Number(value) : undefined

const seconds = (value: number | undefined): Duration.Duration | undefined =>
  value === undefined ? undefined : Duration.seconds(Math.max(0, value))

/** Seconds until a `Retry-After`, which is a number of seconds or a date. */
const readRetryAfter = (value: string | undefined, now: number): number | undefined => {
  const date = Date.parse(value ?? "")
  return number(value) ?? (Number.isNaN(date) ? undefined : (date - now) / 1000)
}

/**
 * Reads `Carto-Rate-Limit-*` and `Retry-After`. `now` is in milliseconds. `Headers.parseRetryAfter` of `effect/http` brings dates of
 * `effect/DateTime` into every Worker.
 */
export const readRateLimit = (headers: Readonly<Record<string, string>>, now: number): RateLimitHeaders => ({
  limit: number(headers["carto-rate-limit-limit"]),
  remaining: number(headers["carto-rate-limit-remaining"]),
  reset: seconds(number(headers["carto-rate-limit-reset"])),
  retryAfter: seconds(readRetryAfter(headers["retry-after"], now))
})
