/** Questions under a key that others may delete or regenerate meanwhile. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ApiKey } from "../../../account/ApiKey.ts"
import { ApiKeyManager, type AuthApiReason, type TargetUserOptions } from "../../ApiKeyManager.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import type { QueryReason } from "../../../sql/Sql.ts"

type Failure = CartoErrorOf<AuthApiReason | QueryReason>

/** `undefined` where the key has been deleted; one that has got another token is asked again. */
export const runWithKey = <A, R>(
  key: ApiKey,
  { targetUser }: TargetUserOptions,
  ask: (key: ApiKey) => Effect.Effect<A, CartoErrorOf<QueryReason>, R>
): Effect.Effect<A | undefined, Failure, ApiKeyManager | R> => {
  const look = (_: unknown, error: Failure): Effect.Effect<A | undefined, Failure, ApiKeyManager | R> =>
    Effect.flatMap(
      ApiKeyManager.use((keys) => keys.getOption(key.name, { targetUser })),
      Option.match({
        onNone: () => Effect.undefined,
        onSome: (renewed) =>
          Redacted.value(renewed.token) === Redacted.value(key.token)
            ? Effect.fail(error)
            : runWithKey(renewed, { targetUser }, ask)
      })
    )
  // a role goes before its token: meanwhile the server cannot log in to the database, and says 500
  return Effect.catchReasons(ask(key), "CartoError", { Unauthenticated: look, ServerUnavailable: look })
}
