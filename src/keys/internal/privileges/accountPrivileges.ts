/** All keys of an account, and what each may do with its tables. */
import * as Effect from "effect/Effect"
import type { ApiKey } from "../../../account/ApiKey.ts"
import { ApiKeyManager, type AuthApiReason } from "../../ApiKeyManager.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import type { QueryReason, Sql } from "../../../sql/Sql.ts"
import { type Catalog, catalog } from "./catalog.ts"
import { publicPrivileges, type EffectivePrivileges, keyPrivileges } from "./effectivePrivileges.ts"
import { runWithKey } from "../lifecycle/runWithKey.ts"

/** How to ask the keys of an account. */
export interface AccountPrivilegesOptions {
  /**
   * The number of requests under keys at a time. The SQL API limits the requests of an account.
   * @default 2
   */
  readonly concurrency?: number | undefined
}

export interface KeyPrivileges {
  readonly key: ApiKey
  readonly privileges: EffectivePrivileges
}

export interface AccountPrivileges {
  readonly catalog: Catalog
  /** Master first, then the default public key, then the regular ones by name. */
  readonly keys: ReadonlyArray<KeyPrivileges>
  readonly everyone: EffectivePrivileges
}

export const accountPrivileges: (
  options: AccountPrivilegesOptions
) => Effect.Effect<AccountPrivileges, CartoErrorOf<AuthApiReason | QueryReason>, ApiKeyManager | Sql> =
  Effect.fnUntraced(function* ({ concurrency = 2 }) {
    const all = yield* ApiKeyManager.use((keys) => keys.list({ order: "name" }))
    const found = yield* catalog
    const everyone = yield* publicPrivileges(found)
    const keys = yield* Effect.forEach(
      all,
      // everyone's privileges are those of the default public key
      (key) =>
        key.type === "default"
          ? Effect.succeed<KeyPrivileges>({ key, privileges: everyone })
          : runWithKey(key, {}, (now) =>
              Effect.map(keyPrivileges(found, now), (privileges): KeyPrivileges => ({ key: now, privileges }))
            ),
      { concurrency }
    )
    // without those that were deleted since they were listed
    return { catalog: found, keys: keys.filter((found) => found !== undefined), everyone }
  })
