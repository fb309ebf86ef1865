/** Requests, as the services describe them and as they are sent. */
import type * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as UrlParams from "effect/http/UrlParams"
import * as Option from "effect/Option"
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

const encodeForm = (form: ReadonlyArray<readonly [string, string]>): string =>
  new URLSearchParams(form.map(([name, value]) => [name, value])).toString()

const bodyOf = ({ bytes, form, json }: WireRequest): Exclude<HttpBody.HttpBody, HttpBody.Empty> | undefined =>
  form !== undefined
    ? HttpBody.text(encodeForm(form), "application/x-www-form-urlencoded")
    : json !== undefined
      ? HttpBody.text(JSON.stringify(json), "application/json")
      : bytes !== undefined
        ? HttpBody.stream(bytes)
        : undefined

/**
 * The request of HTTP. Built from its parts: `HttpClientRequest.make` and its combinators bring 1 KiB of other forms of input into every
 * Worker.
 */
export const toHttp = (
  request: WireRequest,
  accountUrl: string,
  authorization: string
): HttpClientRequest.HttpClientRequest => {
  const { method, path, query } = request
  const body = bodyOf(request)
  const headers: Record<string, string> = { accept: "application/json", ...request.headers, authorization }
  if (body?.contentType !== undefined) headers["content-type"] ??= body.contentType
  if (body?.contentLength !== undefined) headers["content-length"] = String(body.contentLength)
  return HttpClientRequest.makeWith(
    method,
    `${accountUrl}${path}${query === undefined || query.length === 0 ? "" : `?${encodeForm(query)}`}`,
    UrlParams.empty,
    Option.none(),
    Headers.fromRecordUnsafe(headers),
    body ?? HttpBody.empty
  )
}
