/**
 * Replaces a key by one with the same grants, so that consumers always have a key that works: create, publish, verify, wait,
 * delete the old one. The names count generations: `tiles` is followed by `tiles~2`, then by `tiles~3`. What is under way
 * stands in the names, so any call continues what an earlier one began.
 *
 * `ApiKeyManager.regenerate` is for emergencies: it keeps the name, and the old token stops working at once.
 * @module
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { ApiKey } from "../account/ApiKey.ts"
import type { GrantsRequest } from "../account/Grants.ts"
import { ApiKeyNotFound } from "../errors/AuthApi.ts"
import type { InvalidInput } from "../errors/Call.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { invalidInput } from "../errors/internal/invalidInput.ts"
import { quote } from "../errors/internal/printable.ts"
import type { Sql } from "../sql/Sql.ts"
import type { ApiKeyManager, AuthApiReason, TargetUserOptions } from "./ApiKeyManager.ts"
import type { TargetOptions } from "./internal/lifecycle/exactGrants.ts"
import {
  type Family,
  newestOf,
  nextNumber,
  readFamily,
  type Replacement,
  replacementOf
} from "./internal/lifecycle/family.ts"
import * as Generation from "./internal/lifecycle/generation.ts"
import {
  checkOptions,
  checkSuccessor,
  finishReplacement,
  type HandOverOptions,
  introduce,
  type OwnedTablesOptions,
  releaseTables,
  type ReplacementReason
} from "./internal/lifecycle/replaceKey.ts"
import { createOrGet, decide, deleteOldRecords, overtaken } from "./internal/lifecycle/settle.ts"

export { KeyOwnsTables, ReplacementOvertaken, SuccessorLacksGrants } from "../errors/Keys.ts"
export type { TargetOptions } from "./internal/lifecycle/exactGrants.ts"
export type { HandOverOptions, OwnedTablesOptions, ReplacementReason } from "./internal/lifecycle/replaceKey.ts"

/** Which grants the new key has, whose key it is, and what happens to tables that the old one owns. */
export interface SuccessorOptions extends OwnedTablesOptions, TargetOptions {
  /**
   * Grants that the new key has besides those that can be seen of the old one. Name here what cannot be seen: `user` data, and
   * materialized views of a key that may not use the SQL API.
   * @default nothing
   */
  readonly also?: GrantsRequest | undefined
}

/** Options of {@link rotate} and {@link resume}. */
export interface RotateOptions<E, R> extends HandOverOptions<E, R>, SuccessorOptions {}

/** The name that a key shares with its other generations: `tiles` for `tiles`, `tiles~2` and `tiles~3`. Consumers store the token under it. */
export const baseName = (name: string): string => Generation.parse(name).base

/** Why {@link current} can fail. */
export type CurrentReason = ApiKeyNotFound | AuthApiReason
/** Why a rotation can fail. */
export type RotateReason = ApiKeyNotFound | ReplacementReason

type Failure = CartoErrorOf<RotateReason>

/** The generations of a key, and what they say about its replacement. */
interface Found {
  readonly family: Family
  readonly newest: ApiKey
  readonly replacement: Replacement
  /** Whether the key that was named has a newer generation. */
  readonly isSuperseded: boolean
}

const refused = (value: unknown): InvalidInput =>
  invalidInput("key", value, "name a regular key; for the master key use ApiKeyManager.regenerate")

const findFamily = Effect.fnUntraced(function* (
  operation: string,
  key: string | ApiKey,
  { targetUser }: TargetOptions
): Effect.fn.Return<
  { readonly family: Family; readonly newest: ApiKey; readonly isSuperseded: boolean },
  CartoErrorOf<CurrentReason>,
  ApiKeyManager
> {
  const name: unknown = key instanceof ApiKey ? key.name : key
  if (typeof name !== "string") return yield* cartoError(operation, refused(name))
  const asked = Generation.parse(name)
  const isProtected = name === "Master" || name === "Default public" || !Generation.isBase(asked.base)
  if (isProtected || (key instanceof ApiKey && key.type !== "regular")) {
    return yield* cartoError(operation, refused(name))
  }
  const family = yield* readFamily(asked.base, { targetUser })
  const newest = newestOf(family)
  const isPrecise = key instanceof ApiKey || name !== asked.base
  const behind = newest === undefined ? 0 : Generation.parse(newest.name).number - asked.number
  if (newest === undefined || (isPrecise && behind < 0)) {
    return yield* cartoError(operation, new ApiKeyNotFound({ name }))
  }
  return { family, newest, isSuperseded: isPrecise && behind > 0 }
})

const find = (
  operation: string,
  key: string | ApiKey,
  options: TargetOptions
): Effect.Effect<Found, Failure, ApiKeyManager> =>
  Effect.flatMap(findFamily(operation, key, options), (found): Effect.Effect<Found, Failure> => {
    const replacement = replacementOf(found.family)
    return replacement === undefined
      ? Effect.fail(overtaken(operation, found.family.base, `${quote(found.newest.name)} is deleted by a plan`))
      : Effect.succeed({ ...found, replacement })
  })

/**
 * Finds the key in use of a name: its newest generation, or the one before if the newest is being abandoned. Fails with
 * `ApiKeyNotFound`. `GET /api/v3/api_keys`.
 */
export const current = (
  name: string,
  options: TargetUserOptions = {}
): Effect.Effect<ApiKey, CartoErrorOf<CurrentReason>, ApiKeyManager> =>
  Effect.map(
    findFamily("Rotation.current", name, options),
    ({ family, newest }) => replacementOf(family)?.survivor ?? newest
  ).pipe(Effect.withSpan("Rotation.current"))

/** Both of two requests. */
const union = (request: GrantsRequest, { targetUser }: TargetOptions, also: GrantsRequest = {}) => {
  const both = <A>(one: ReadonlyArray<A> = [], other: ReadonlyArray<A> = []) => {
    const all = [...new Set([...one, ...other])]
    return all.length === 0 ? undefined : all
  }
  return {
    targetUser,
    apis: both(request.apis, also.apis) ?? [],
    tables: both(request.tables, also.tables),
    schemas: both(request.schemas, also.schemas),
    tableMetadata: request.tableMetadata === true || also.tableMetadata === true,
    services: both(request.services, also.services),
    user: both(request.user, also.user),
    datasets: both(request.datasets, also.datasets)
  }
}

/** Creates the next generation; `undefined` if the key is gone, since another caller replaced it. */
const createNext = (
  operation: string,
  { family, newest }: Found,
  options: SuccessorOptions
): Effect.Effect<Replacement | undefined, Failure, ApiKeyManager | Sql> =>
  Effect.gen(function* () {
    const exact = yield* releaseTables(operation, newest, options)
    if (exact === undefined) return undefined
    const { base } = family
    const { fingerprint } = Generation.parse(newest.name)
    const name = Generation.format({ base, number: nextNumber(family), fingerprint })
    const survivor = yield* createOrGet({ ...union(exact.request, options, options.also), name })
    return { base, decision: "stays", subject: survivor, survivor, leaving: [newest] }
  })

/** Finds the replacement that is under way, or begins one. */
const start = (
  operation: string,
  key: string | ApiKey,
  options: SuccessorOptions
): Effect.Effect<Replacement, Failure, ApiKeyManager | Sql> =>
  Effect.gen(function* () {
    const found = yield* find(operation, key, options)
    const { isSuperseded, replacement } = found
    if (replacement.leaving.length > 0) return replacement
    if (isSuperseded) return yield* Effect.as(deleteOldRecords(operation, found.family, options), replacement)
    return (yield* createNext(operation, found, options)) ?? (yield* start(operation, key, options))
  })

const introduceProven = <E, R>(
  operation: string,
  replacement: Replacement,
  options: HandOverOptions<E, R> & TargetOptions
): Effect.Effect<Replacement, E | Failure, ApiKeyManager | R | Sql> =>
  Effect.andThen(
    replacement.decision === "stays" ? checkSuccessor(operation, replacement, options) : Effect.void,
    introduce(operation, replacement, options)
  )

const end = <E = never, R = never>(
  operation: string,
  replacement: Replacement,
  options: OwnedTablesOptions & TargetOptions & Partial<HandOverOptions<E, R>>
): Effect.Effect<ApiKey, E | Failure, ApiKeyManager | R | Sql> =>
  Effect.andThen(
    replacement.decision === "stays" ? checkSuccessor(operation, replacement, options) : Effect.void,
    finishReplacement(operation, replacement, options, options.publish)
  )

/** Publishes, proves, waits and deletes. */
const complete = <E, R>(
  operation: string,
  replacement: Replacement,
  options: RotateOptions<E, R>,
  grace: Duration.Duration
): Effect.Effect<ApiKey, E | Failure, ApiKeyManager | R | Sql> =>
  replacement.leaving.length === 0
    ? Effect.succeed(replacement.survivor)
    : introduceProven(operation, replacement, options).pipe(
        Effect.tap(() => Effect.sleep(grace)),
        Effect.flatMap((introduced) => end(operation, introduced, options))
      )

/**
 * Does the first half of a rotation, for a durable workflow that waits by itself: creates the next generation, publishes and
 * proves it. Answers with the new key; if that was begun already, with the same one.
 */
export const begin = <E = never, R = never>(
  key: string | ApiKey,
  options: Omit<RotateOptions<E, R>, "grace">
): Effect.Effect<ApiKey, E | Failure, ApiKeyManager | R | Sql> =>
  Effect.gen(function* () {
    yield* checkOptions("Rotation.begin", options, options)
    const replacement = yield* start("Rotation.begin", key, options)
    if (replacement.leaving.length === 0) return replacement.survivor
    return (yield* introduceProven("Rotation.begin", replacement, options)).survivor
  }).pipe(Effect.withSpan("Rotation.begin"))

/**
 * Does the second half: deletes the older generations. Call it when the new key has been published for long enough. Fails with
 * `ReplacementOvertaken` if the new key is being abandoned.
 */
export const finish = (
  key: string | ApiKey,
  options: OwnedTablesOptions & TargetOptions = {}
): Effect.Effect<ApiKey, Failure, ApiKeyManager | Sql> =>
  checkOptions("Rotation.finish", options).pipe(
    Effect.andThen(find("Rotation.finish", key, options)),
    Effect.flatMap(({ family, replacement }) =>
      // nobody has said that the key before it is published
      replacement.decision === "leaves"
        ? Effect.fail(overtaken("Rotation.finish", family.base, `${quote(replacement.subject.name)} is abandoned`))
        : end("Rotation.finish", replacement, options)
    ),
    Effect.withSpan("Rotation.finish")
  )

/**
 * Replaces a key, and answers with the new one after the old one is deleted. Needs the master key. With a base name the
 * newest generation is replaced. With a key, or the full name of a generation, the call is safe to repeat until it succeeds:
 * a key that was replaced already is not replaced again. If a rotation or an `abandon` is under way, this call completes it
 * instead, and answers with the key that stays.
 *
 * Fails with `KeyOwnsTables` if the old key owns tables, unless `ownedTables` says what to do; with `ReplacementOvertaken` if
 * another caller abandons, regenerates or deletes the key that this call has published.
 */
export const rotate = <E = never, R = never>(
  key: string | ApiKey,
  options: RotateOptions<E, R>
): Effect.Effect<ApiKey, E | Failure, ApiKeyManager | R | Sql> =>
  Effect.gen(function* () {
    const grace = yield* checkOptions("Rotation.rotate", options, options)
    const replacement = yield* start("Rotation.rotate", key, options)
    return yield* complete("Rotation.rotate", replacement, options, grace)
  }).pipe(Effect.withSpan("Rotation.rotate"))

/** Completes a rotation or an `abandon` that is under way, from publication on. Does nothing if there is none. */
export const resume = <E = never, R = never>(
  key: string | ApiKey,
  options: RotateOptions<E, R>
): Effect.Effect<ApiKey, E | Failure, ApiKeyManager | R | Sql> =>
  Effect.gen(function* () {
    const grace = yield* checkOptions("Rotation.resume", options, options)
    const { family, replacement } = yield* find("Rotation.resume", key, options)
    if (replacement.leaving.length === 0) yield* deleteOldRecords("Rotation.resume", family, options)
    return yield* complete("Rotation.resume", replacement, options, grace)
  }).pipe(Effect.withSpan("Rotation.resume"))

/**
 * Gives up a rotation that is under way, if the new key turned out wrong: publishes the generation before it, waits, and
 * deletes the newest. Answers with the key that stays; if no rotation is under way, with the only one. The intention is
 * recorded first, as a key without rights named `tiles~2~decided`, so that a rotation which still waits gives way. Needs room
 * for that key.
 *
 * Fails with `ReplacementOvertaken` if a rotation has begun to delete the older generations.
 */
export const abandon = <E = never, R = never>(
  key: string | ApiKey,
  options: Omit<RotateOptions<E, R>, "verify">
): Effect.Effect<ApiKey, E | Failure, ApiKeyManager | R | Sql> =>
  Effect.gen(function* () {
    const grace = yield* checkOptions("Rotation.abandon", options, options)
    const found = yield* find("Rotation.abandon", key, options)
    const survivor = found.replacement.leaving.findLast(({ name }) => !Generation.isPlaceholder(name))
    if (found.replacement.decision === "leaves") {
      return yield* complete("Rotation.abandon", found.replacement, options, grace)
    }
    if (survivor === undefined) {
      return yield* Effect.as(deleteOldRecords("Rotation.abandon", found.family, options), found.newest)
    }
    const replacement: Replacement = {
      base: found.family.base,
      decision: "leaves",
      subject: found.newest,
      survivor,
      leaving: [found.newest]
    }
    yield* decide("Rotation.abandon", found.newest.name, "leaves", { targetUser: options.targetUser, optional: false })
    return yield* complete("Rotation.abandon", replacement, options, grace)
  }).pipe(Effect.withSpan("Rotation.abandon"))
