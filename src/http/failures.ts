/** What a failed request means: its reason, whether the server may have carried it out, and whether it may be sent again. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { HttpClientError } from "effect/http/HttpClientError"
import type { RetryFailure } from "../account/TransportOptions.ts"
import {
  type AmbiguousFailure,
  OutcomeUnknown,
  RateLimited,
  RedirectRefused,
  RequestTooLarge,
  ResponseMalformed,
  ServerUnavailable,
  TransportFailed
} from "../errors/Call.ts"
import { readRateLimit } from "./rateLimit.ts"
import { excerpt } from "./redaction.ts"
import type { WireResponse } from "./response.ts"

/** Whatever has a tag. */
export interface Tagged {
  readonly _tag: string
}

/** Why a response is not one of the API's. */
export type UnexpectedReason = RequestTooLarge | ResponseMalformed | ServerUnavailable

/** A response that no rule of its API explains. */
export const unexpected = (response: WireResponse, description: string): UnexpectedReason => {
  const { status } = response
  if (status === 413) return new RequestTooLarge()
  const body = excerpt(response.scrub(response.text))
  return status >= 500 && status < 600
    ? new ServerUnavailable({ status, body })
    : new ResponseMalformed({ status, description: excerpt(response.scrub(description)), body })
}

/** The rate limit of a response with status 429. */
export const rateLimited = ({ headers }: WireResponse): Effect.Effect<RateLimited> =>
  Effect.map(Clock.currentTimeMillis, (now) => new RateLimited(readRateLimit(headers, now)))

/** The messages of an error and its causes: what a user needs to see of a failed connection. */
const messages = (error: unknown, depth = 0): ReadonlyArray<string> => {
  if (!(error instanceof Error) || depth > 4) return []
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined
  const own = error.message === "" ? (code ?? error.name) : error.message
  const nested = error instanceof AggregateError ? error.errors[0] : error.cause
  return [own, ...messages(nested, depth + 1)]
}

/** The messages of OpenSSL, rustls and BoringSSL when the other side does not speak TLS. */
const notTls = /wrong version number|packet length too long|InvalidContentType|WRONG_VERSION_NUMBER|record overflow/

/** The messages of a failed connection, with the remedy of common ones. */
export const describeFailure = (error: HttpClientError): string => {
  const { reason } = error
  const found = "cause" in reason ? messages(reason.cause) : []
  const description = "description" in reason ? reason.description : undefined
  const parts = [...new Set([...(description === undefined ? [] : [description]), ...found])]
  if (parts.some((part) => notTls.test(part))) {
    parts.push("the server does not speak TLS on this port: correct the port, or use http:// for a local server")
  }
  return parts.join(": ") || "the connection failed"
}

/** The messages of Node, Deno and Bun for a connection that was not made. */
const notConnected =
  /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|Connect Timeout|\(Connect\)|Unable to connect|certificate|does not speak TLS/

/** Whether a response with status 5xx is one of the SQL API's own errors. */
const isApiError = (reason: Tagged): boolean =>
  reason instanceof ServerUnavailable && /^\s*\{\s*"error":/.test(reason.body)

/** Whether the server may have carried out a request that failed so. Of redirects only 303 says that it has. */
export const isAmbiguous = <Reason extends Tagged>(reason: Reason): reason is Extract<Reason, AmbiguousFailure> =>
  reason instanceof TransportFailed
    ? !notConnected.test(reason.description)
    : reason instanceof ResponseMalformed
      ? reason.status < 400
      : reason instanceof RedirectRefused
        ? reason.status === 303
        : reason instanceof ServerUnavailable
          ? !isApiError(reason)
          : reason._tag === "DeadlineExceeded" || reason._tag === "ResponseTooLarge"

/** The failure of a write about which the client cannot find out. */
export const outcomeUnknown = (failure: AmbiguousFailure): Effect.Effect<never, OutcomeUnknown> =>
  Effect.fail(new OutcomeUnknown({ failure }))

/** Whether a failure may pass, and is shown to the retry policy. */
export const isTransient = (reason: Tagged): reason is RetryFailure["reason"] =>
  reason instanceof RateLimited ||
  reason instanceof TransportFailed ||
  (reason instanceof ServerUnavailable && [502, 503, 504].includes(reason.status))

/** Whether a request that was certainly not carried out, or whose outcome is known, may be sent again. */
export const mayRepeat = (reason: Tagged): boolean => !isApiError(reason)
