/** Whether a key with given grants can run statements: each runs under such a key, in a transaction that is rolled back. */
import * as Effect from "effect/Effect"
import type { ApiKeyManager, CreateReason } from "../../ApiKeyManager.ts"
import { Auth } from "../../../account/Auth.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import type { GrantsRequest } from "../../../account/Grants.ts"
import { cartoError } from "../../../errors/internal/cartoError.ts"
import { GrantsInsufficient } from "../../../errors/Keys.ts"
import type { StatementReason } from "../../../errors/SqlApi.ts"
import { type QueryReason, Sql } from "../../../sql/Sql.ts"
import { sql, type Statement } from "../../../sql/Statement.ts"
import { lease } from "../../Lease.ts"
import type { NamedStatement } from "./statements/namedStatements.ts"
import { type Trial, trialOf } from "./statements/trial.ts"

/** What verifying statements fails with, besides creating a key. */
export type VerifyReason = GrantsInsufficient | QueryReason

/** What a trial sends. */
const textOf = (trial: Trial): Statement => {
  switch (trial.kind) {
    case "explain":
      return sql`EXPLAIN ${sql.unsafe(trial.text)}`
    case "query":
      // its rows stay on the server; a read is planned once more as it is, which finds system tables
      return sql`BEGIN; EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ${sql.unsafe(trial.text)}
; ${
        trial.reads
          ? sql`SELECT FROM (${sql.unsafe(trial.text)}
) q LIMIT 0;`
          : sql``
      } SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK`
    case "run":
      return sql`BEGIN; ${sql.unsafe(trial.text)}
; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK`
  }
}

/** Whether a failure is a matter of grants. Others say that a statement got as far as its data, or to a limit. */
const isInsufficient = (failure: StatementReason): boolean => {
  switch (failure._tag) {
    case "NotOwner":
    case "PermissionDenied":
    case "SystemTableForbidden":
    // an unqualified name is looked for in no schema that the key may not use
    case "UndefinedTable":
      return true
    // data services and row-level security have messages of their own
    case "QueryFailed":
      return /permission|row-level security/i.test(failure.description)
    default:
      return false
  }
}

const attempt = Effect.fnUntraced(function* (
  operation: string,
  { name, text }: NamedStatement
): Effect.fn.Return<void, CartoErrorOf<VerifyReason>, Sql> {
  const trial = trialOf(text)
  if (trial === undefined) return
  const judge = (failure: StatementReason): Effect.Effect<void, CartoErrorOf<GrantsInsufficient>> =>
    isInsufficient(failure)
      ? Effect.fail(cartoError(operation, new GrantsInsufficient({ statement: name, failure })))
      : Effect.void
  yield* Sql.use((db) => db.query(textOf(trial), { idempotent: true })).pipe(
    Effect.asVoid,
    Effect.catchReasons("CartoError", {
      CheckViolation: judge,
      ExclusionViolation: judge,
      ForeignKeyViolation: judge,
      NotNullViolation: judge,
      NotOwner: judge,
      // some rows of EXPLAIN were sent
      PartialResult: ({ failure }) => judge(failure),
      PermissionDenied: judge,
      QueryFailed: judge,
      StatementTimeout: judge,
      SystemTableForbidden: judge,
      UndefinedTable: judge,
      UniqueViolation: judge
    })
  )
})

/** Runs each statement under a key with these grants, which is deleted again. */
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
  yield* Effect.forEach(statements, (statement) => attempt(operation, statement), { discard: true }).pipe(
    Auth.withApiKey(key)
  )
}, Effect.scoped)
