/** When a failed request is sent again. */
import * as Duration from "effect/Duration"
import type { RetryPolicy } from "../account/TransportOptions.ts"

const longestWait = 60_000

/**
 * Retries up to three times. After a rate limit, which the server reports before it runs anything: when the server says, if that
 * is within a minute. After a failure of the transport, 502, 503 and 504: idempotent requests only, after 0.5, 1 and 2 seconds.
 */
export const standardRetry: RetryPolicy = ({ attempt, isSafe, reason }) => {
  if (attempt > 3) return undefined
  if (reason._tag !== "RateLimited") return isSafe ? 250 * 2 ** attempt : undefined
  const wait = reason.retryAfter === undefined ? Infinity : Duration.toMillis(reason.retryAfter)
  return wait <= longestWait ? wait : undefined
}
