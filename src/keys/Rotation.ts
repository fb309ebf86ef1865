/**
 * Replaces a key by one with the same grants, without a moment in which consumers have no key that works: create, publish,
 * verify, wait, delete the old one. Names are those of `Generation`: `tiles` is followed by `tiles~2`, that by `tiles~3`.
 * A rotation that broke off is seen from two generations being there, and goes on where it was.
 *
 * `ApiKeyManager.regenerate` is for emergencies: it keeps the name, and refuses the old token from that moment on.
 */
import * as Effect from "effect/Effect"
import { ApiKey } from "../account/ApiKey.ts"
import { ApiKeyManager, type AuthApiReason, type TargetUserOptions } from "./ApiKeyManager.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { invalidInput } from "../errors/internal/invalidInput.ts"
import { ApiKeyNotFound } from "../errors/AuthApi.ts"
import type { GrantsRequest } from "../account/Grants.ts"
import type { InvalidInput } from "../errors/Call.ts"
import type { Sql } from "../sql/Sql.ts"
import * as Generation from "./internal/lifecycle/generation.ts"
import type { TargetOptions } from "./internal/lifecycle/exactGrants.ts"
import {
  checkOptions,
  checkSuccessor,
  createOrGet,
  type HandOverOptions,
  introduce,
  type OwnedTablesOptions,
  release,
  retire,
  type SuccessionReason,
  wait
} from "./internal/lifecycle/replaceKey.ts"

export { KeyOwnsTables, SuccessorLacksGrants } from "../errors/Keys.ts"
export type { TargetOptions } from "./internal/lifecycle/exactGrants.ts"

export interface SuccessorOptions extends OwnedTablesOptions, TargetOptions {
  /**
   * What the new key is to have beside what can be seen of the old one: `user` data, which no server shows, and materialized
   * views, where the key may not use the SQL API.
   */
  readonly also?: GrantsRequest | undefined
}

export interface RotateOptions<E, R> extends HandOverOptions<E, R>, SuccessorOptions {}

/** The name that a key and its successors share: `tiles` for `tiles`, `tiles~2` and `tiles~3`. Consumers store the token under it. */
export const baseName = (name: string): string => Generation.parse(name).base

export type CurrentReason = ApiKeyNotFound | AuthApiReason
export type RotateReason = ApiKeyNotFound | SuccessionReason

interface Family {
  readonly base: string
  /** From the oldest to the newest but one. */
  readonly older: ReadonlyArray<ApiKey>
  readonly newest: ApiKey
  /** Whether the key that was named has a successor. */
  readonly superseded: boolean
}

const refused = (value: unknown): InvalidInput =>
  invalidInput("key", value, "name a regular key; for the master key there is ApiKeyManager.regenerate")

const find = Effect.fnUntraced(function* (
  operation: string,
  key: string | ApiKey,
  { targetUser }: TargetOptions
): Effect.fn.Return<Family, CartoErrorOf<CurrentReason>, ApiKeyManager> {
  const name = key instanceof ApiKey ? key.name : key
  const asked = Generation.parse(name)
  const protectedName = name === "Master" || name === "Default public" || !Generation.isBase(asked.base)
  if (protectedName || (key instanceof ApiKey && key.type !== "regular")) {
    return yield* cartoError(operation, refused(name))
  }
  const keys = yield* ApiKeyManager.use((manager) => manager.list({ type: "regular", targetUser }))
  const generations = Generation.group(keys).get(asked.base) ?? []
  const newest = generations.at(-1)
  const precise = key instanceof ApiKey || name !== asked.base
  const begun = newest !== undefined && Generation.parse(newest.name).number > 0
  const behind = newest === undefined ? 0 : Generation.parse(newest.name).number - asked.number
  if (!begun || (precise && behind < 0)) {
    return yield* cartoError(operation, new ApiKeyNotFound({ name }))
  }
  return {
    base: asked.base,
    older: generations.slice(0, -1),
    newest,
    superseded: precise && behind > 0
  }
})

/** The key in use of that name: its newest generation. Fails with `ApiKeyNotFound`. */
export const current = (
  name: string,
  options: TargetUserOptions = {}
): Effect.Effect<ApiKey, CartoErrorOf<CurrentReason>, ApiKeyManager> =>
  Effect.map(find("Rotation.current", name, options), ({ newest }) => newest).pipe(Effect.withSpan("Rotation.current"))

/** Both of two requests. */
const together = (request: GrantsRequest, { targetUser }: TargetOptions, also: GrantsRequest = {}) => {
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

/** The next generation of a key; none where the key is gone, since somebody else replaced it. */
const createNext = (
  operation: string,
  { base, newest }: Family,
  options: SuccessorOptions
): Effect.Effect<Family | undefined, CartoErrorOf<RotateReason>, ApiKeyManager | Sql> =>
  Effect.gen(function* () {
    const exact = yield* release(operation, newest, options)
    if (exact === undefined) return undefined
    const { fingerprint, number } = Generation.parse(newest.name)
    const name = Generation.format({ base, number: number + 1, fingerprint })
    return {
      base,
      older: [newest],
      newest: yield* createOrGet({ ...together(exact.request, options, options.also), name }),
      superseded: true
    }
  })

/** The two generations of a rotation, which is begun if it was not; alone the newest, if it has been replaced already. */
const start = (
  operation: string,
  key: string | ApiKey,
  options: SuccessorOptions
): Effect.Effect<Family, CartoErrorOf<RotateReason>, ApiKeyManager | Sql> =>
  Effect.gen(function* () {
    yield* checkOptions(operation, options)
    const found = yield* find(operation, key, options)
    if (found.superseded || found.older.length > 0) return found
    return (yield* createNext(operation, found, options)) ?? (yield* start(operation, key, options))
  })

const introduceNext = <E, R>(
  operation: string,
  family: Family,
  options: HandOverOptions<E, R> & TargetOptions
): Effect.Effect<Family, E | CartoErrorOf<RotateReason>, ApiKeyManager | R | Sql> =>
  Effect.as(
    Effect.andThen(checkSuccessor(operation, family.older, family.newest, options), introduce(family.newest, options)),
    family
  )

const endNow = (
  operation: string,
  { newest, older }: Family,
  options: OwnedTablesOptions & TargetOptions
): Effect.Effect<ApiKey, CartoErrorOf<RotateReason>, ApiKeyManager | Sql> =>
  Effect.gen(function* () {
    yield* Effect.forEach(older, (key) => release(operation, key, options, newest))
    yield* checkSuccessor(operation, older, newest, options)
    yield* retire(operation, older, options)
    return newest
  })

/**
 * The first half of a rotation, for a durable workflow that does the waiting itself: creates the next generation, publishes
 * and proves it. Answers with the new key; where that was begun already, with the same one.
 */
export const begin = <E = never, R = never>(
  key: string | ApiKey,
  options: Omit<RotateOptions<E, R>, "grace">
): Effect.Effect<ApiKey, E | CartoErrorOf<RotateReason>, ApiKeyManager | R | Sql> =>
  Effect.gen(function* () {
    const family = yield* start("Rotation.begin", key, options)
    if (family.older.length === 0) return family.newest
    return (yield* introduceNext("Rotation.begin", family, options)).newest
  }).pipe(Effect.withSpan("Rotation.begin"))

/**
 * The second half: deletes the older generations. Only for who knows that the new key has been published for long enough.
 */
export const finish = (
  key: string | ApiKey,
  options: OwnedTablesOptions & TargetOptions = {}
): Effect.Effect<ApiKey, CartoErrorOf<RotateReason>, ApiKeyManager | Sql> =>
  checkOptions("Rotation.finish", options).pipe(
    Effect.andThen(find("Rotation.finish", key, options)),
    Effect.flatMap((family) => endNow("Rotation.finish", family, options)),
    Effect.withSpan("Rotation.finish")
  )

/**
 * Replaces a key and answers with the new one, once the old one is deleted. By its base name the newest generation is
 * replaced; a rotation under way is brought to its end instead. By a key, or the full name of a generation, it is safe to
 * repeat until it succeeds: a key that was replaced already is not replaced again. Needs the master key.
 *
 * Fails with `KeyOwnsTables` where the old key made tables, unless told what to do with them. The new key has whatever can
 * be granted by a request; what cannot be seen of the old one is named in `also`.
 */
export const rotate = <E = never, R = never>(
  key: string | ApiKey,
  options: RotateOptions<E, R>
): Effect.Effect<ApiKey, E | CartoErrorOf<RotateReason>, ApiKeyManager | R | Sql> =>
  Effect.gen(function* () {
    const family = yield* start("Rotation.rotate", key, options)
    if (family.older.length === 0) return family.newest
    yield* introduceNext("Rotation.rotate", family, options)
    yield* wait(options)
    return yield* endNow("Rotation.rotate", family, options)
  }).pipe(Effect.withSpan("Rotation.rotate"))

/** Brings a rotation under way to its end, from publication on; does nothing where there is none. */
export const resume = <E = never, R = never>(
  key: string | ApiKey,
  options: RotateOptions<E, R>
): Effect.Effect<ApiKey, E | CartoErrorOf<RotateReason>, ApiKeyManager | R | Sql> =>
  Effect.gen(function* () {
    yield* checkOptions("Rotation.resume", options)
    const family = yield* find("Rotation.resume", key, options)
    if (family.older.length === 0) return family.newest
    yield* introduceNext("Rotation.resume", family, options)
    yield* wait(options)
    return yield* endNow("Rotation.resume", family, options)
  }).pipe(Effect.withSpan("Rotation.resume"))

/**
 * Gives up a rotation under way, when the new key turned out wrong: publishes the generation before it again, waits, and
 * deletes the newest. Answers with the key that stays.
 */
export const abandon = <E = never, R = never>(
  key: string | ApiKey,
  options: Omit<RotateOptions<E, R>, "verify">
): Effect.Effect<ApiKey, E | CartoErrorOf<RotateReason>, ApiKeyManager | R | Sql> =>
  Effect.gen(function* () {
    yield* checkOptions("Rotation.abandon", options)
    const { newest, older } = yield* find("Rotation.abandon", key, options)
    const before = older.findLast(({ name }) => Generation.parse(name).number > 0)
    if (before === undefined) return newest
    yield* introduce(before, options)
    yield* wait(options)
    yield* release("Rotation.abandon", newest, options, before)
    yield* retire("Rotation.abandon", [newest], options)
    return before
  }).pipe(Effect.withSpan("Rotation.abandon"))
