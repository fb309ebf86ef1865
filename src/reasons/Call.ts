/** Why a call to either API can fail, whatever it asks for. */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type { ReasonClass } from "./ReasonClass.ts"

const InvalidInputBase: ReasonClass<
  InvalidInput,
  "InvalidInput",
  { readonly field: Schema.String; readonly received: Schema.String; readonly remedy: Schema.String }
> = Schema.TaggedError<InvalidInput>()("InvalidInput", {
  field: Schema.String,
  received: Schema.String,
  remedy: Schema.String
})
/** A value that can never work; found before any request. `received` is its shape, never a secret's value. */
export class InvalidInput extends InvalidInputBase {
  override get message(): string {
    return `${this.field} is ${this.received}: ${this.remedy}`
  }
}

const CredentialsUnavailableBase: ReasonClass<
  CredentialsUnavailable,
  "CredentialsUnavailable",
  { readonly cause: Schema.optional<Schema.Defect> }
> = Schema.TaggedError<CredentialsUnavailable>()("CredentialsUnavailable", {
  cause: Schema.optional(Schema.Defect())
})
/** The effect given as `apiKey` failed, so nothing was sent. `cause` is its failure. */
export class CredentialsUnavailable extends CredentialsUnavailableBase {
  override get message(): string {
    return "the effect that yields the API key failed"
  }
}

const UnauthenticatedBase: ReasonClass<Unauthenticated, "Unauthenticated", { readonly username: Schema.String }> =
  Schema.TaggedError<Unauthenticated>()("Unauthenticated", { username: Schema.String })
/** No such account, or the key is not one of its keys (401). Deleted and regenerated keys end here. */
export class Unauthenticated extends UnauthenticatedBase {
  override get message(): string {
    return `the API key is not a key of the account ${this.username}, or there is no such account`
  }
}

const TransportFailedBase: ReasonClass<
  TransportFailed,
  "TransportFailed",
  { readonly method: Schema.String; readonly url: Schema.String; readonly description: Schema.String }
> = Schema.TaggedError<TransportFailed>()("TransportFailed", {
  method: Schema.String,
  url: Schema.String,
  description: Schema.String
})
/** The request could not be sent, or its answer broke off: no connection, refused TLS, reset, truncated body. */
export class TransportFailed extends TransportFailedBase {
  override get message(): string {
    return `${this.method} ${this.url} failed: ${this.description}`
  }
}

const RedirectRefusedBase: ReasonClass<
  RedirectRefused,
  "RedirectRefused",
  { readonly status: Schema.Number; readonly location: Schema.String }
> = Schema.TaggedError<RedirectRefused>()("RedirectRefused", {
  status: Schema.Number,
  location: Schema.String
})
/** The server asked to go elsewhere, where the key must not travel. `location` is the origin and path it named. */
export class RedirectRefused extends RedirectRefusedBase {
  override get message(): string {
    return `the server answered ${this.status} with a redirect to ${this.location}, which is not followed; correct baseUrl`
  }
}

const RateLimitedBase: ReasonClass<
  RateLimited,
  "RateLimited",
  {
    readonly retryAfter: Schema.optional<Schema.Duration>
    readonly limit: Schema.optional<Schema.Number>
    readonly remaining: Schema.optional<Schema.Number>
    readonly reset: Schema.optional<Schema.Duration>
  }
> = Schema.TaggedError<RateLimited>()("RateLimited", {
  retryAfter: Schema.optional(Schema.Duration),
  limit: Schema.optional(Schema.Number),
  remaining: Schema.optional(Schema.Number),
  reset: Schema.optional(Schema.Duration)
})
/**
 * Too many calls (429). `retryAfter` is the wait until the next call may pass, `limit` the calls of a full allowance,
 * `remaining` those left, `reset` the time until the allowance is full. Never a statement timeout.
 */
export class RateLimited extends RateLimitedBase {
  override get message(): string {
    return this.retryAfter === undefined
      ? "too many calls"
      : `too many calls; the next may pass after ${Duration.format(this.retryAfter)}`
  }
}

const ServerUnavailableBase: ReasonClass<
  ServerUnavailable,
  "ServerUnavailable",
  { readonly status: Schema.Number; readonly body: Schema.String }
> = Schema.TaggedError<ServerUnavailable>()("ServerUnavailable", {
  status: Schema.Number,
  body: Schema.String
})
/** The server, or a proxy in front of it, failed (5xx). `body` is at most 4 KB of its answer. */
export class ServerUnavailable extends ServerUnavailableBase {
  override get message(): string {
    return `the server answered ${this.status}${this.body === "" ? "" : `: ${this.body}`}`
  }
}

const ResponseMalformedBase: ReasonClass<
  ResponseMalformed,
  "ResponseMalformed",
  { readonly status: Schema.Number; readonly description: Schema.String; readonly body: Schema.String }
> = Schema.TaggedError<ResponseMalformed>()("ResponseMalformed", {
  status: Schema.Number,
  description: Schema.String,
  body: Schema.String
})
/** An answer that is not one of this API's. `body` is at most 4 KB of it. */
export class ResponseMalformed extends ResponseMalformedBase {
  override get message(): string {
    return `the answer with status ${this.status} is not understood (${this.description})`
  }
}

/** What every call can fail with. */
export type CallReason =
  | CredentialsUnavailable
  | InvalidInput
  | RateLimited
  | RedirectRefused
  | ResponseMalformed
  | ServerUnavailable
  | TransportFailed
  | Unauthenticated
