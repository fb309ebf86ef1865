/** Replaces a key by another so that consumers always have a key that works: create, publish, verify, wait, delete. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { ApiKey } from "../../../account/ApiKey.ts"
import { Auth } from "../../../account/Auth.ts"
import { difference, type GrantsSet } from "../../../account/Grants.ts"
import type { InvalidInput } from "../../../errors/Call.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { cartoError } from "../../../errors/internal/cartoError.ts"
import { readDuration } from "../../../errors/internal/duration.ts"
import { invalidInput, refuse } from "../../../errors/internal/invalidInput.ts"
import { quote } from "../../../errors/internal/printable.ts"
import { KeyOwnsTables, type ReplacementOvertaken, SuccessorLacksGrants } from "../../../errors/Keys.ts"
import type { QueryReason, Sql } from "../../../sql/Sql.ts"
import type { ApiKeyManager, CreateReason, DeleteReason } from "../../ApiKeyManager.ts"
import { type ExactGrants, exactGrants, type ExactReason, reassign, type TargetOptions } from "./exactGrants.ts"
import type { Replacement } from "./family.ts"
import * as Generation from "./generation.ts"
import { checkAgain, overtaken, settle, type SettleReason } from "./settle.ts"

/** How a new key reaches its consumers. */
export interface HandOverOptions<E, R> {
  /**
   * Gives the key to its consumers: writes `key.token` where they read it. It may run again with the same key. It should end
   * well within `grace`.
   */
  readonly publish: (key: ApiKey) => Effect.Effect<unknown, E, R>
  /**
   * Proves the new key. Runs under that key, on the account in use. If it fails, all keys stay.
   * @default no proof except a comparison of grants
   */
  readonly verify?: ((key: ApiKey) => Effect.Effect<unknown, E, R>) | undefined
  /**
   * How long the old key works after the new one is published, for consumers that have not read it yet.
   * @default 1 minute
   */
  readonly grace?: Duration.Input | undefined
}

/** What happens to tables that a replaced key owns. */
export interface OwnedTablesOptions {
  /**
   * `refuse` fails with `KeyOwnsTables`. `reassign` makes the account the owner, and grants all four table permissions to the
   * old and the new key; neither can alter or drop the tables then. Not possible with `targetUser`.
   * @default "refuse"
   */
  readonly ownedTables?: "refuse" | "reassign" | undefined
}

/** Why a replacement can fail. */
export type ReplacementReason =
  | CreateReason
  | DeleteReason
  | KeyOwnsTables
  | QueryReason
  | ReplacementOvertaken
  | SuccessorLacksGrants

/** Whether a set of grants has none. */
export const isEmpty = (grants: GrantsSet): boolean =>
  !grants.tableMetadata && Object.values(grants).every((list) => list === false || list.length === 0)

const isFunction = (value: unknown): boolean => typeof value === "function"

/** Checks options before the first request, and answers with the grace. */
export const checkOptions = (
  operation: string,
  { ownedTables, targetUser }: OwnedTablesOptions & TargetOptions,
  handOver?: Partial<HandOverOptions<unknown, unknown>>
): Effect.Effect<Duration.Duration, CartoErrorOf<InvalidInput>> =>
  Effect.fromResult(
    Result.gen(function* () {
      if (handOver !== undefined && !isFunction(handOver.publish)) {
        return yield* refuse("publish", handOver.publish, "give a function that stores the key for its consumers")
      }
      if (handOver?.verify !== undefined && !isFunction(handOver.verify)) {
        return yield* refuse("verify", handOver.verify, "give a function of the new key, or leave it out")
      }
      if (ownedTables !== undefined && ownedTables !== "refuse" && ownedTables !== "reassign") {
        return yield* refuse("ownedTables", ownedTables, 'use "refuse" or "reassign"')
      }
      if (ownedTables === "reassign" && targetUser !== undefined) {
        return yield* Result.fail(
          invalidInput("ownedTables", ownedTables, "use the member's own master key, without targetUser")
        )
      }
      return yield* readDuration("grace", handOver?.grace ?? "1 minute")
    })
  ).pipe(Effect.mapError((reason) => cartoError(operation, reason)))

/** Deals with the tables that a key owns before it is deleted. Answers with its grants then; `undefined` if it is gone. */
export const releaseTables = (
  operation: string,
  key: ApiKey,
  { ownedTables, targetSql, targetUser }: OwnedTablesOptions & TargetOptions,
  successor?: ApiKey
): Effect.Effect<ExactGrants | undefined, CartoErrorOf<ExactReason | KeyOwnsTables>, ApiKeyManager | Sql> =>
  Effect.gen(function* () {
    const target = { targetSql, targetUser }
    const exact = yield* exactGrants(key, target)
    if (exact === undefined || exact.owned.length === 0) return exact
    if (ownedTables !== "reassign") {
      const tables = exact.owned.map(({ name, schema }) => `${schema}.${name}`)
      return yield* cartoError(operation, new KeyOwnsTables({ name: key.name, tables }))
    }
    yield* reassign(exact, successor && (yield* exactGrants(successor, target)))
    return yield* exactGrants(key, target)
  })

/** Fails if a successor lacks grants of an older key. */
export const checkSuccessor = (
  operation: string,
  { base, leaving, survivor }: Replacement,
  target: TargetOptions
): Effect.Effect<void, CartoErrorOf<ExactReason | ReplacementOvertaken | SuccessorLacksGrants>, ApiKeyManager | Sql> =>
  Effect.gen(function* () {
    const held = yield* exactGrants(survivor, target)
    if (held === undefined) return yield* overtaken(operation, base, `${quote(survivor.name)} is gone`)
    for (const key of leaving) {
      const lacking = difference((yield* exactGrants(key, target))?.request ?? {}, held.request)
      if (isEmpty(lacking)) continue
      return yield* cartoError(
        operation,
        new SuccessorLacksGrants({ name: key.name, successor: survivor.name, lacking })
      )
    }
  })

/** Publishes a key and proves it. */
export const publishAndVerify = <E, R>(key: ApiKey, options: HandOverOptions<E, R>): Effect.Effect<void, E, R> =>
  Effect.andThen(
    options.publish(key),
    options.verify === undefined ? Effect.void : Effect.asVoid(Auth.withApiKey(options.verify(key), key))
  )

/**
 * Publishes and proves the generation that stays, if the account still agrees that it does. Answers with the replacement, in
 * which that key is as the account has it now.
 */
export const introduce = <E, R>(
  operation: string,
  replacement: Replacement,
  options: HandOverOptions<E, R> & TargetOptions
): Effect.Effect<Replacement, E | CartoErrorOf<SettleReason>, ApiKeyManager | R> =>
  Effect.gen(function* () {
    yield* checkAgain(operation, replacement, options)
    yield* publishAndVerify(replacement.survivor, options)
    return replacement
  })

const isReal = ({ name }: ApiKey): boolean => !Generation.isPlaceholder(name)

/**
 * Deletes the generations that leave, after the wait. If another caller may have been publishing one of them, publishes the
 * generation that stays once more before.
 */
export const finishReplacement = <E = never, R = never>(
  operation: string,
  replacement: Replacement,
  options: OwnedTablesOptions & TargetOptions,
  publish?: ((key: ApiKey) => Effect.Effect<unknown, E, R>) | undefined
): Effect.Effect<ApiKey, E | CartoErrorOf<ExactReason | KeyOwnsTables | SettleReason>, ApiKeyManager | R | Sql> =>
  Effect.gen(function* () {
    const { decision, survivor } = replacement
    const leaving = replacement.leaving.filter(isReal)
    yield* Effect.forEach(leaving, (key) => releaseTables(operation, key, options, survivor))
    const contested = decision === "leaves" || leaving.length > 1
    yield* settle(operation, replacement, options, contested && publish ? publish(survivor) : undefined)
    return survivor
  })
