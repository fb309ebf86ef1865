/** All keys of an account, and what each may do with its tables. */
import * as Effect from "effect/Effect"
import type { ApiKey } from "../../ApiKey.ts"
import { ApiKeyManager, type AuthApiReason } from "../../ApiKeyManager.ts"
import type { CartoErrorOf } from "../../CartoError.ts"
import type { QueryReason, Sql } from "../../Sql.ts"
import { type Catalogue, catalogue } from "./catalogue.ts"
import { everyoneHolds, type Holdings, keyHolds } from "./holdings.ts"

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
        keyHolds(found, key).pipe(
          Effect.map((holdings): ReadonlyArray<Surveyed> => [{ key, holdings }]),
          // deleted since it was listed
          Effect.catchReason("CartoError", "Unauthenticated", () => Effect.succeed([]))
        ),
      { concurrency }
    )
    return { catalogue: found, keys: keys.flat(), everyone }
  }
)
