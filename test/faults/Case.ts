/** One operation under one fault: its result, and the rules that it breaks. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { Auth, Carto, type CartoError, isCartoError } from "../../src/index.ts"
import { makeCanary, underCanary } from "../support/canary.ts"
import type { Fault } from "./Fault.ts"
import type { Incoming } from "./Http.ts"
import type { Check, Operation } from "./Operation.ts"
import * as Proxy from "./Proxy.ts"
import { World } from "./World.ts"

export const transports = ["fetch", "undici"] as const
export type Transport = (typeof transports)[number]

/** Whether the fault is over after the first request that decides, or never. */
export const modes = ["once", "always"] as const
export type Mode = (typeof modes)[number]

export const problemKinds = ["defect", "hang", "lost or doubled effect", "leak"] as const
export interface Problem {
  readonly kind: (typeof problemKinds)[number]
  readonly description: string
}

export interface Result {
  /** `success`, or the tag of the reason. */
  readonly outcome: string
  readonly problems: ReadonlyArray<Problem>
  /** The requests that arrived. */
  readonly asked: ReadonlyArray<Incoming>
  /** Whether there was a request that the fault is for. */
  readonly applied: boolean
}

export interface CaseOptions {
  readonly id: string
  readonly operation: Operation
  /** None: to see that the operation does what it should when nothing is wrong. */
  readonly fault: Fault | undefined
  readonly mode: Mode
  readonly transport: Transport
}

export const transportLayer = (transport: Transport): Layer.Layer<HttpClient.HttpClient> =>
  Layer.fresh(transport === "fetch" ? FetchHttpClient.layer : NodeHttpClient.layerUndici)

/** Longer than anything takes whose time is not moved by hand. */
const longest = "40 seconds"

/**
 * Moves time on when nobody else can: while every request under way is met with silence, or none is. So deadlines, and waits
 * between attempts, take no time and end in the same way on a slow machine.
 */
const passTime = (clock: TestClock.TestClock, proxy: Proxy.Proxy): Effect.Effect<never> =>
  Effect.forever(
    Effect.andThen(
      Effect.sleep("2 millis"),
      Effect.suspend(() =>
        proxy.isSilent() ? clock.adjust(proxy.isStalled() ? "2 seconds" : "200 millis") : Effect.void
      )
    )
  )

/** After which a caller gives up what goes on as long as the server likes, on the clock that is moved by hand. */
const patience = Duration.minutes(30)

const secretsOf = (username: string, key: string): ReadonlyArray<string> => [key, btoa(`${username}:${key}`)]

/** Where a secret came out. */
const leaks = (secrets: Iterable<string>, seen: string, { asked, strayed }: Proxy.Proxy): ReadonlyArray<string> => {
  const urls = asked.map(({ target }) => target).join("\n")
  const headers = asked
    .flatMap(({ headers }) => headers.filter(([name]) => name.toLowerCase() !== "authorization"))
    .map((header) => header.join())
    .join("\n")
  const places = [
    ["a log, a span or an error", seen],
    ["a URL", urls],
    ["a header", headers]
  ] as const
  return [
    ...[...secrets].flatMap((secret) =>
      places.flatMap(([place, text]) => (text.includes(secret) ? [`a key is in ${place}`] : []))
    ),
    ...(strayed() > 0 ? [`${strayed()} requests to another origin`] : []),
    ...(/\b(?:traceparent|b3)\b/i.test(headers) ? ["a trace in a header"] : [])
  ]
}

export const run = ({ fault, id, mode, operation, transport }: CaseOptions): Effect.Effect<Result, never, World> =>
  Effect.gen(function* () {
    const world = yield* World
    const use = yield* operation.begin(id)
    const { masterKey, username } = use.account
    let hits = 0
    const isHit = (request: Incoming): boolean => {
      if (fault === undefined || fault.when?.(request) === false) return false
      if (mode === "once" && (hits > 0 || !operation.at(request))) return false
      hits++
      return true
    }
    const secrets = new Set(secretsOf(username, Redacted.value(masterKey)))
    const proxy = yield* Proxy.make({
      server: world.handler,
      plan: (request) => (fault !== undefined && fault.treat !== "refuse" && isHit(request) ? fault.treat : undefined),
      observe: ({ body }) => {
        for (const [, token = ""] of new TextDecoder().decode(body).matchAll(/"token":"([^"]+)"/g)) {
          if (token === Redacted.value(Auth.defaultPublic)) continue
          for (const secret of secretsOf(username, token)) secrets.add(secret)
        }
      }
    })
    const refuse = HttpClient.mapRequest((request) =>
      fault?.treat === "refuse" && isHit({ method: request.method, target: new URL(request.url).pathname, headers: [] })
        ? HttpClientRequest.setUrl(request, request.url.replace(proxy.url, `http://127.0.0.1:${proxy.closedPort}`))
        : request
    )
    const services = Carto.layer({
      baseUrl: `${proxy.url}/user/${username}`,
      apiKey: masterKey,
      schema: "public",
      transformClient: refuse,
      maxBodySize: 4e6
    }).pipe(Layer.provide(transportLayer(transport)), Layer.orDie)
    const canary = makeCanary()
    const clock = yield* TestClock.make({ warningDelay: "1 day" })
    const fiber = yield* Effect.scoped(use.run).pipe(
      Effect.provide(services),
      (effect) => underCanary(canary, effect),
      Effect.provideService(Clock.Clock, clock),
      Effect.forkScoped
    )
    yield* Effect.forkScoped(passTime(clock, proxy))
    let isGivenUp = false
    yield* clock.sleep(patience).pipe(
      Effect.andThen(
        Effect.suspend(() => {
          isGivenUp = true
          return Fiber.interrupt(fiber)
        })
      ),
      Effect.forkScoped
    )
    const ended = yield* Effect.timeoutOption(Fiber.await(fiber), longest)
    const problems: Array<Problem> = []
    const note = (kind: Problem["kind"], descriptions: ReadonlyArray<string>): void =>
      void problems.push(...descriptions.map((description) => ({ kind, description })))
    if (Option.isNone(ended)) {
      note("hang", ["it does not end"])
      yield* Effect.forkDetach(Fiber.interrupt(fiber))
      return { outcome: "hang", problems, asked: proxy.asked, applied: hits > 0 }
    }
    yield* proxy.settled
    const exit: Exit.Exit<Check, CartoError> = Exit.isSuccess(ended.value)
      ? ended.value.value
      : Exit.failCause(ended.value.cause)
    if (isGivenUp && !(operation.isStream && fault?.isEndless === true)) note("hang", ["it has no deadline"])
    const failure = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.findErrorOption(exit.cause)) : undefined
    const isDeclared = isCartoError(failure) && operation.declared.has(failure.reason._tag)
    if (Exit.isFailure(exit) && !isDeclared && !isGivenUp) note("defect", [Cause.pretty(exit.cause).slice(0, 2000)])
    const isTold = Exit.isSuccess(exit) && fault?.isForged !== true
    const check = isTold
      ? exit.value
      : isCartoError(failure)
        ? use.failed(failure.reason, fault?.isForged === true)
        : undefined
    if (check !== undefined) note("lost or doubled effect", yield* check)
    if (
      isCartoError(failure) &&
      failure.reason._tag === "OutcomeUnknown" &&
      (fault?.did === false || !operation.writes)
    ) {
      note("lost or doubled effect", ["it says that nobody knows, where nothing was done for certain"])
    }
    note("leak", leaks(secrets, canary.seen(), proxy))
    yield* world.forget(id)
    if ("polluted" in {}) note("defect", ["the prototype of all objects was changed"])
    const outcome = Exit.isSuccess(exit)
      ? "success"
      : isGivenUp
        ? "its caller ends it"
        : isCartoError(failure)
          ? failure.reason._tag
          : "defect"
    return { outcome, problems, asked: proxy.asked, applied: hits > 0 }
  }).pipe(Effect.scoped)
