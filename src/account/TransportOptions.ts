/** How requests of an account are sent: deadlines, retries, limits. */
import type * as Duration from "effect/Duration"
import type { HttpClient } from "effect/http/HttpClient"
import type { RateLimited, ServerUnavailable, TransportFailed } from "../errors/Call.ts"

/** A failure that may pass, as a {@link RetryPolicy} sees it. */
export interface RetryFailure {
  /** Why the request failed. */
  readonly reason: RateLimited | ServerUnavailable | TransportFailed
  /** How many times the request has been sent. */
  readonly attempt: number
  /** Whether a second request cannot do anything twice: the request reads, deletes, or is marked as idempotent. */
  readonly isSafe: boolean
}

/** Returns the milliseconds after which to send the request again, or `undefined` to give up. Up to a fifth is added. */
export type RetryPolicy = (failure: RetryFailure) => number | undefined

/** How requests are sent. Part of `AuthOptions`. */
export interface TransportOptions {
  /** Options for `fetch` of every request; `redirect` is always `"manual"`. Other transports ignore them. */
  readonly fetchOptions?: globalThis.RequestInit | undefined
  /** Sends the headers `traceparent` and `b3` to the server. @default false */
  readonly propagateTraceContext?: boolean | undefined
  /** Decides which failed requests are sent again; `false` switches retries off. @default up to three retries of idempotent requests */
  readonly retry?: RetryPolicy | false | undefined
  /**
   * How long a call may take, retries included; then its request is aborted. Streams have no limit, and the time for which a
   * `RateGovernor` holds a call back does not count. `"Infinity"` for no limit. @default 30 seconds for keys and jobs, 60 seconds for SQL
   */
  readonly timeout?: Duration.Input | undefined
  /** How long a stream may go without data; then its request is aborted. `"Infinity"` for no limit. @default 5 minutes */
  readonly stallTimeout?: Duration.Input | undefined
  /** The most bytes, decompressed, of a response that is read as a whole; larger ones fail with `ResponseTooLarge`. @default 256e6 */
  readonly maxBodySize?: number | undefined
  /** Wraps the HTTP client that carries the calls: for logging, a rate limiter or a proxy. It sees the header with the key. */
  readonly transformClient?: ((client: HttpClient) => HttpClient) | undefined
}
