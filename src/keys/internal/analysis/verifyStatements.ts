/** Whether a key with given grants can run statements: each is explained under such a key, which lives as long as that takes. */
import * as Effect from "effect/Effect"
import type { ApiKeyManager, CreateReason } from "../../ApiKeyManager.ts"
import { Auth } from "../../../account/Auth.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import type { GrantsRequest } from "../../../account/Grants.ts"
import { cartoError } from "../../../errors/internal/cartoError.ts"
import { GrantsInsufficient } from "../../../errors/Keys.ts"
import type { StatementReason } from "../../../errors/SqlApi.ts"
import { type QueryReason, Sql } from "../../../sql/Sql.ts"
import { sql } from "../../../sql/Statement.ts"
import { lease } from "../../Lease.ts"
import type { NamedStatement } from "./statements/namedStatements.ts"
import { statementKind } from "./statements/statementKind.ts"

export type VerifyReason = GrantsInsufficient | QueryReason

const explain = Effect.fnUntraced(function* (
  operation: string,
  { name, text }: NamedStatement
): Effect.fn.Return<void, CartoErrorOf<VerifyReason>, Sql> {
  const { query } = statementKind(text)
  if (query === undefined) return
  const insufficient = (failure: StatementReason) =>
    Effect.fail(cartoError(operation, new GrantsInsufficient({ statement: name, failure })))
  yield* Sql.use((db) => db.query(sql`EXPLAIN ${sql.unsafe(query)}`, { idempotent: true })).pipe(
    Effect.catchReasons("CartoError", {
      NotOwner: insufficient,
      PermissionDenied: insufficient,
      SystemTableForbidden: insufficient,
      // an unqualified name is looked for in no schema that the key may not use
      UndefinedTable: insufficient
    })
  )
})

export const verifyNamed: (
  operation: string,
  grants: GrantsRequest,
  statements: ReadonlyArray<NamedStatement>
) => Effect.Effect<void, CartoErrorOf<CreateReason | VerifyReason>, ApiKeyManager | Sql> = Effect.fnUntraced(function* (
  operation,
  grants,
  statements
) {
  const { key } = yield* lease({ ...grants, purpose: "least-privilege", ttl: "5 minutes" })
  yield* Effect.forEach(statements, (statement) => explain(operation, statement), { discard: true }).pipe(
    Auth.withApiKey(key)
  )
}, Effect.scoped)
