/** Why a call to either API can fail. */
import * as Duration from "effect/Duration"
import { quote } from "./internal/printable.ts"
import { reasonClass, type ReasonClass } from "./internal/reasonClass.ts"

const InvalidInputBase: ReasonClass<
  "InvalidInput",
  {
    /** The option or argument, as a path: `tables[0].name`. */
    readonly field: string
    /** The shape of the value. The value itself is not shown, since it may be a secret. */
    readonly received: string
    /** What to give instead. */
    readonly remedy: string
  }
> = reasonClass("InvalidInput", ({ field, received, remedy }) => `${field} is ${received}: ${remedy}`)
/** A value that can never work. It was found before any request. */
export class InvalidInput extends InvalidInputBase {}

const CredentialsUnavailableBase: ReasonClass<
  "CredentialsUnavailable",
  {
    /** The failure of the effect. */
    readonly cause?: unknown
  }
> = reasonClass(
  "CredentialsUnavailable",
  () => "the effect given as apiKey failed, so no request was sent; its failure is the cause of this reason"
)
/** The effect given as `apiKey` failed, so no request was sent. */
export class CredentialsUnavailable extends CredentialsUnavailableBase {}

const UnauthenticatedBase: ReasonClass<
  "Unauthenticated",
  {
    /** The account. */
    readonly username: string
  }
> = reasonClass(
  "Unauthenticated",
  ({ username }) =>
    `the API key does not belong to account ${quote(username)}, or the account does not exist: check both, and whether the key was deleted or regenerated`
)
/** The key does not belong to the account, or the account does not exist (401). Deleted and regenerated keys end here. */
export class Unauthenticated extends UnauthenticatedBase {}

const TransportFailedBase: ReasonClass<
  "TransportFailed",
  {
    /** The method of the request. */
    readonly method: string
    /** The URL of the request, without its query. */
    readonly url: string
    /** The messages of the transport. */
    readonly description: string
  }
> = reasonClass(
  "TransportFailed",
  ({ description, method, url }) => `${method} ${url} failed: ${description}`,
  () => true
)
/** The request could not be sent, or its response ended early: no connection, refused TLS, a reset, a truncated body. */
export class TransportFailed extends TransportFailedBase {}

const DeadlineExceededBase: ReasonClass<
  "DeadlineExceeded",
  {
    /** The deadline of the call, or how long its stream may go without data. */
    readonly waited: Duration.Duration
  }
> = reasonClass(
  "DeadlineExceeded",
  ({ waited }) =>
    `no response within ${Duration.toSeconds(waited)} s: give a longer timeout (stallTimeout for streams), or ask for less`,
  () => true
)
/** The call took longer than its deadline, retries included, or its stream went too long without data. Its request was aborted. */
export class DeadlineExceeded extends DeadlineExceededBase {}

const RedirectRefusedBase: ReasonClass<
  "RedirectRefused",
  {
    /** The status of the response. */
    readonly status: number
    /** The origin and path of the redirect. */
    readonly location: string
  }
> = reasonClass(
  "RedirectRefused",
  ({ location }) => `the redirect to ${location} is not followed, since the key would travel with it: correct baseUrl`
)
/** The server redirects the request (3xx). Redirects are not followed, since the key would travel. */
export class RedirectRefused extends RedirectRefusedBase {}

const RateLimitedBase: ReasonClass<
  "RateLimited",
  {
    /** The time until the next call may pass: the header `Retry-After`, as a `Duration`. */
    readonly retryAfter?: Duration.Duration | undefined
    /** The calls that the account may send at once. */
    readonly limit?: number | undefined
    /** The calls that are left. */
    readonly remaining?: number | undefined
    /** The time until `remaining` is `limit` again. */
    readonly reset?: Duration.Duration | undefined
  }
> = reasonClass(
  "RateLimited",
  ({ retryAfter }) =>
    retryAfter === undefined
      ? "too many calls: send fewer, or share a RateGovernor"
      : `too many calls: the next one may pass after ${Duration.toSeconds(retryAfter)} s`,
  () => true
)
/** Too many calls (429). The request was not carried out. Never a statement timeout. */
export class RateLimited extends RateLimitedBase {}

const shown = 300

const ServerUnavailableBase: ReasonClass<
  "ServerUnavailable",
  {
    /** The status of the response. */
    readonly status: number
    /** At most 4 KB of the body. */
    readonly body: string
  }
> = reasonClass(
  "ServerUnavailable",
  ({ body, status }) =>
    `the server, or a proxy in front of it, failed with status ${status}${body === "" ? "" : `: ${body.slice(0, shown)}`}`,
  ({ status }) => status !== 500 && status !== 501
)
/** The server, or a proxy in front of it, failed (5xx). */
export class ServerUnavailable extends ServerUnavailableBase {}

const ResponseMalformedBase: ReasonClass<
  "ResponseMalformed",
  {
    /** The status of the response. */
    readonly status: number
    /** What is wrong with the response. */
    readonly description: string
    /** At most 4 KB of the body. */
    readonly body: string
  }
> = reasonClass(
  "ResponseMalformed",
  ({ body, description, status }) =>
    `unexpected response (status ${status}): ${description.slice(0, shown)}${body.trimStart().startsWith("<") ? "; it is a web page, so check baseUrl and proxies" : ""}`
)
/** The response is not one of this API's. */
export class ResponseMalformed extends ResponseMalformedBase {}

const ResponseTooLargeBase: ReasonClass<
  "ResponseTooLarge",
  {
    /** The limit in bytes: `maxBodySize`. */
    readonly limit: number
  }
> = reasonClass(
  "ResponseTooLarge",
  ({ limit }) => `the response has more than ${limit} bytes: stream it, ask for less, or raise maxBodySize`
)
/** The response is larger than `maxBodySize`, decompressed. It was not read to its end. */
export class ResponseTooLarge extends ResponseTooLargeBase {}

const RequestTooLargeBase: ReasonClass<"RequestTooLarge", void> = reasonClass(
  "RequestTooLarge",
  () => "the request is larger than the server accepts (status 413): send less at once, and rows with CopySql"
)
/** The server, or a proxy in front of it, refuses the size of the request (413). The request was not carried out. */
export class RequestTooLarge extends RequestTooLargeBase {}

/** A failure after which the server may have carried out the request. */
export type AmbiguousFailure =
  | DeadlineExceeded
  | RedirectRefused
  | ResponseMalformed
  | ResponseTooLarge
  | ServerUnavailable
  | TransportFailed

const OutcomeUnknownBase: ReasonClass<
  "OutcomeUnknown",
  {
    /** How the response was lost. */
    readonly failure: AmbiguousFailure
  }
> = reasonClass(
  "OutcomeUnknown",
  ({ failure }) =>
    `the response to a write was lost, and the write may have taken place: check before you repeat it. ${failure.message}`
)
/** The response to a write was lost, and the client cannot find out whether the write took place. Check before you repeat it. */
export class OutcomeUnknown extends OutcomeUnknownBase {}

/** Why every call can fail. */
export type CallReason =
  | CredentialsUnavailable
  | DeadlineExceeded
  | InvalidInput
  | RateLimited
  | RedirectRefused
  | RequestTooLarge
  | ResponseMalformed
  | ResponseTooLarge
  | ServerUnavailable
  | TransportFailed
  | Unauthenticated
