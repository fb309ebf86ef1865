/**
 * Keeps calls within the rate limits of an account. A governor learns the limits from the responses, and sends each call when
 * they allow it, so that a burst ends without a `RateLimited`.
 *
 * Every group of endpoints of an account has its own limit, under all keys: queries, COPY in either direction, creating, reading
 * and canceling jobs, and API keys. Before the first response of a group, one call per second is sent. If the server reports no
 * limit, calls are not delayed, unless it refuses some with 429 and `Retry-After`.
 *
 * A call waits outside of its deadline: `timeout` begins when the call is sent. To wait less, interrupt the call or put
 * `Effect.timeout` around it. The span of the call has the wait as `carto.rate_limit.waited_ms`.
 *
 * @module
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { HttpClient } from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Redis from "effect/persistence/Redis"
import { pace } from "./internal/client.ts"
import { withFallback } from "./internal/fallback.ts"
import { ownPacer } from "./internal/ownPacer.ts"
import { makePacer } from "./internal/pacer.ts"
import * as PolicyStore from "./internal/policyStore.ts"

/** Keeps calls within rate limits. */
export interface RateGovernorService {
  /** The option `transformClient` of `Auth.layer`, `Carto.layer`, the layers of `runtime/*`, and `connect` of promises. */
  readonly transformClient: (client: HttpClient) => HttpClient
}

/** The options of {@link RateGovernor.layerRedis}. */
export interface RedisOptions {
  /** The prefix of all keys in Redis. @default "effect-carto:rate:" */
  readonly prefix?: string | undefined
}

const RateGovernorBase: Context.ServiceClass<RateGovernor, "effect-carto/RateGovernor", RateGovernorService> =
  Context.Service<RateGovernor, RateGovernorService>()("effect-carto/RateGovernor")

/** Paces the calls of all clients that it is given to. Accounts and groups of endpoints do not wait for each other. */
export class RateGovernor extends RateGovernorBase {
  /** Keeps what it learns in this process. */
  static readonly layer: Layer.Layer<RateGovernor> = Layer.sync(RateGovernor, () => ({ transformClient: inMemory() }))

  /**
   * Shares limits with all processes that use the same Redis, through the store of Effect's `RateLimiter`. Their calls together
   * keep within the limit, and each knows what one has learned. Time is that of the Redis server, so the clocks of the processes
   * need not agree. While Redis does not answer, each process paces its own calls, and a warning is logged.
   */
  static readonly layerRedis = (options?: RedisOptions): Layer.Layer<RateGovernor, never, Redis.Redis> =>
    Layer.effect(RateGovernor, makeRedis(options))
}

/**
 * Makes the option `transformClient` for programs without layers: a governor that keeps what it learns in this process. It can be
 * made at the top of a module, on Workers too.
 */
export const inMemory = (): RateGovernorService["transformClient"] => pace(ownPacer())

const makeRedis = ({ prefix = "effect-carto:rate:" }: RedisOptions = {}): Effect.Effect<
  RateGovernorService,
  never,
  Redis.Redis
> =>
  Effect.gen(function* () {
    const redis = withinPatience(yield* Redis.Redis)
    const limiter = yield* RateLimiter.make.pipe(
      Effect.provideServiceEffect(RateLimiter.RateLimiterStore, RateLimiter.makeStoreRedis({ prefix })),
      Effect.provideService(Redis.Redis, redis)
    )
    const shared = makePacer({ freshness: 200, limiter, policies: PolicyStore.inRedis(redis, prefix) })
    return { transformClient: pace(withFallback(shared, ownPacer())) }
  })

/** How long to wait for Redis: a client that has lost its server may keep commands until the server is back. */
const patience = Duration.seconds(1)

const withinPatience = (redis: Redis.Redis["Service"]): Redis.Redis["Service"] => {
  const bounded = <A>(effect: Effect.Effect<A, Redis.RedisError>): Effect.Effect<A, Redis.RedisError> =>
    Effect.timeoutOrElse(effect, {
      duration: patience,
      orElse: () => Effect.fail(new Redis.RedisError({ cause: new Error("Redis does not answer") }))
    })
  return {
    ...redis,
    send: (...args) => bounded(redis.send(...args)),
    eval:
      (script) =>
      (...params) =>
        bounded(redis.eval(script)(...params))
  }
}
