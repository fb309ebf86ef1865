/** Finds out what a write did whose response was lost. */
import * as Effect from "effect/Effect"
import type { ApiKey } from "../../../account/ApiKey.ts"
import { covers, type Grants, type GrantsRequest } from "../../../account/Grants.ts"
import { defaultApis } from "../../../account/grantVocabulary.ts"
import type { AmbiguousFailure, OutcomeUnknown } from "../../../errors/Call.ts"
import type { Wire } from "../../../http/client.ts"
import { outcomeUnknown } from "../../../http/failures.ts"
import type { Query } from "./listKeys.ts"
import { type AuthApiReason, readFailure, readKey } from "./responses.ts"

/**
 * Whether a key has no grant that was not asked for. Grants that were asked for may be missing: responses leave out materialized
 * views. Every role has `usage` on some schemas.
 */
export const isWithin = (grants: Grants, request: GrantsRequest, defaultSchema: string): boolean =>
  covers(
    { apis: defaultApis, ...request },
    {
      ...grants,
      schemas: grants.schemas
        .filter(({ permissions }) => permissions.includes("create"))
        .map(({ name }) => ({ name, permissions: ["create"] }))
    },
    { defaultSchema }
  ) && grants.apis.length === (request.apis ?? defaultApis).length

/** After a deadline a request may still be carried out. */
export const notDone = (failure: AmbiguousFailure): Effect.Effect<undefined, OutcomeUnknown> =>
  failure._tag === "DeadlineExceeded" ? outcomeUnknown(failure) : Effect.undefined

/** Gets the key at a path; `undefined` if the write cannot have been carried out. */
export const lookUp = (
  wire: Wire,
  path: string,
  query: Query,
  failure: AmbiguousFailure
): Effect.Effect<ApiKey | undefined, OutcomeUnknown> =>
  wire
    .send(
      { method: "GET", api: "auth", path, query },
      (response): Effect.Effect<ApiKey | undefined, AuthApiReason | OutcomeUnknown> => {
        if (response.status === 404) return notDone(failure)
        return response.status === 200 ? Effect.fromResult(readKey(response)) : readFailure(response, undefined)
      }
    )
    .pipe(Effect.catch(() => outcomeUnknown(failure)))
