/**
 * Sends one request to an account and reads the answer. The only file that knows `effect/http`: the key goes into the
 * header here and nowhere else, redirects stop here, and no object that holds the header leaves.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import { RequestInit } from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { Auth } from "../account/Auth.ts"
import type { CallReason } from "../errors/Call.ts"
import {
  DeadlineExceeded,
  type AmbiguousFailure,
  OutcomeUnknown,
  RateLimited,
  RedirectRefused,
  ResponseMalformed,
  type ResponseTooLarge,
  ServerUnavailable,
  TransportFailed,
  Unauthenticated
} from "../errors/Call.ts"
import { CurrentHold, type Hold } from "./deadline.ts"
import { atMost, maxBodySize, sqlTimeout } from "./defaults.ts"
import { type RetryFailure, type RetryPolicy, standardRetry } from "./retry.ts"

export type { RetryFailure, RetryPolicy } from "./retry.ts"
export type { HttpClient } from "effect/http/HttpClient"

export interface TransportOptions {
  /** Options for `fetch` of every request; its `redirect` is always `"manual"`. Other transports ignore them. */
  readonly fetchOptions?: globalThis.RequestInit | undefined
  /** Sends `traceparent` and `b3` headers to the server. Default `false`. */
  readonly propagateTraceContext?: boolean | undefined
  /** Which failed requests are sent again. Default: up to three times what can do no harm; `false` switches it off. */
  readonly retry?: RetryPolicy | false | undefined
  /**
   * How long a call may take, repetitions included; then it is aborted. Default: 30 s for keys and jobs, 60 s for SQL. What
   * is streamed has no limit. What a `RateGovernor` makes a call wait is not counted.
   */
  readonly timeout?: Duration.Input | undefined
  /** How long what is streamed may be silent; then it is aborted. Default: 5 minutes. */
  readonly stallTimeout?: Duration.Input | undefined
  /** Bytes of an answer that is read as a whole, decompressed; more are refused. Default: 256 MB. */
  readonly maxBodySize?: number | undefined
  /** Wraps the HTTP client that carries the calls: logging, a rate limiter, a proxy. It sees the header with the key. */
  readonly transformClient?: ((client: HttpClient.HttpClient) => HttpClient.HttpClient) | undefined
}

export interface WireRequest {
  readonly method: "GET" | "POST" | "DELETE"
  readonly api: "auth" | "sql"
  /** Below the account's URL, percent-encoded: `/api/v3/api_keys`. */
  readonly path: string
  readonly query?: ReadonlyArray<readonly [string, string]> | undefined
  readonly json?: unknown
  readonly form?: ReadonlyArray<readonly [string, string]> | undefined
  /** A body that is sent as it comes; such a request is never sent twice. */
  readonly bytes?: Stream.Stream<Uint8Array, unknown> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Whether it can do nothing twice. Default: unless it is a POST. */
  readonly idempotent?: boolean | undefined
  readonly timeout?: Duration.Input | undefined
}

interface Head {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Blanks out the key that the request carried. */
  readonly scrub: (text: string) => string
}

export interface WireResponse extends Head {
  /** The whole body. In an answer that is not a success the key is blanked out. */
  readonly text: string
  /** How often the request was sent. */
  readonly attempts: number
}

export type ReadReason = DeadlineExceeded | ResponseTooLarge | TransportFailed

/** An answer whose body has not been read. */
export interface OpenResponse extends Head {
  readonly bytes: Stream.Stream<Uint8Array, DeadlineExceeded | TransportFailed>
  readonly read: Effect.Effect<WireResponse, ReadReason>
}

interface Tagged {
  readonly _tag: string
}

/** What an answer says; what is none of the API's answers fails as {@link unexpected}. */
export type Read<A, E> = (response: WireResponse) => Effect.Effect<A, E>

/** What took place although its answer was lost; `undefined` where the request was certainly not carried out. */
export type Recover<A, E> = (failure: AmbiguousFailure) => Effect.Effect<A | undefined, E>

export interface Wire {
  /** Sends a request and reads the whole answer. */
  readonly send: <A, E extends Tagged>(request: WireRequest, read: Read<A, E>) => Effect.Effect<A, CallReason | E>
  /** As {@link send}, of a request that must not be carried out twice: who sends it says what to do where that is in doubt. */
  readonly write: <A, E extends Tagged>(
    request: WireRequest,
    read: Read<A, E>,
    recover: Recover<A, E>
  ) => Effect.Effect<A, CallReason | E>
  /** Sends a request and leaves the body of the answer to be read. */
  readonly open: (request: WireRequest) => Effect.Effect<OpenResponse, CallReason>
  /** How long what is streamed may be silent. */
  readonly stallTimeout: Duration.Duration
  /** Fails what takes longer than that. */
  readonly withinStall: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, DeadlineExceeded | E>
}

const excerptBytes = 4096

/** At most 4 KB of a body, cut between characters, without the tokens of keys that are in it. */
const excerpt = (text: string): string => {
  const bytes = new TextEncoder().encode(text.slice(0, excerptBytes)).subarray(0, excerptBytes)
  return new TextDecoder()
    .decode(bytes)
    .replace(/\uFFFD$/, "")
    .replaceAll(/("token"\s*:\s*")[^"]+/g, "$1<redacted>")
}

/** An answer that no rule of its API explains. */
export const unexpected = (response: WireResponse, description: string): ServerUnavailable | ResponseMalformed => {
  const body = excerpt(response.scrub(response.text))
  return response.status >= 500 && response.status < 600
    ? new ServerUnavailable({ status: response.status, body })
    : new ResponseMalformed({ status: response.status, description: excerpt(response.scrub(description)), body })
}

const number = (value: string | undefined): number | undefined =>
  value !== undefined && /^\d+(?:\.\d+)?$/.test(value.trim()) ? Number(value) : undefined

const seconds = (value: number | undefined): Duration.Duration | undefined =>
  value === undefined ? undefined : Duration.seconds(Math.max(0, value))

/** Seconds until a `Retry-After`, which is a number of them or a date. */
const retryAfter = (value: string | undefined, now: number): number | undefined => {
  const date = Date.parse(value ?? "")
  return number(value) ?? (Number.isNaN(date) ? undefined : (date - now) / 1000)
}

/** A rate limit as the headers of a 429 tell it. */
export const rateLimited = ({ headers }: WireResponse): Effect.Effect<RateLimited> =>
  Effect.map(
    Clock.currentTimeMillis,
    (now) =>
      new RateLimited({
        retryAfter: seconds(retryAfter(headers["retry-after"], now)),
        limit: number(headers["carto-rate-limit-limit"]),
        remaining: number(headers["carto-rate-limit-remaining"]),
        reset: seconds(number(headers["carto-rate-limit-reset"]))
      })
  )

/** The messages of an error and its causes: what a user needs to see of a failed connection. */
const messages = (error: unknown, depth = 0): ReadonlyArray<string> => {
  if (!(error instanceof Error) || depth > 4) return []
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined
  const own = error.message === "" ? (code ?? error.name) : error.message
  const nested = error instanceof AggregateError ? error.errors[0] : error.cause
  return [own, ...messages(nested, depth + 1)]
}

const describeFailure = (error: HttpClientError): string => {
  const { reason } = error
  const found = "cause" in reason ? messages(reason.cause) : []
  const description = "description" in reason ? reason.description : undefined
  const parts = [...(description === undefined ? [] : [description]), ...found]
  return [...new Set(parts)].join(": ") || "the connection failed"
}

/** What a transport says of a connection that never came about, in the words of Node, Deno and Bun. */
const unsent = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|Connect Timeout|\(Connect\)|Unable to connect|certificate/

const losses = new Set(["DeadlineExceeded", "ResponseTooLarge"])

/** What the SQL API says in its own words is an answer, whatever its status. */
const isTold = (reason: Tagged): boolean => reason instanceof ServerUnavailable && /^\s*\{\s*"error":/.test(reason.body)

/** Whether nothing is known of a request that failed so. Of redirects only 303 says that it has been carried out. */
export const isLost = <Reason extends Tagged>(reason: Reason): reason is Extract<Reason, AmbiguousFailure> =>
  reason instanceof TransportFailed
    ? !unsent.test(reason.description)
    : reason instanceof ResponseMalformed
      ? reason.status < 400
      : reason instanceof RedirectRefused
        ? reason.status === 303
        : reason instanceof ServerUnavailable
          ? !isTold(reason)
          : losses.has(reason._tag)

/** For what nobody can find out about. */
export const outcomeUnknown = (failure: AmbiguousFailure): Effect.Effect<never, OutcomeUnknown> =>
  Effect.fail(new OutcomeUnknown({ failure }))

const isPassing = (reason: Tagged): reason is RetryFailure["reason"] =>
  reason instanceof RateLimited ||
  reason instanceof TransportFailed ||
  (reason instanceof ServerUnavailable && [502, 503, 504].includes(reason.status))

const isRedirect = (status: number): boolean => status === 0 || [301, 302, 303, 307, 308].includes(status)

export const make: Effect.Effect<Wire, never, Auth | HttpClient.HttpClient> = Effect.gen(function* () {
  const auth = yield* Auth
  const { fetchOptions, propagateTraceContext, retry, timeout, transformClient } = auth.transport
  const limit = auth.transport.maxBodySize ?? maxBodySize
  const stall = Duration.fromInputUnsafe(auth.transport.stallTimeout ?? "5 minutes")
  const stalled = Effect.suspend(() => Effect.fail(new DeadlineExceeded({ waited: stall })))
  const withinStall: Wire["withinStall"] = (effect) =>
    Effect.timeoutOrElse(effect, { duration: stall, orElse: () => stalled })
  const client = (yield* HttpClient.HttpClient).pipe(
    HttpClient.transformResponse((response) =>
      Effect.updateContext(response, (context: Context.Context<never>) =>
        context.pipe(
          Context.add(RequestInit, {
            ...Context.getOrUndefined(context, RequestInit),
            ...fetchOptions,
            redirect: "manual"
          }),
          Context.add(HttpClient.TracerPropagationEnabled, propagateTraceContext ?? false)
        )
      )
    ),
    transformClient ?? identity
  )

  const attempt = (request: WireRequest, token: Redacted.Redacted<string>): Effect.Effect<OpenResponse, CallReason> =>
    Effect.suspend(() => {
      const url = `${request.api === "auth" ? auth.authUrl : auth.sqlUrl}${request.path}`
      const secret = Redacted.value(token)
      const encoded = btoa(`${auth.username}:${secret}`)
      const scrub = (text: string) => text.replaceAll(secret, "<redacted>").replaceAll(encoded, "<redacted>")
      const failed = (error: HttpClientError) =>
        new TransportFailed({ method: request.method, url, description: scrub(describeFailure(error)) })
      const refuseRedirect = ({ headers, status }: HttpClientResponse) => {
        const target = headers["location"] ?? ""
        const { origin = "an address it does not name", pathname = "" } = URL.canParse(target, url)
          ? new URL(target, url)
          : {}
        return Effect.fail(new RedirectRefused({ status, location: scrub(`${origin}${pathname}`) }))
      }
      const outgoing = HttpClientRequest.make(request.method)(url, {
        urlParams: request.query,
        headers: { accept: "application/json", ...request.headers, authorization: `Basic ${encoded}` }
      }).pipe(
        request.form !== undefined
          ? HttpClientRequest.bodyText(
              new URLSearchParams(request.form.map(([name, value]) => [name, value])).toString(),
              "application/x-www-form-urlencoded"
            )
          : request.json !== undefined
            ? HttpClientRequest.bodyText(JSON.stringify(request.json), "application/json")
            : request.bytes !== undefined
              ? HttpClientRequest.bodyStream(request.bytes)
              : identity
      )
      return Effect.flatMap(Effect.mapError(client.execute(outgoing), failed), (response) => {
        const { headers, status } = response
        return isRedirect(status)
          ? refuseRedirect(response)
          : Effect.succeed(openResponse({ status, headers, scrub }, response, failed, request.bytes !== undefined))
      })
    })

  const openResponse = (
    head: Head,
    response: HttpClientResponse,
    failed: (error: HttpClientError) => TransportFailed,
    isUpload: boolean
  ): OpenResponse => {
    const { headers, scrub, status } = head
    const whole = (text: string): WireResponse => ({ ...head, text: status < 300 ? text : scrub(text), attempts: 1 })
    const chunks = Stream.transformPull(response.stream, (pull) =>
      Effect.succeed(
        Effect.mapError(pull, (error) =>
          // some runtimes have no body to read where it has no bytes
          Cause.isDone(error) || error.reason._tag === "EmptyBodyError" ? Cause.Done() : failed(error)
        )
      )
    )
    // decoding part by part would be four times as slow
    const readChunks = Effect.map(Stream.mkUint8Array(atMost(limit)(chunks)), (bytes) =>
      whole(new TextDecoder().decode(bytes))
    )
    // faster, where the length is known: not that of an encoded body; and an upload ends with the stream of its answer
    const isShort = Number(headers["content-length"]) <= limit && headers["content-encoding"] === undefined
    return {
      ...head,
      bytes: Stream.transformPull(chunks, (pull) => Effect.succeed(withinStall(pull))),
      read: isShort && !isUpload ? Effect.mapBoth(response.text, { onSuccess: whole, onFailure: failed }) : readChunks
    }
  }

  const open = (request: WireRequest): Effect.Effect<OpenResponse, CallReason> =>
    Effect.gen(function* () {
      const token = yield* auth.apiKey
      const response = yield* attempt(request, token)
      if (response.status !== 401) return response
      // A key that was regenerated while the request was on its way: it has not run, so it goes again.
      const next = request.bytes === undefined ? yield* auth.successor(token) : undefined
      const again = next === undefined ? response : yield* attempt(request, next)
      return again.status === 401 ? yield* new Unauthenticated({ username: auth.username }) : again
    })

  const policy = retry === false ? () => undefined : (retry ?? standardRetry)

  /** `inDoubt` tells whether a request may have been carried out. */
  const repeat = <A, E extends Tagged>(
    request: WireRequest,
    read: Read<A, E>,
    recover: Recover<A, E> | undefined,
    state: { inDoubt: boolean },
    attempt = 1
  ): Effect.Effect<A, CallReason | E> =>
    Effect.gen(function* () {
      state.inDoubt = true
      const answer = Effect.flatMap(open(request), (response) => response.read)
      const result = yield* Effect.result(Effect.flatMap(answer, (whole) => read({ ...whole, attempts: attempt })))
      if (Result.isSuccess(result)) return result.success
      const reason = result.failure
      const recovered =
        recover !== undefined && isLost(reason) ? yield* Effect.result(recover(reason)) : Result.succeed(undefined)
      if (Result.isSuccess(recovered) && recovered.success !== undefined) return recovered.success
      const isKnown = Result.isSuccess(recovered)
      const isSafe =
        recover === undefined ? (request.idempotent ?? request.method !== "POST") : isKnown && !isTold(reason)
      const wait = isPassing(reason) ? policy({ reason, attempt, isSafe }) : undefined
      if (wait === undefined) return yield* Effect.fail(isKnown ? reason : recovered.failure)
      state.inDoubt = !isKnown
      yield* Effect.annotateCurrentSpan("carto.attempts", attempt + 1)
      // above what the server asked for, never below
      yield* Effect.sleep(wait * (1 + (yield* Random.next) / 5))
      return yield* repeat(request, read, recover, state, attempt + 1)
    })

  /** `over` ends a call after so long, in which what holds it back is not counted. */
  const within = <A, E>(
    call: Effect.Effect<A, E>,
    duration: Duration.Duration,
    over: Effect.Effect<never, DeadlineExceeded>
  ): Effect.Effect<A, E | DeadlineExceeded> =>
    Effect.suspend(() => {
      const hold: Hold = { rest: Effect.void }
      const isOver = Effect.sleep(duration).pipe(Effect.andThen(Effect.suspend(() => hold.rest)), Effect.andThen(over))
      return Effect.raceFirst(Effect.provideService(call, CurrentHold, hold), isOver)
    })

  const sendOrRecover = <A, E extends Tagged>(
    request: WireRequest,
    read: Read<A, E>,
    recover?: Recover<A, E>
  ): Effect.Effect<A, CallReason | E> =>
    Effect.suspend(() => {
      const duration = Duration.fromInputUnsafe(
        request.timeout ?? timeout ?? (request.path === "/api/v2/sql" ? sqlTimeout : "30 seconds")
      )
      const state = { inDoubt: false }
      let failure: DeadlineExceeded | undefined
      const isOver = Effect.suspend(() => Effect.fail((failure = new DeadlineExceeded({ waited: duration }))))
      return within(repeat(request, read, recover, state), duration, isOver).pipe(
        Effect.catchIf(
          (reason): reason is DeadlineExceeded => reason === failure && state.inDoubt,
          (reason) =>
            Effect.flatMap(recover === undefined ? Effect.undefined : recover(reason), (found) =>
              found === undefined ? Effect.fail(reason) : Effect.succeed(found)
            )
        )
      )
    })

  return {
    stallTimeout: stall,
    withinStall,
    open: (request) =>
      // the answer to an upload begins when all of it is there
      request.bytes === undefined
        ? Effect.map(within(open(request), stall, stalled), (response) => ({
            ...response,
            read: withinStall(response.read)
          }))
        : open(request),
    send: (request, read) => sendOrRecover(request, read),
    write: sendOrRecover
  }
})
