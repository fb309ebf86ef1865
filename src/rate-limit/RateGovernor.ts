/**
 * Keeps calls within an account's rate limits: it learns them from the answers and lets each call go out when it may, so
 * that a burst ends without a refusal.
 *
 * Every group of endpoints of an account (queries, COPY in either direction, creating, reading and cancelling jobs, API
 * keys) has a limit of its own, whichever keys are used. Until the first answer of a group one call a second goes out. Where
 * the server tells of no limit nothing waits, unless calls are refused with 429 and `Retry-After`.
 *
 * A call waits outside of its deadline: `timeout` counts from when it goes out. Interrupt it, or put `Effect.timeout` around
 * it, to wait no longer. The attribute `carto.rate_limit.waited_ms` of its span says how long it has waited.
 *
 * @module
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Redis from "effect/persistence/Redis"
import { pace } from "./internal/client.ts"
import { withFallback } from "./internal/fallback.ts"
import { makePacer, type Pacer } from "./internal/pacer.ts"
import * as PolicyStore from "./internal/policyStore.ts"
import type { HttpClient } from "../http/client.ts"

export interface RateGovernorService {
  /** For the option of this name of `Auth.layer`, `Carto.layer`, the layers of `runtime/*`, and `connect` of promises. */
  readonly transformClient: (client: HttpClient) => HttpClient
}

export interface RedisOptions {
  /** What the names of all keys in Redis begin with. Default `effect-carto:rate:`. */
  readonly prefix?: string | undefined
}

const RateGovernorBase: Context.ServiceClass<RateGovernor, "effect-carto/RateGovernor", RateGovernorService> =
  Context.Service<RateGovernor, RateGovernorService>()("effect-carto/RateGovernor")

/** Paces the calls of all clients that it is given to. Accounts and their groups of endpoints do not wait for each other. */
export class RateGovernor extends RateGovernorBase {
  /** Keeps what it learns in this process. */
  static readonly layer: Layer.Layer<RateGovernor> = Layer.sync(RateGovernor, () => ({ transformClient: inMemory() }))

  /**
   * Shares limits with every process that uses the same Redis, through the store of Effect's own `RateLimiter`: their calls
   * together keep within the limit, and what one has learned the others know. Clocks must agree to within a fraction of a
   * second. While Redis does not answer, each process goes on by itself and a warning is logged.
   */
  static readonly layerRedis = (options?: RedisOptions): Layer.Layer<RateGovernor, never, Redis.Redis> =>
    Layer.effect(RateGovernor, makeRedis(options))
}

const ownPacer = (): Pacer<never> => {
  const limiter = Effect.runSync(Effect.provide(RateLimiter.make, Layer.fresh(RateLimiter.layerStoreMemory)))
  const { admit, lose, settle } = makePacer({ freshness: 0, limiter, policies: PolicyStore.inMemory() })
  return { admit: (key) => Effect.orDie(admit(key)), settle: (...args) => Effect.orDie(settle(...args)), lose }
}

/**
 * The option `transformClient` by itself, for who has no layers: a governor that keeps what it learns in this process. It may
 * be made at the top of a module, also on Workers.
 */
export const inMemory = (): RateGovernorService["transformClient"] => pace(ownPacer())

const makeRedis = ({ prefix = "effect-carto:rate:" }: RedisOptions = {}): Effect.Effect<
  RateGovernorService,
  never,
  Redis.Redis
> =>
  Effect.gen(function* () {
    const redis = inTime(yield* Redis.Redis)
    const limiter = yield* RateLimiter.make.pipe(
      Effect.provideServiceEffect(RateLimiter.RateLimiterStore, RateLimiter.makeStoreRedis({ prefix })),
      Effect.provideService(Redis.Redis, redis)
    )
    const shared = makePacer({ freshness: 200, limiter, policies: PolicyStore.inRedis(redis, prefix) })
    return { transformClient: pace(withFallback(shared, ownPacer())) }
  })

/** A client that has lost its server may keep commands until it is back. */
const patience = Duration.seconds(1)

const inTime = (redis: Redis.Redis["Service"]): Redis.Redis["Service"] => {
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
