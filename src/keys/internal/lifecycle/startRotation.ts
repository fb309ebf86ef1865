/** Finds the replacement of a key that is under way, or begins one. */
import * as Effect from "effect/Effect"
import { ApiKey } from "../../../account/ApiKey.ts"
import type { GrantsRequest } from "../../../account/Grants.ts"
import { ApiKeyNotFound } from "../../../errors/AuthApi.ts"
import type { InvalidInput } from "../../../errors/Call.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { cartoError } from "../../../errors/internal/cartoError.ts"
import { invalidInput } from "../../../errors/internal/invalidInput.ts"
import { quote } from "../../../errors/internal/printable.ts"
import type { Sql } from "../../../sql/Sql.ts"
import type { ApiKeyManager, AuthApiReason } from "../../ApiKeyManager.ts"
import type { TargetOptions } from "./exactGrants.ts"
import { type Family, newestOf, nextNumber, readFamily, type Replacement, replacementOf } from "./family.ts"
import * as Generation from "./generation.ts"
import { type OwnedTablesOptions, releaseTables, type ReplacementReason } from "./replaceKey.ts"
import { createOrGet, deleteOldRecords, overtaken } from "./settle.ts"

/** Which grants the new key has, whose key it is, and what happens to tables that the old one owns. */
export interface SuccessorOptions extends OwnedTablesOptions, TargetOptions {
  /**
   * Grants that the new key has besides those that can be seen of the old one. Name here what cannot be seen: `user` data, and
   * materialized views of a key that may not use the SQL API.
   * @default nothing
   */
  readonly also?: GrantsRequest | undefined
}

/** Why the key in use cannot be found. */
export type CurrentReason = ApiKeyNotFound | AuthApiReason
/** Why a rotation can fail. */
export type RotateReason = ApiKeyNotFound | ReplacementReason

/** A failed rotation. */
export type Failure = CartoErrorOf<RotateReason>

/** The generations of a key, and what they say about its replacement. */
export interface Found {
  readonly family: Family
  readonly newest: ApiKey
  readonly replacement: Replacement
  /** Whether the key that was named has a newer generation. */
  readonly isSuperseded: boolean
}

const refused = (value: unknown): InvalidInput =>
  invalidInput("key", value, "name a regular key; for the master key use ApiKeyManager.regenerate")

/** Finds the generations of a key. */
export const findFamily: (
  operation: string,
  key: string | ApiKey,
  options: TargetOptions
) => Effect.Effect<Omit<Found, "replacement">, CartoErrorOf<CurrentReason>, ApiKeyManager> = Effect.fnUntraced(
  function* (operation: string, key: string | ApiKey, { targetUser }: TargetOptions) {
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
  }
)

/** Finds the generations of a key and its replacement. Fails if a plan deletes the key. */
export const find = (
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
export const start = (
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
