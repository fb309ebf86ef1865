/** Which requests are sent again, and when. */
import * as Duration from "effect/Duration"
import type { RateLimited, ServerUnavailable, TransportFailed } from "../errors/Call.ts"

export interface RetryFailure {
  readonly reason: RateLimited | ServerUnavailable | TransportFailed
  /** How often the request has been sent. */
  readonly attempt: number
  /** Whether sending it again cannot do anything twice: it reads, deletes, or is marked as idempotent. */
  readonly isSafe: boolean
}

/** The milliseconds after which to send the request again, to which up to a fifth is added; `undefined` for not at all. */
export type RetryPolicy = (failure: RetryFailure) => number | undefined

const longestWait = 60_000

/**
 * Up to three times again. After a rate limit, which the server tells before it runs anything: when it says, at most a
 * minute later. After a failure of the transport, 502, 503 and 504: only what is safe, after 0.5, 1 and 2 seconds.
 */
export const standardRetry: RetryPolicy = ({ attempt, isSafe, reason }) => {
  if (attempt > 3) return undefined
  if (reason._tag !== "RateLimited") return isSafe ? 250 * 2 ** attempt : undefined
  const wait = reason.retryAfter === undefined ? Infinity : Duration.toMillis(reason.retryAfter)
  return wait <= longestWait ? wait : undefined
}
