/** All keys of an account, and what each may do with its tables. */
import * as Effect from "effect/Effect"
import type { ApiKey } from "../../../account/ApiKey.ts"
import { ApiKeyManager, type AuthApiReason } from "../../ApiKeyManager.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import type { QueryReason, Sql } from "../../../sql/Sql.ts"
import { type Catalogue, catalogue } from "./catalog.ts"
import { everyoneHolds, type Holdings, keyHolds } from "./effectivePrivileges.ts"
import { underKey } from "../lifecycle/runWithKey.ts"

export interface SurveyOptions {
  /** Keys asked at a time: each is one query, of which an account may send few a second. Default 2. */
  readonly concurrency?: number | undefined
}

export interface Surveyed {
  readonly key: ApiKey
  readonly holdings: Holdings
}

export interface Survey {
  readonly catalogue: Catalogue
  /** Master first, then the default public key, then the regular ones by name. */
  readonly keys: ReadonlyArray<Surveyed>
  readonly everyone: Holdings
}

export const survey: (
  options: SurveyOptions
) => Effect.Effect<Survey, CartoErrorOf<AuthApiReason | QueryReason>, ApiKeyManager | Sql> = Effect.fnUntraced(
  function* ({ concurrency = 2 }) {
    const all = yield* ApiKeyManager.use((keys) => keys.list({ order: "name" }))
    const found = yield* catalogue
    const everyone = yield* everyoneHolds(found)
    const keys = yield* Effect.forEach(
      all,
      (key) =>
        underKey(key, {}, (now) => Effect.map(keyHolds(found, now), (holdings): Surveyed => ({ key: now, holdings }))),
      { concurrency }
    )
    // without those that were deleted since they were listed
    return { catalogue: found, keys: keys.filter((surveyed) => surveyed !== undefined), everyone }
  }
)
