/**
 * Leases that are shared: callers that ask for the same grants get the same key. A key is deleted when it has not been used for
 * a while, and replaced by a new one before it ends. Requests of a Worker may share a pool: no request waits for what another
 * one completes, and a request that is aborted gives back its room within seconds.
 * @module
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { type GrantsRequest, union } from "../account/Grants.ts"
import { defaultApis } from "../account/grantVocabulary.ts"
import type { InvalidInput } from "../errors/Call.ts"
import { type CartoErrorOf, isCartoError } from "../errors/CartoError.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { readDuration } from "../errors/internal/duration.ts"
import { refuse } from "../errors/internal/invalidInput.ts"
import { interruptibleUntilSent } from "../http/interruption.ts"
import type { ApiKeyManager, TargetUserOptions } from "./ApiKeyManager.ts"
import { createLease, deleteLease, readLeaseRequest } from "./internal/lifecycle/leaseKey.ts"
import { Heartbeat, pause } from "./internal/pool/heartbeat.ts"
import { type PooledKey, Room } from "./internal/pool/room.ts"
import { type Lease, type LeaseExpired, type LeaseReason, untilDeadline } from "./Lease.ts"

/** Options of a pool. */
export interface LeasePoolOptions extends TargetUserOptions {
  /** What the keys are for: 1 to 40 of `A-Z a-z 0-9 _ . -`. Part of their names, as is the owner. */
  readonly purpose: string
  /**
   * Who holds the keys: a host, a job, a Worker.
   * @default "effect-carto"
   */
  readonly owner?: string | undefined
  /**
   * How long each key may live.
   * @default 1 hour
   */
  readonly ttl?: Duration.Input | undefined
  /**
   * How long a lease that is given out lives at least. A new key replaces one that would live shorter.
   * @default 5 minutes
   */
  readonly renewBefore?: Duration.Input | undefined
  /**
   * How long an unused key is kept.
   * @default 1 minute
   */
  readonly idleTimeToLive?: Duration.Input | undefined
  /**
   * How many keys exist at most. A caller that asks for further grants takes the room of an unused key, or waits until a key is
   * unused. So give more than one piece of work holds at a time.
   * @default 8
   */
  readonly capacity?: number | undefined
  /**
   * How long a key takes new users while other callers wait for room. Callers that ask for it later wait behind them.
   * @default 10 seconds
   */
  readonly turn?: Duration.Input | undefined
}

/** A pool of leases. */
export interface LeasePoolService {
  /**
   * Gets a lease with these grants for as long as the scope is open. It lives at least `renewBefore`; ask again for work that
   * takes longer.
   */
  readonly get: (grants: GrantsRequest) => Effect.Effect<Lease, CartoErrorOf<LeaseReason>, Scope.Scope>
  /**
   * Runs an effect under a lease of the pool. Fails with `LeaseExpired` if the effect outlives the lease. Inside, the same grants
   * are the same lease. If the effect fails with `Unauthenticated`, because another caller deleted the key, the pool does not
   * give out that lease again.
   */
  readonly withLease: (
    grants: GrantsRequest
  ) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | CartoErrorOf<LeaseExpired | LeaseReason>, R>
  /** Invalidates this lease only; a newer lease for the same grants stays. Its key is deleted as soon as it is unused. */
  readonly invalidate: (lease: Lease) => Effect.Effect<void>
}

const readOptions = (options: LeasePoolOptions) =>
  Result.gen(function* () {
    const { capacity = 8, targetUser } = options
    const { owner, purpose, ttl } = yield* readLeaseRequest({ ...options, ttl: options.ttl ?? "1 hour" })
    const millis = (field: "idleTimeToLive" | "renewBefore" | "turn", standard: Duration.Input, infinite: boolean) =>
      Result.map(readDuration(field, options[field] ?? standard, { infinite }), Duration.toMillis)
    const renewBefore = yield* millis("renewBefore", "5 minutes", false)
    if (renewBefore >= ttl) {
      return yield* refuse("renewBefore", renewBefore, "give less than ttl, or every lease would be too old at once")
    }
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      return yield* refuse("capacity", capacity, "give a whole number above 0")
    }
    const idle = yield* millis("idleTimeToLive", "1 minute", true)
    const turn = yield* millis("turn", "10 seconds", true)
    return { capacity, idle, renewBefore, turn, request: { owner, purpose, ttl, targetUser } }
  })

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** The leases that this fiber runs under. Asking for one of them again must not wait for callers that wait for it. */
const Nested: Context.Reference<ReadonlyArray<Lease>> = Context.Reference<ReadonlyArray<Lease>>(
  "effect-carto/keys/LeasePool/Nested",
  { defaultValue: () => [] }
)

const identify = (grants: GrantsRequest): string =>
  // a table without a schema is in the account's own, which need not be public
  JSON.stringify(union({ apis: defaultApis, ...grants }, {}, { defaultSchema: "" }))

const isUnauthenticated = (error: unknown): boolean => isCartoError(error) && error.reason._tag === "Unauthenticated"

/**
 * Makes a pool that lasts as long as the scope, under the key in use here, which must be the master key. Sends nothing before the
 * first lease. The pool's keys are deleted when the scope closes. Fails with `InvalidInput`.
 */
export const make = (
  options: LeasePoolOptions
): Effect.Effect<LeasePoolService, CartoErrorOf<InvalidInput>, ApiKeyManager | Scope.Scope> =>
  Effect.gen(function* () {
    const { capacity, idle, renewBefore, request, turn } = yield* Effect.mapError(
      Effect.fromResult(readOptions(options)),
      (reason) => cartoError("LeasePool.make", reason)
    )
    const context = yield* Effect.context<ApiKeyManager>()
    const scope = yield* Effect.scope
    const room = new Room({ capacity, renewBefore, turn })
    const given = new WeakMap<Lease, PooledKey>()
    let isClosed = false

    /** Runs under the services of the pool, whatever key the caller runs under. */
    const asPool = <A, E>(effect: Effect.Effect<A, E, ApiKeyManager>): Effect.Effect<A, E> =>
      Effect.updateContext(effect, () => context)

    const remove = (key: PooledKey): Effect.Effect<void> =>
      Effect.suspend(() =>
        key.lease === undefined ? Effect.void : asPool(deleteLease(key.lease.key.name, request))
      ).pipe(Effect.ensuring(Effect.sync(() => room.keys.delete(key))))

    /** Deletes a key that has no users and that no other request deletes already. */
    const removeUnused = (key: PooledKey): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (key.users.size > 0 || key.owner !== undefined || !room.keys.has(key)) return Effect.void
        const heartbeat = new Heartbeat()
        room.reserve(key, heartbeat)
        return Effect.uninterruptible(heartbeat.keep(remove(key)))
      })

    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        isClosed = true
        return Effect.forEach([...room.keys], remove, { concurrency: "unbounded", discard: true })
      })
    )

    /** Deletes a key when it has been unused for long enough. */
    const watch = (key: PooledKey): Effect.Effect<void> =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        if (key.users.size > 0 || !room.keys.has(key)) {
          key.hasJanitor = false
          return
        }
        const rest = key.unusedSince + idle - now
        if (rest <= 0) return yield* removeUnused(key)
        yield* Effect.sleep(rest)
        yield* watch(key)
      })

    const release = (key: PooledKey, user: Heartbeat, stop: () => void): Effect.Effect<void> =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        stop()
        key.users.delete(user)
        if (key.users.size > 0) return Effect.void
        key.unusedSince = now
        if (key.isRetired || idle === 0) return removeUnused(key)
        if (key.hasJanitor || !Number.isFinite(idle)) return Effect.void
        key.hasJanitor = true
        return Effect.asVoid(Effect.forkIn(asPool(watch(key)), scope))
      })

    const create = (
      key: PooledKey,
      grants: GrantsRequest,
      user: Heartbeat,
      restore: Restore
    ): Effect.Effect<Lease, CartoErrorOf<LeaseReason>> =>
      interruptibleUntilSent(createLease("LeasePool.get", { ...grants, ...request }), restore).pipe(
        Effect.onExit((exit) =>
          Effect.sync(() => {
            key.owner = undefined
            if (Exit.isFailure(exit)) return room.keys.delete(key)
            key.lease = exit.value
            key.users.add(user)
            given.set(exit.value, key)
            return true
          })
        ),
        // the pool was closed while the key was created
        Effect.tap(() => (isClosed ? Effect.andThen(remove(key), Effect.interrupt) : Effect.void)),
        asPool
      )

    /** Takes steps until one of them gives a lease. */
    const obtain = (
      grantsId: string,
      grants: GrantsRequest,
      user: Heartbeat,
      restore: Restore,
      attempt = 0
    ): Effect.Effect<Lease, CartoErrorOf<LeaseReason>> =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        if (isClosed) return Effect.interrupt
        const step = room.next(grantsId, grants, user, now)
        switch (step.do) {
          case "use":
            return Effect.succeed(step.lease)
          case "create":
            return create(step.key, step.grants, user, restore)
          case "delete":
            return Effect.andThen(remove(step.key), obtain(grantsId, grants, user, restore))
          case "wait":
            return Effect.andThen(restore(pause(attempt)), obtain(grantsId, grants, user, restore, attempt + 1))
        }
      })

    const get = (grants: GrantsRequest): Effect.Effect<Lease, CartoErrorOf<LeaseReason>, Scope.Scope> =>
      Effect.uninterruptibleMask((restore) =>
        Effect.suspend(() => {
          const user = new Heartbeat()
          const stop = user.start()
          return Effect.acquireRelease(
            obtain(identify(grants), grants, user, restore).pipe(
              Effect.onExit((exit) =>
                Effect.sync(() => {
                  room.leave(user)
                  if (Exit.isFailure(exit)) stop()
                })
              )
            ),
            (lease) => {
              const key = given.get(lease)
              return key === undefined ? Effect.sync(stop) : release(key, user, stop)
            }
          )
        })
      )

    const invalidate = (lease: Lease): Effect.Effect<void> =>
      Effect.suspend(() => {
        const key = given.get(lease)
        if (key === undefined || key.isRetired) return Effect.void
        key.isRetired = true
        return removeUnused(key)
      })

    /** The lease with these grants that this fiber runs under already, if it lives long enough. */
    const nested = (grants: GrantsRequest): Effect.Effect<Lease | undefined> =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const grantsId = identify(grants)
        return (yield* Nested).find((own) => {
          const key = given.get(own)
          return key?.grantsId === grantsId && !key.isRetired && own.deadline.getTime() - now >= renewBefore
        })
      })

    const withLease: LeasePoolService["withLease"] = (grants) => (effect) =>
      Effect.scopedWith((own) =>
        Effect.gen(function* () {
          const outer = yield* Nested
          const found = (yield* nested(grants)) ?? (yield* Scope.provide(get(grants), own))
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
  /** Makes a pool for the life of the layer: see {@link make}. */
  static readonly layer = (
    options: LeasePoolOptions
  ): Layer.Layer<LeasePool, CartoErrorOf<InvalidInput>, ApiKeyManager> => Layer.effect(LeasePool, make(options))
}
