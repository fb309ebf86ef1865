/**
 * Leases that are shared: whoever asks for the same grants gets the same key. A key is deleted when nobody has used it
 * for a while, and replaced by a new one before it ends.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { ApiKeyManager, TargetUserOptions } from "./ApiKeyManager.ts"
import { type CartoErrorOf, isCartoError } from "../errors/CartoError.ts"
import { type GrantsRequest, union } from "../account/Grants.ts"
import { defaultApis } from "../account/grantVocabulary.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { refuse } from "../errors/internal/invalidInput.ts"
import type { InvalidInput } from "../errors/Call.ts"
import { type Lease, lease, type LeaseExpired, type LeaseReason, untilDeadline } from "./Lease.ts"

export interface LeasePoolOptions extends TargetUserOptions {
  /** As of `Lease.lease`, for every lease of the pool. */
  readonly purpose: string
  /** As of `Lease.lease`. */
  readonly owner?: string | undefined
  /** How long each key may live. Default 1 hour. */
  readonly ttl?: Duration.Input | undefined
  /** A lease that is given out lives at least this long: below it, a new key is made. Default 5 minutes. */
  readonly renewBefore?: Duration.Input | undefined
  /** How long a key is kept that nobody uses. Default 1 minute. */
  readonly idleTimeToLive?: Duration.Input | undefined
  /**
   * Keys at most. Whoever asks for further grants takes the room of an unused key, or waits until one is unused: so give
   * more than one piece of work holds at a time. Default 8.
   */
  readonly capacity?: number | undefined
  /**
   * For how long a key in use is given out while others wait for room: whoever asks for it later waits behind them. Default
   * 10 seconds.
   */
  readonly turn?: Duration.Input | undefined
}

export interface LeasePoolService {
  /**
   * A lease with these grants, for as long as the scope is open. It lives at least `renewBefore`; ask again for work that
   * takes longer.
   */
  readonly get: (grants: GrantsRequest) => Effect.Effect<Lease, CartoErrorOf<LeaseReason>, Scope.Scope>
  /**
   * Runs an effect under a lease of the pool; fails with `LeaseExpired` if it outlives the lease. Inside, the same grants are
   * the same lease. A lease whose key was
   * deleted by somebody else is not given out again once an effect has failed with `Unauthenticated`.
   */
  readonly withLease: (
    grants: GrantsRequest
  ) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | CartoErrorOf<LeaseExpired | LeaseReason>, R>
  /** Gives this lease out no more; its key is deleted as soon as nobody uses it. */
  readonly invalidate: (lease: Lease) => Effect.Effect<void>
}

const check = (ttl: number, renewBefore: number, capacity: number): Effect.Effect<void, CartoErrorOf<InvalidInput>> => {
  const problem = !(renewBefore < ttl)
    ? refuse("renewBefore", renewBefore, "give less than ttl, or every lease would be too old at once")
    : !Number.isSafeInteger(capacity) || capacity < 1
      ? refuse("capacity", capacity, "give a whole number above 0")
      : undefined
  return problem === undefined
    ? Effect.void
    : Effect.mapError(Effect.fromResult(problem), (reason) => cartoError("LeasePool.make", reason))
}

interface Held {
  readonly grants: GrantsRequest
  users: number
  /** Since when there is room for its key, in milliseconds; `undefined` while it waits for that. */
  since: number | undefined
}

/** The leases that this fiber runs under: asking for one of them again must not wait for whoever waits for it. */
const Nested: Context.Reference<ReadonlyArray<Lease>> = Context.Reference<ReadonlyArray<Lease>>(
  "effect-carto/keys/LeasePool/Nested",
  { defaultValue: () => [] }
)

const keyOf = (grants: GrantsRequest): string =>
  // a table without a schema is not one of schema public: it is in the account's own
  JSON.stringify(union({ apis: defaultApis, ...grants }, {}, { defaultSchema: "" }))

const isUnauthenticated = (error: unknown): boolean => isCartoError(error) && error.reason._tag === "Unauthenticated"

/**
 * A pool that lasts as long as the scope, under the key in use here, which must be the master key. Its keys are deleted
 * when the scope closes.
 */
export const make = (
  options: LeasePoolOptions
): Effect.Effect<LeasePoolService, CartoErrorOf<InvalidInput>, ApiKeyManager | Scope.Scope> =>
  Effect.gen(function* () {
    const { capacity = 8, idleTimeToLive = "1 minute", owner, purpose, targetUser, turn = "10 seconds" } = options
    const turnMillis = Duration.toMillis(Duration.fromInputUnsafe(turn))
    const ttl = Duration.fromInputUnsafe(options.ttl ?? "1 hour")
    const renewBefore = Duration.toMillis(Duration.fromInputUnsafe(options.renewBefore ?? "5 minutes"))
    yield* check(Duration.toMillis(ttl), renewBefore, capacity)
    const context = yield* Effect.context<ApiKeyManager>()
    const room = yield* Semaphore.make(capacity)
    const held = new Map<string, Held>()
    const leaving = new Set<Held>()
    const keys = new WeakMap<Lease, string>()
    const retired = new WeakSet<object>()

    const acquire = (key: string): Effect.Effect<Lease, CartoErrorOf<LeaseReason>, Scope.Scope> =>
      Effect.flatMap(Effect.scope, (scope) =>
        Effect.gen(function* () {
          const own = held.get(key)
          if (own !== undefined) own.since = undefined
          yield* room.takeScoped(1)
          if (own === undefined || held.get(key) !== own) return yield* Effect.interrupt
          own.since = yield* Clock.currentTimeMillis
          yield* Effect.addFinalizer(() =>
            Effect.sync(() => {
              leaving.delete(own)
              if (held.get(key) === own && own.users === 0) held.delete(key)
            })
          )
          const found = yield* lease({ ...own.grants, purpose, owner, ttl, targetUser })
          keys.set(found, key)
          return found
          // under the services of the pool, whatever key the caller runs under
        }).pipe(Effect.updateContext(() => Context.add(context, Scope.Scope, scope)))
      )
    const leases = yield* RcMap.make({ lookup: acquire, idleTimeToLive })

    /** Gives what was got out no more. Not what has come in its place since: many may find out about the same one. */
    const retire = (key: string, got: object): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (retired.has(got)) return Effect.void
        retired.add(got)
        return RcMap.invalidate(leases, key)
      })

    /** Whether others have waited long enough for the room of this lease. */
    const isOver = ({ since }: Held, now: number): boolean =>
      since !== undefined &&
      now - since >= turnMillis &&
      [...held.values()].filter((other) => other.since === undefined).length > leaving.size

    /**
     * Counts a user of these grants; where there are more than room for, an unused lease goes, or one whose turn is over
     * takes nobody in.
     */
    const enter = (key: string, grants: GrantsRequest): Effect.Effect<Held, never, Scope.Scope> =>
      Effect.acquireRelease(
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const old = held.get(key)
          const over = old !== undefined && isOver(old, now)
          if (over) {
            held.delete(key)
            leaving.add(old)
          }
          const own = (over ? undefined : old) ?? { grants, users: 0, since: undefined }
          own.users++
          held.set(key, own)
          const unused = held.size > capacity ? [...held].find(([, { users }]) => users === 0) : undefined
          if (unused !== undefined) held.delete(unused[0])
          const gone = [...(over ? [key] : []), ...(unused === undefined ? [] : [unused[0]])]
          return Effect.as(
            Effect.forEach(gone, (each) => RcMap.invalidate(leases, each)),
            own
          )
        }),
        // who could not get room when this lease was in use waits for it to go
        (own) =>
          Effect.suspend(() => {
            own.users--
            if (own.users > 0 || held.size <= capacity || held.get(key) !== own) return Effect.void
            held.delete(key)
            return RcMap.invalidate(leases, key)
          })
      )

    const get = (grants: GrantsRequest): Effect.Effect<Lease, CartoErrorOf<LeaseReason>, Scope.Scope> =>
      Effect.gen(function* () {
        const key = keyOf(grants)
        const scope = yield* Scope.fork(yield* Effect.scope)
        const found = yield* Effect.andThen(enter(key, grants), RcMap.get(leases, key)).pipe(
          // what failed would be given to the next one too
          Effect.tapError((error) => retire(key, error)),
          Scope.provide(scope)
        )
        const now = yield* Clock.currentTimeMillis
        if (!retired.has(found) && found.deadline.getTime() - now >= renewBefore) return found
        yield* retire(key, found)
        // or its room would not be free for the next one
        yield* Scope.close(scope, Exit.void)
        return yield* get(grants)
      })

    const invalidate = (got: Lease): Effect.Effect<void> => retire(keys.get(got) ?? "", got)

    /** The lease with these grants that this fiber runs under already, if it lives long enough. */
    const nested = (grants: GrantsRequest): Effect.Effect<Lease | undefined> =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const key = keyOf(grants)
        return (yield* Nested).find(
          (own) => keys.get(own) === key && !retired.has(own) && own.deadline.getTime() - now >= renewBefore
        )
      })

    const withLease: LeasePoolService["withLease"] = (grants) => (effect) =>
      Effect.scopedWith((scope) =>
        Effect.gen(function* () {
          const outer = yield* Nested
          const found = (yield* nested(grants)) ?? (yield* Scope.provide(get(grants), scope))
          return yield* untilDeadline(effect, found).pipe(
            Effect.tapError((error) => (isUnauthenticated(error) ? invalidate(found) : Effect.void)),
            Effect.provideService(Nested, [...outer, found])
          )
        })
      ).pipe(Effect.withSpan("LeasePool.withLease"))

    return { get: (grants) => Effect.withSpan(get(grants), "LeasePool.get"), invalidate, withLease }
  })

const LeasePoolBase: Context.ServiceClass<LeasePool, "effect-carto/keys/LeasePool", LeasePoolService> = Context.Service<
  LeasePool,
  LeasePoolService
>()("effect-carto/keys/LeasePool")

/** A pool of leases as a service. */
export class LeasePool extends LeasePoolBase {
  /** See {@link make}. */
  static readonly layer = (
    options: LeasePoolOptions
  ): Layer.Layer<LeasePool, CartoErrorOf<InvalidInput>, ApiKeyManager> => Layer.effect(LeasePool, make(options))
}
