/** Requests, as the services describe them and as they are sent. */
import type * as Duration from "effect/Duration"
import { identity } from "effect/Function"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as Stream from "effect/Stream"

/** A request to one of an account's APIs. */
export interface WireRequest {
  readonly method: "GET" | "POST" | "DELETE"
  readonly api: "auth" | "sql"
  /** Below the account's URL, percent-encoded: `/api/v3/api_keys`. */
  readonly path: string
  readonly query?: ReadonlyArray<readonly [string, string]> | undefined
  readonly json?: unknown
  readonly form?: ReadonlyArray<readonly [string, string]> | undefined
  /** A body that is sent as it comes. Such a request is sent once. */
  readonly bytes?: Stream.Stream<Uint8Array, unknown> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Whether a second request cannot do anything twice. @default false for POST */
  readonly idempotent?: boolean | undefined
  /** The deadline that the caller of the method gave. */
  readonly timeout?: Duration.Input | undefined
  /** The deadline if neither the caller nor the account gives one. @default 30 seconds */
  readonly defaultTimeout?: Duration.Input | undefined
  /** Whether the response may hold a new token: once sent, the request is not interrupted. */
  readonly yieldsToken?: boolean | undefined
  /** Whether a lost response loses the token for good: once sent, the request is aborted after `stallTimeout` only. */
  readonly yieldsOnlyCopy?: boolean | undefined
}

/** The request of HTTP. */
export const toHttp = (
  { bytes, form, headers, json, method, query }: WireRequest,
  url: string,
  authorization: string
): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.make(method)(url, {
    urlParams: query,
    headers: { accept: "application/json", ...headers, authorization }
  }).pipe(
    form !== undefined
      ? HttpClientRequest.bodyText(
          new URLSearchParams(form.map(([name, value]) => [name, value])).toString(),
          "application/x-www-form-urlencoded"
        )
      : json !== undefined
        ? HttpClientRequest.bodyText(JSON.stringify(json), "application/json")
        : bytes !== undefined
          ? HttpClientRequest.bodyStream(bytes)
          : identity
  )
