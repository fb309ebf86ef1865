/**
 * Sends the requests of an account. The key goes into the header here and nowhere else, redirects stop here, and no object that
 * holds the header leaves.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import { RequestInit } from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import { Auth } from "../account/Auth.ts"
import { beforeSent, keepOnceSent } from "../account/internal/interruption.ts"
import {
  type AmbiguousFailure,
  type CallReason,
  DeadlineExceeded,
  RedirectRefused,
  TransportFailed,
  Unauthenticated
} from "../errors/Call.ts"
import { readDuration } from "../errors/internal/duration.ts"
import { isTraced } from "../errors/internal/operation.ts"
import { CurrentDeadline, type Deadline, makeDeadline, withDeadline } from "./deadline.ts"
import { callTimeout, maxBodySize, stallTimeout } from "./defaults.ts"
import { describeFailure, isAmbiguous, isTransient, mayRepeat, type Tagged } from "./failures.ts"
import { makeRedaction } from "./redaction.ts"
import { toHttp, type WireRequest } from "./request.ts"
import { IncomingResponse, type OpenResponse, type WireResponse } from "./response.ts"
import { standardRetry } from "./retry.ts"

export type { HttpClient } from "effect/http/HttpClient"

/** Reads a response. A response that is not one of the API's fails as `unexpected` says. */
export type Read<A, E> = (response: WireResponse) => Effect.Effect<A, E>

/** Finds out what a write did whose response was lost; `undefined` if the request was certainly not carried out. */
export type Recover<A, E> = (failure: AmbiguousFailure) => Effect.Effect<A | undefined, E>

/** Sends requests to one account. */
export interface Wire {
  /** Sends a request and reads the whole response. */
  readonly send: <A, E extends Tagged>(request: WireRequest, read: Read<A, E>) => Effect.Effect<A, CallReason | E>
  /** Sends a request that must not be carried out twice. After an ambiguous failure `recover` decides. */
  readonly write: <A, E extends Tagged>(
    request: WireRequest,
    read: Read<A, E>,
    recover: Recover<A, E>
  ) => Effect.Effect<A, CallReason | E>
  /** Sends a request and leaves the body of the response to be read. */
  readonly open: (request: WireRequest) => Effect.Effect<OpenResponse, CallReason>
  /** How long a stream may go without data. */
  readonly stallTimeout: Duration.Duration
  /** Fails an effect that takes longer than `stallTimeout`. */
  readonly withinStall: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, DeadlineExceeded | E>
}

const isRedirect = (status: number): boolean => status === 0 || [301, 302, 303, 307, 308].includes(status)

/** Makes the client of the account. */
export const make: Effect.Effect<Wire, never, Auth | HttpClient.HttpClient> = Effect.gen(function* () {
  const auth = yield* Auth
  const { fetchOptions, propagateTraceContext, retry, timeout, transformClient } = auth.transport
  const stall = Duration.fromInputUnsafe(auth.transport.stallTimeout ?? stallTimeout)
  const stalled = Effect.suspend(() => Effect.fail(new DeadlineExceeded({ waited: stall })))
  const withinStall: Wire["withinStall"] = (effect) =>
    Effect.timeoutOrElse(effect, { duration: stall, orElse: () => stalled })
  const policy = retry === false ? () => undefined : (retry ?? standardRetry)

  const client = (yield* HttpClient.HttpClient).pipe(
    // what `transformClient` does before it sends is not yet the request
    HttpClient.transformResponse((response) =>
      Effect.withFiber((fiber) => {
        const { context } = fiber
        Context.get(context, CurrentDeadline).isSent = true
        const init = { ...Context.getOrUndefined(context, RequestInit), ...fetchOptions, redirect: "manual" as const }
        const own = Context.add(context, RequestInit, init)
        return Effect.provideContext(
          response,
          propagateTraceContext === true || isTraced(fiber)
            ? Context.add(own, HttpClient.TracerPropagationEnabled, propagateTraceContext ?? false)
            : Context.add(own, HttpClient.TracerDisabledWhen, () => true)
        )
      })
    ),
    transformClient ?? identity
  )

  const attempt = (request: WireRequest, token: Redacted.Redacted<string>): Effect.Effect<OpenResponse, CallReason> =>
    Effect.suspend(() => {
      const accountUrl = request.api === "auth" ? auth.authUrl : auth.sqlUrl
      const url = `${accountUrl}${request.path}`
      const secret = Redacted.value(token)
      const encoded = btoa(`${auth.username}:${secret}`)
      const scrub = makeRedaction(secret, encoded)
      const failed = (error: HttpClientError) =>
        new TransportFailed({ method: request.method, url, description: scrub(describeFailure(error)) })
      const refuseRedirect = ({ headers, status }: HttpClientResponse) => {
        const target = headers["location"] ?? ""
        const { origin = "an address it does not name", pathname = "" } = URL.canParse(target, url)
          ? new URL(target, url)
          : {}
        return Effect.fail(new RedirectRefused({ status, location: scrub(`${origin}${pathname}`) }))
      }
      const exchange = {
        scrub,
        keyName: auth.keyName,
        failed,
        isUpload: request.bytes !== undefined,
        maxBodySize: auth.transport.maxBodySize ?? maxBodySize,
        withinStall
      }
      const sent = client.execute(toHttp(request, accountUrl, `Basic ${encoded}`))
      return Effect.flatMap(Effect.mapError(sent, failed), (response) =>
        isRedirect(response.status)
          ? refuseRedirect(response)
          : Effect.succeed(new IncomingResponse(response, exchange))
      )
    })

  const open = (request: WireRequest): Effect.Effect<OpenResponse, CallReason> =>
    Effect.flatMap(auth.apiKey, (token) =>
      Effect.flatMap(attempt(request, token), (response) =>
        response.status === 401 ? openAgain(request, token) : Effect.succeed(response)
      )
    )

  /** Sends a request again that was refused while its key was being regenerated: the request has not run. */
  const openAgain = Effect.fnUntraced(function* (
    request: WireRequest,
    token: Redacted.Redacted<string>
  ): Effect.fn.Return<OpenResponse, CallReason> {
    const next = request.bytes === undefined ? yield* auth.successor(token) : undefined
    const again = next === undefined ? undefined : yield* attempt(request, next)
    return again === undefined || again.status === 401 ? yield* new Unauthenticated({ username: auth.username }) : again
  })

  /** Sends a request until it succeeds or is not to be repeated. */
  const repeat = <A, E extends Tagged>(
    request: WireRequest,
    read: Read<A, E>,
    recover: Recover<A, E> | undefined,
    state: CallState,
    attempts = 1
  ): Effect.Effect<A, CallReason | E> =>
    Effect.suspend(() => {
      state.mayHaveRun = true
      const whole = Effect.flatMap(open(request), (response) => response.read)
      return Effect.flatMap(whole, (response) => read({ ...response, attempts })).pipe(
        Effect.catch((reason: CallReason | E) => afterFailure(request, read, recover, state, attempts, reason))
      )
    })

  const afterFailure = Effect.fnUntraced(function* <A, E extends Tagged>(
    request: WireRequest,
    read: Read<A, E>,
    recover: Recover<A, E> | undefined,
    state: CallState,
    attempts: number,
    reason: CallReason | E
  ): Effect.fn.Return<A, CallReason | E> {
    const found = recover !== undefined && isAmbiguous(reason) ? yield* Effect.result(recover(reason)) : undefined
    if (found?._tag === "Success" && found.success !== undefined) return found.success
    const isKnown = found?._tag !== "Failure"
    const isSafe =
      recover === undefined ? (request.idempotent ?? request.method !== "POST") : isKnown && mayRepeat(reason)
    const wait = isTransient(reason) ? policy({ reason, attempt: attempts, isSafe }) : undefined
    if (wait === undefined) return yield* Effect.fail(isKnown ? reason : found.failure)
    state.mayHaveRun = !isKnown
    state.deadline.isSent = !isKnown
    yield* Effect.annotateCurrentSpan("carto.attempts", attempts + 1)
    // above what the server asked for, never below
    yield* Effect.sleep(wait * (1 + (yield* Random.next) / 5))
    return yield* repeat(request, read, recover, state, attempts + 1)
  })

  const openWithin = (request: WireRequest): Effect.Effect<OpenResponse, CallReason> =>
    Effect.flatMap(
      Effect.fromResult(readDuration("timeout", request.timeout ?? stall, { positive: true, infinite: true })),
      (waited) =>
        withDeadline(
          open(request),
          makeDeadline(),
          waited,
          Effect.suspend(() => Effect.fail(new DeadlineExceeded({ waited })))
        )
    )

  const send = <A, E extends Tagged>(
    request: WireRequest,
    read: Read<A, E>,
    recover?: Recover<A, E>
  ): Effect.Effect<A, CallReason | E> =>
    Effect.suspend(() => {
      const duration = readDuration("timeout", request.timeout ?? timeout ?? request.defaultTimeout ?? callTimeout, {
        positive: true,
        infinite: true
      })
      if (duration._tag === "Failure") return Effect.fail(duration.failure)
      const waited = duration.success
      const state: CallState = { mayHaveRun: false, deadline: makeDeadline() }
      let exceeded: DeadlineExceeded | undefined
      const giveUp = Effect.suspend(() => Effect.fail((exceeded = new DeadlineExceeded({ waited }))))
      const onExceeded = request.yieldsOnlyCopy
        ? Effect.andThen(
            Effect.suspend(() => (state.deadline.isSent ? Effect.sleep(stall) : Effect.void)),
            giveUp
          )
        : giveUp
      const call = Effect.catchIf(
        withDeadline(repeat(request, read, recover, state), state.deadline, waited, onExceeded),
        (reason): reason is DeadlineExceeded => reason === exceeded && state.mayHaveRun && recover !== undefined,
        (reason) =>
          Effect.flatMap(recover === undefined ? Effect.undefined : recover(reason), (found) =>
            found === undefined ? Effect.fail(reason) : Effect.succeed(found)
          )
      )
      if (request.yieldsToken) return keepOnceSent(call, () => state.deadline.isSent)
      return recover === undefined ? beforeSent(call) : call
    })

  return {
    stallTimeout: stall,
    withinStall,
    open: (request) =>
      // the response to an upload begins when all of it is there
      request.bytes === undefined
        ? Effect.map(openWithin(request), (response) => ({
            status: response.status,
            headers: response.headers,
            scrub: response.scrub,
            bytes: response.bytes,
            read: withinStall(response.read)
          }))
        : open(request),
    send: (request, read) => send(request, read),
    write: send
  }
})

interface CallState {
  /** Whether the request may have been carried out: also if only `transformClient` knows when it was sent. */
  mayHaveRun: boolean
  readonly deadline: Deadline
}
