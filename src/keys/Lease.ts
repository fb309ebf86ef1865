/**
 * Keys that end: a lease is a regular key that lives as long as a scope. Each is a database role, and each deletion
 * empties the account's cache, so take one for a piece of work and never one for a request; `LeasePool` shares them.
 */
import type { ApiKey } from "../account/ApiKey.ts"
import {
  ApiKeyManager,
  type AuthApiReason,
  type CreateReason,
  type DeleteReason,
  type TargetUserOptions
} from "./ApiKeyManager.ts"
import { Auth } from "../account/Auth.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import type { GrantsRequest } from "../account/Grants.ts"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { cartoError } from "../errors/internal/cartoError.ts"
import { refuse } from "../errors/internal/invalidInput.ts"
import { MasterKeyRequired } from "../errors/AuthApi.ts"
import type { InvalidInput } from "../errors/Call.ts"
import { LeaseExpired } from "../errors/Keys.ts"
import { interruptibleUntilSent } from "../http/interruption.ts"
import * as LeaseName from "./internal/lifecycle/leaseName.ts"

export { LeaseExpired } from "../errors/Keys.ts"

/** What the key may do, and for how long. */
export interface LeaseOptions extends GrantsRequest, TargetUserOptions {
  /** What the key is for: 1 to 40 of `A-Z a-z 0-9 _ . -`. It is part of the key's name, as is the owner. */
  readonly purpose: string
  /** Who holds it: a host, a job, a Worker. Default `effect-carto`. */
  readonly owner?: string | undefined
  /** How long the key may live; {@link sweep} deletes it afterwards. Whole seconds, rounded up. Default 15 minutes. */
  readonly ttl?: Duration.Input | undefined
  /**
   * Where the deletion goes on after the scope has closed: `(deletion) => context.waitUntil(deletion)` on Workers, so that
   * the answer need not wait for it. Default: the scope waits.
   */
  readonly waitUntil?: ((deletion: Promise<void>) => void) | undefined
}

export interface Lease {
  readonly key: ApiKey
  readonly purpose: string
  readonly owner: string
  readonly deadline: Date
}

export interface SweepOptions extends TargetUserOptions {
  /** Leases of this owner alone. Default: every owner's. */
  readonly owner?: string | undefined
  /** How long after its deadline a lease is left alone, since clocks differ. Default 1 minute. */
  readonly grace?: Duration.Input | undefined
}

export interface Swept {
  /** Names of the leases that were deleted. */
  readonly deleted: ReadonlyArray<string>
  /** Leases that the server would not delete, with its words. */
  readonly refused: ReadonlyArray<{ readonly name: string; readonly description: string }>
}

export type LeaseReason = CreateReason
export type SweepReason = AuthApiReason | Exclude<DeleteReason, { readonly _tag: "ApiKeyNotFound" | "GrantRefused" }>

const checkWord = (field: string, value: string): Result.Result<string, InvalidInput> =>
  typeof value === "string" && LeaseName.isWord(value)
    ? Result.succeed(value)
    : refuse(field, value, "give 1 to 40 of A-Z a-z 0-9 _ . -")

/** A length of time in milliseconds, at least `least`. */
const readDuration = (
  field: string,
  input: Duration.Input,
  least: number,
  remedy: string
): Result.Result<number, InvalidInput> => {
  const millis = Option.match(Duration.fromInput(input), { onNone: () => Number.NaN, onSome: Duration.toMillis })
  return Number.isFinite(millis) && millis >= least ? Result.succeed(millis) : refuse(field, input, remedy)
}

const newName = Effect.fnUntraced(function* ({
  owner = "effect-carto",
  purpose,
  ttl = "15 minutes"
}: LeaseOptions): Effect.fn.Return<LeaseName.LeaseName, InvalidInput> {
  const words = {
    purpose: yield* Effect.fromResult(checkWord("purpose", purpose)),
    owner: yield* Effect.fromResult(checkWord("owner", owner))
  }
  const millis = yield* Effect.fromResult(readDuration("ttl", ttl, 1, "give a finite time, more than none"))
  const now = yield* Clock.currentTimeMillis
  return LeaseName.make({ ...words, deadline: new Date(Math.ceil((now + millis) / 1000) * 1000) })
})

/** Deletes a lease's key. What fails is logged and left to {@link sweep}. */
const remove = (name: string, options: TargetUserOptions): Effect.Effect<void, never, ApiKeyManager> =>
  ApiKeyManager.use((keys) => keys.delete(name, { targetUser: options.targetUser })).pipe(
    Effect.catchReason("CartoError", "ApiKeyNotFound", () => Effect.void),
    Effect.ignore({ log: "Warn", message: `the lease ${name} is left to Lease.sweep` })
  )

const release = (name: string, options: LeaseOptions): Effect.Effect<void, never, ApiKeyManager> => {
  const { waitUntil } = options
  return waitUntil === undefined
    ? remove(name, options)
    : Effect.contextWith((context) =>
        Effect.sync(() => waitUntil(Effect.runPromiseWith(context)(remove(name, options))))
      )
}

/** Reasons after which nobody knows whether the key was made. */
const isUncertain = ({ reason }: CartoErrorOf<CreateReason>): boolean =>
  reason._tag === "OutcomeUnknown" || reason._tag === "ResponseMalformed"

const acquire = Effect.fnUntraced(function* (
  options: LeaseOptions
): Effect.fn.Return<Lease, CartoErrorOf<LeaseReason>, ApiKeyManager> {
  const { owner: _owner, purpose: _purpose, ttl: _ttl, waitUntil: _waitUntil, ...request } = options
  const fields = yield* Effect.mapError(newName(options), (reason) => cartoError("Lease.lease", reason))
  const name = LeaseName.format(fields)
  const key = yield* ApiKeyManager.use((keys) => keys.create({ ...request, name })).pipe(
    Effect.tapError((error) => (isUncertain(error) ? remove(name, options) : Effect.void))
  )
  return { key, purpose: fields.purpose, owner: fields.owner, deadline: fields.deadline }
})

/**
 * A key with these grants that is deleted when the scope closes, whether by success, failure or interruption. Needs the
 * master key. A request that creates a key is not interrupted, so that no key is left behind; what a crashed process
 * leaves is deleted by {@link sweep}. Tables that the key made go to the account.
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
 * Runs an effect under a lease of its own; fails with `LeaseExpired` if it outlives the lease. Calls in it that need the
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
 * Deletes leases that are past their deadline, which crashed processes left behind, and no other key: only names that
 * `LeaseName` made. Run it from time to time, under the master key.
 */
export const sweep = (options: SweepOptions = {}): Effect.Effect<Swept, CartoErrorOf<SweepReason>, ApiKeyManager> =>
  Effect.gen(function* () {
    const keys = yield* ApiKeyManager
    const { targetUser } = options
    const grace = yield* Effect.fromResult(
      readDuration("grace", options.grace ?? "1 minute", 0, "give a finite time")
    ).pipe(Effect.mapError((reason) => cartoError("Lease.sweep", reason)))
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
