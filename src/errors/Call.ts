/** Why a call to either API can fail, whatever it asks for. */
import * as Duration from "effect/Duration"
import * as Data from "effect/Data"
import type { ReasonClass } from "./ReasonClass.ts"

const InvalidInputBase: ReasonClass<
  "InvalidInput",
  { readonly field: string; readonly received: string; readonly remedy: string }
> = Data.TaggedError("InvalidInput")
/** A value that can never work; found before any request. `received` is its shape, never a secret's value. */
export class InvalidInput extends InvalidInputBase {
  override get message(): string {
    return `${this.field} is ${this.received}: ${this.remedy}`
  }
}

const CredentialsUnavailableBase: ReasonClass<"CredentialsUnavailable", { readonly cause?: unknown | undefined }> =
  Data.TaggedError("CredentialsUnavailable")
/** The effect given as `apiKey` failed, so nothing was sent. `cause` is its failure. */
export class CredentialsUnavailable extends CredentialsUnavailableBase {
  override get message(): string {
    return "the effect that yields the API key failed"
  }
}

const UnauthenticatedBase: ReasonClass<"Unauthenticated", { readonly username: string }> =
  Data.TaggedError("Unauthenticated")
/** No such account, or the key is not one of its keys (401). Deleted and regenerated keys end here. */
export class Unauthenticated extends UnauthenticatedBase {
  override get message(): string {
    return `the API key is none of the account ${this.username}, or there is no such account`
  }
}

const TransportFailedBase: ReasonClass<
  "TransportFailed",
  { readonly method: string; readonly url: string; readonly description: string }
> = Data.TaggedError("TransportFailed")
/** The request could not be sent, or its answer broke off: no connection, refused TLS, reset, truncated body. */
export class TransportFailed extends TransportFailedBase {
  override get message(): string {
    return `${this.method} ${this.url} failed: ${this.description}`
  }
}

const DeadlineExceededBase: ReasonClass<"DeadlineExceeded", { readonly waited: Duration.Duration }> =
  Data.TaggedError("DeadlineExceeded")
/** The call was given up after `waited`, repetitions included, and its request aborted; or a stream was silent for so long. */
export class DeadlineExceeded extends DeadlineExceededBase {
  override get message(): string {
    return `no answer within ${Duration.toSeconds(this.waited)} s`
  }
}

const RedirectRefusedBase: ReasonClass<"RedirectRefused", { readonly status: number; readonly location: string }> =
  Data.TaggedError("RedirectRefused")
/** The server asked to go elsewhere; the key does not travel. `location` is the origin and path it named. */
export class RedirectRefused extends RedirectRefusedBase {
  override get message(): string {
    return `the redirect to ${this.location} is not followed; correct baseUrl`
  }
}

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
> = Data.TaggedError("RateLimited")
/**
 * Too many calls (429). `retryAfter` is the wait until the next call may pass, `limit` the calls of a full allowance,
 * `remaining` those left, `reset` the time until the allowance is full. Never a statement timeout.
 */
export class RateLimited extends RateLimitedBase {
  override get message(): string {
    return this.retryAfter === undefined
      ? "too many calls"
      : `too many calls; the next may pass after ${Duration.toSeconds(this.retryAfter)} s`
  }
}

const ServerUnavailableBase: ReasonClass<"ServerUnavailable", { readonly status: number; readonly body: string }> =
  Data.TaggedError("ServerUnavailable")
/** The server, or a proxy in front of it, failed (5xx). `body` is at most 4 KB of its answer. */
export class ServerUnavailable extends ServerUnavailableBase {
  override get message(): string {
    return `the server answered ${this.status}${this.body === "" ? "" : `: ${this.body}`}`
  }
}

const ResponseMalformedBase: ReasonClass<
  "ResponseMalformed",
  { readonly status: number; readonly description: string; readonly body: string }
> = Data.TaggedError("ResponseMalformed")
/** An answer that is not one of this API's. `body` is at most 4 KB of it. */
export class ResponseMalformed extends ResponseMalformedBase {
  override get message(): string {
    return `the answer with status ${this.status} is not understood (${this.description})`
  }
}

const ResponseTooLargeBase: ReasonClass<"ResponseTooLarge", { readonly limit: number }> =
  Data.TaggedError("ResponseTooLarge")
/** The answer has more than `limit` bytes, decompressed, and was not read to its end. */
export class ResponseTooLarge extends ResponseTooLargeBase {
  override get message(): string {
    return `the answer has more than ${this.limit} bytes; stream it, ask for less, or raise maxBodySize`
  }
}

const RequestTooLargeBase: ReasonClass<"RequestTooLarge", void> = Data.TaggedError("RequestTooLarge")
/** The server, or a proxy in front of it, refuses the size of the request (413). The request was not carried out. */
export class RequestTooLarge extends RequestTooLargeBase {
  override get message(): string {
    return "the request is larger than the server accepts (status 413): send less at once, and rows with CopySql"
  }
}

/** A failure after which a request may have been carried out, or not. */
export type AmbiguousFailure =
  | DeadlineExceeded
  | RedirectRefused
  | ResponseMalformed
  | ResponseTooLarge
  | ServerUnavailable
  | TransportFailed

const OutcomeUnknownBase: ReasonClass<"OutcomeUnknown", { readonly failure: AmbiguousFailure }> =
  Data.TaggedError("OutcomeUnknown")
/** The answer to a write was lost (`failure`), and nothing here can tell whether it took place. Look before you repeat it. */
export class OutcomeUnknown extends OutcomeUnknownBase {
  override get message(): string {
    return `whether it took place is unknown: ${this.failure.message}`
  }
}

/** What every call can fail with. */
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
