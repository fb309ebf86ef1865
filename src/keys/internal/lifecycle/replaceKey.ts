/** One key in the place of another, without a moment in which neither works. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ApiKey } from "../../../account/ApiKey.ts"
import { ApiKeyManager, type CreateOptions, type CreateReason, type DeleteReason } from "../../ApiKeyManager.ts"
import { Auth } from "../../../account/Auth.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { difference, type GrantsSet } from "../../../account/Grants.ts"
import { cartoError } from "../../../errors/internal/cartoError.ts"
import { invalidInput } from "../../../errors/internal/invalidInput.ts"
import type { ApiKeyNotFound } from "../../../errors/AuthApi.ts"
import type { InvalidInput } from "../../../errors/Call.ts"
import { KeyOwnsTables, SuccessorLacksGrants } from "../../../errors/Keys.ts"
import type { QueryReason, Sql } from "../../../sql/Sql.ts"
import { type ExactGrants, exactGrants, type ExactReason, reassign, type TargetOptions } from "./exactGrants.ts"

/** How consumers come to use a new key. */
export interface HandOverOptions<E, R> {
  /**
   * Gives the new key to its consumers: writes `key.token` where they find it. It may be called again with the same key,
   * after a crash.
   */
  readonly publish: (key: ApiKey) => Effect.Effect<unknown, E, R>
  /** Proves the new key; runs under it, on the account in use. If it fails, both keys stay. Default: no proof but that of the grants. */
  readonly verify?: ((key: ApiKey) => Effect.Effect<unknown, E, R>) | undefined
  /** How long the old key goes on after that, for consumers that have not yet looked. Default 1 minute. */
  readonly grace?: Duration.Input | undefined
}

export interface OwnedTablesOptions {
  /**
   * What to do about tables that the old key made: `refuse` to replace it (default), or `reassign` them to the account, with
   * all four table permissions for the old key and its successor. Neither can alter or drop them then. The tables of
   * another account, that of `targetUser`, cannot be reassigned from here.
   */
  readonly ownedTables?: "refuse" | "reassign" | undefined
}

export type SuccessionReason = CreateReason | DeleteReason | KeyOwnsTables | QueryReason | SuccessorLacksGrants

/** Whether there is anything in a set of grants. */
export const isEmpty = (grants: GrantsSet): boolean =>
  !grants.tableMetadata && Object.values(grants).every((list) => list === false || list.length === 0)

/** Creates a key; where another process was faster, answers with the key of that name. */
export const createOrGet = (
  options: CreateOptions
): Effect.Effect<ApiKey, CartoErrorOf<ApiKeyNotFound | CreateReason>, ApiKeyManager> =>
  ApiKeyManager.use((keys) =>
    keys
      .create(options)
      .pipe(
        Effect.catchReason("CartoError", "ApiKeyNameTaken", () =>
          keys.get(options.name, { targetUser: options.targetUser })
        )
      )
  )

/** What cannot be asked for together. */
export const checkOptions = (
  operation: string,
  { ownedTables, targetUser }: OwnedTablesOptions & TargetOptions
): Effect.Effect<void, CartoErrorOf<InvalidInput>> =>
  ownedTables === "reassign" && targetUser !== undefined
    ? Effect.fail(
        cartoError(
          operation,
          invalidInput(
            "ownedTables",
            ownedTables,
            "only that account itself can: use its own master key, without targetUser"
          )
        )
      )
    : Effect.void

/** Deals with the tables of a key that is to go; answers with its grants then, where it is still there. */
export const release = (
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

/** Fails where a successor lacks what an older key has. */
export const checkSuccessor = (
  operation: string,
  older: ReadonlyArray<ApiKey>,
  successor: ApiKey,
  target: TargetOptions
): Effect.Effect<void, CartoErrorOf<ExactReason | SuccessorLacksGrants>, ApiKeyManager | Sql> =>
  Effect.gen(function* () {
    const held = (yield* exactGrants(successor, target))?.request ?? {}
    for (const key of older) {
      const lacking = difference((yield* exactGrants(key, target))?.request ?? {}, held)
      if (isEmpty(lacking)) continue
      return yield* cartoError(
        operation,
        new SuccessorLacksGrants({ name: key.name, successor: successor.name, lacking })
      )
    }
  })

/** Publishes a key, proves it, and waits. */
export const introduce = <E, R>(key: ApiKey, options: HandOverOptions<E, R>): Effect.Effect<void, E, R> =>
  Effect.andThen(
    options.publish(key),
    options.verify === undefined ? Effect.void : Effect.asVoid(Auth.withApiKey(options.verify(key), key))
  )

export const wait = ({ grace = "1 minute" }: { readonly grace?: Duration.Input | undefined }): Effect.Effect<void> =>
  Effect.sleep(Duration.fromInputUnsafe(grace))

/** Deletes keys, if they are still there. */
export const retire = (
  operation: string,
  keys: ReadonlyArray<ApiKey | string>,
  { targetUser }: TargetOptions
): Effect.Effect<void, CartoErrorOf<Exclude<DeleteReason, ApiKeyNotFound>>, ApiKeyManager> =>
  ApiKeyManager.use((manager) =>
    Effect.forEach(
      keys,
      (key) =>
        manager
          .delete(key, { targetUser })
          .pipe(
            Effect.catch(({ reason }) =>
              reason._tag === "ApiKeyNotFound" ? Effect.void : Effect.fail(cartoError(operation, reason))
            )
          ),
      { discard: true }
    )
  )
