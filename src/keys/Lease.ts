/**
 * Keys that end: a lease is a regular key that lives as long as a scope. Each is a database role, and each deletion empties the
 * account's cache, so take one for a piece of work and not for each request; `LeasePool` shares them.
 * @module
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { Auth } from "../account/Auth.ts"
import type { GrantsRequest } from "../account/Grants.ts"
import { MasterKeyRequired } from "../errors/AuthApi.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { readDuration } from "../errors/internal/duration.ts"
import { LeaseExpired } from "../errors/Keys.ts"
import { interruptibleUntilSent } from "../http/interruption.ts"
import {
  ApiKeyManager,
  type AuthApiReason,
  type CreateReason,
  type DeleteReason,
  type TargetUserOptions
} from "./ApiKeyManager.ts"
import { createLease, deleteLease, type Lease } from "./internal/lifecycle/leaseKey.ts"
import * as LeaseName from "./internal/lifecycle/leaseName.ts"

export { LeaseExpired } from "../errors/Keys.ts"
export type { Lease } from "./internal/lifecycle/leaseKey.ts"

/** What the key may do, and for how long. */
export interface LeaseOptions extends GrantsRequest, TargetUserOptions {
  /** What the key is for: 1 to 40 of `A-Z a-z 0-9 _ . -`. Part of the key's name, as is the owner. */
  readonly purpose: string
  /**
   * Who holds it: a host, a job, a Worker.
   * @default "effect-carto"
   */
  readonly owner?: string | undefined
  /**
   * How long the key may live. {@link sweep} deletes it afterwards. Rounded up to whole seconds.
   * @default 15 minutes
   */
  readonly ttl?: Duration.Input | undefined
  /**
   * Receives the deletion after the scope has closed, so that a response need not wait for it: on Workers
   * `(deletion) => context.waitUntil(deletion)`.
   * @default the scope waits
   */
  readonly waitUntil?: ((deletion: Promise<void>) => void) | undefined
}

/** Which leases to sweep. */
export interface SweepOptions extends TargetUserOptions {
  /**
   * Sweeps leases of this owner only.
   * @default every owner
   */
  readonly owner?: string | undefined
  /**
   * How long after its deadline a lease is left alone, since clocks differ.
   * @default 1 minute
   */
  readonly grace?: Duration.Input | undefined
}

/** What a sweep has done. */
export interface Swept {
  /** Names of the leases that were deleted. */
  readonly deleted: ReadonlyArray<string>
  /** Leases that the server refused to delete, with its message. */
  readonly refused: ReadonlyArray<{ readonly name: string; readonly description: string }>
}

/** Why a lease cannot be made. */
export type LeaseReason = CreateReason
/** Why a sweep can fail. */
export type SweepReason = AuthApiReason | Exclude<DeleteReason, { readonly _tag: "ApiKeyNotFound" | "GrantRefused" }>

const release = (name: string, options: LeaseOptions): Effect.Effect<void, never, ApiKeyManager> => {
  const { waitUntil } = options
  return waitUntil === undefined
    ? deleteLease(name, options)
    : Effect.contextWith((context) =>
        Effect.sync(() => waitUntil(Effect.runPromiseWith(context)(deleteLease(name, options))))
      )
}

const acquire = ({ waitUntil: _waitUntil, ...request }: LeaseOptions) => createLease("Lease.lease", request)

/**
 * Creates a key with these grants, and deletes it when the scope closes: on success, failure and interruption. Needs the master
 * key. A request that creates a key is not interrupted once it is sent, so that no key is left behind; {@link sweep} deletes what
 * a crashed process leaves. The account becomes the owner of tables that the key made.
 */
export const lease = (
  options: LeaseOptions
): Effect.Effect<Lease, CartoErrorOf<LeaseReason>, ApiKeyManager | Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.acquireRelease(interruptibleUntilSent(acquire(options), restore), ({ key }) => release(key.name, options))
  ).pipe(Effect.withSpan("Lease.lease", { attributes: { "carto.lease.purpose": options.purpose } }))

/** Runs an effect under a lease, and interrupts it with `LeaseExpired` when the lease ends first. */
export const untilDeadline = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  { deadline, key }: Lease
): Effect.Effect<A, E | CartoErrorOf<LeaseExpired>, R> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.timeoutOrElse(Auth.withApiKey(effect, key), {
      duration: Math.max(0, deadline.getTime() - now),
      orElse: () => Effect.fail(cartoError("Lease.withLease", new LeaseExpired({ name: key.name, deadline })))
    })
  )

/**
 * Runs an effect under a lease of its own. Fails with `LeaseExpired` if the effect outlives the lease. Calls in it that need the
 * master key fail.
 */
export const withLease: {
  (
    options: LeaseOptions
  ): <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | CartoErrorOf<LeaseExpired | LeaseReason>, ApiKeyManager | R>
  <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options: LeaseOptions
  ): Effect.Effect<A, E | CartoErrorOf<LeaseExpired | LeaseReason>, ApiKeyManager | R>
} = dual(
  2,
  <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options: LeaseOptions
  ): Effect.Effect<A, E | CartoErrorOf<LeaseExpired | LeaseReason>, ApiKeyManager | R> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.acquireUseRelease(
        interruptibleUntilSent(acquire(options), restore),
        (held) => restore(untilDeadline(effect, held)),
        ({ key }) => release(key.name, options)
      )
    ).pipe(Effect.withSpan("Lease.withLease", { attributes: { "carto.lease.purpose": options.purpose } }))
)

/**
 * Deletes leases that are past their deadline, which crashed processes left behind. Deletes no other key: the name of a lease ends
 * with a checksum. Run it from time to time, under the master key. Fails with `MasterKeyRequired` under any other key.
 */
export const sweep = (options: SweepOptions = {}): Effect.Effect<Swept, CartoErrorOf<SweepReason>, ApiKeyManager> =>
  Effect.gen(function* () {
    const keys = yield* ApiKeyManager
    const { targetUser } = options
    const grace = yield* Effect.fromResult(readDuration("grace", options.grace ?? "1 minute")).pipe(
      Effect.mapBoth({ onFailure: (reason) => cartoError("Lease.sweep", reason), onSuccess: Duration.toMillis })
    )
    const [first, ...others] = yield* keys.list({ targetUser })
    // other keys see themselves alone, and would find nothing to sweep
    if (first?.type !== "master") {
      return yield* cartoError("Lease.sweep", new MasterKeyRequired({ keyType: first?.type }))
    }
    const now = yield* Clock.currentTimeMillis
    const expired = others.filter(({ name, type }) =>
      Option.exists(
        LeaseName.parse(name),
        ({ deadline, owner }) =>
          type === "regular" &&
          deadline.getTime() + grace < now &&
          (options.owner === undefined || options.owner === owner)
      )
    )
    const deleted: Array<string> = []
    const refused: Array<{ readonly name: string; readonly description: string }> = []
    for (const key of expired) {
      yield* keys.delete(key, { targetUser }).pipe(
        Effect.map(() => void deleted.push(key.name)),
        Effect.catch(({ reason }) => {
          switch (reason._tag) {
            case "ApiKeyNotFound": // its holder, or another sweep, was faster
              return Effect.void
            case "GrantRefused":
              return Effect.sync(() => void refused.push({ name: key.name, description: reason.description }))
            default:
              return Effect.fail(cartoError("Lease.sweep", reason))
          }
        })
      )
    }
    return { deleted, refused }
  }).pipe(Effect.withSpan("Lease.sweep"))
