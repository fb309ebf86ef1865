/** A `CartoError` in the words of `effect/sql`. */
import {
  AuthenticationError,
  AuthorizationError,
  ConnectionError,
  ConstraintError,
  DeadlockError,
  LockTimeoutError,
  SerializationError,
  SqlError,
  type SqlErrorReason,
  SqlSyntaxError,
  StatementTimeoutError,
  UniqueViolation,
  UnknownError
} from "effect/sql/SqlError"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import type { QueryReason } from "../responses.ts"

interface Fields {
  readonly cause: unknown
  readonly message: string
  readonly operation: string
}

const unclassified: ReadonlyArray<readonly [message: RegExp, reason: new (fields: Fields) => SqlErrorReason]> = [
  [/^deadlock detected$/, DeadlockError],
  [/^could not serialize access\b/, SerializationError],
  [/^canceling statement due to lock timeout$/, LockTimeoutError],
  [/^could not obtain lock on /, LockTimeoutError]
]

const constraintName = (description: string): string =>
  /^duplicate key value violates unique constraint "([^]+)"$/.exec(description)?.[1] ?? "unknown"

const classify = (reason: QueryReason, fields: Fields, isRetryable: boolean): SqlErrorReason => {
  switch (reason._tag) {
    case "PartialResult":
      return classify(reason.failure, fields, isRetryable)
    case "UniqueViolation":
      return new UniqueViolation({ ...fields, constraint: constraintName(reason.description) })
    case "CheckViolation":
    case "ExclusionViolation":
    case "ForeignKeyViolation":
    case "NotNullViolation":
      return new ConstraintError(fields)
    case "SqlSyntax":
    case "UndefinedColumn":
    case "UndefinedFunction":
    case "UndefinedTable":
      return new SqlSyntaxError(fields)
    case "ApiNotGranted":
    case "NotOwner":
    case "PermissionDenied":
    case "SystemTableForbidden":
      return new AuthorizationError(fields)
    case "AccountNotFound":
    case "CredentialsUnavailable":
    case "Unauthenticated":
      return new AuthenticationError(fields)
    case "StatementTimeout":
      return new StatementTimeoutError(fields)
    case "QueryFailed": {
      const { description } = reason
      const [, Reason = UnknownError] = unclassified.find(([message]) => message.test(description)) ?? []
      return new Reason(fields)
    }
    case "RateLimited":
    case "ServerUnavailable":
    case "DeadlineExceeded":
    case "TransportFailed":
      return isRetryable ? new ConnectionError(fields) : new UnknownError(fields)
    case "InvalidInput":
    case "OutcomeUnknown":
    case "RedirectRefused":
    case "ResponseMalformed":
    case "RequestTooLarge":
    case "ResponseTooLarge":
      return new UnknownError(fields)
  }
}

/** The failure of an operation of a connection, with the `CartoError` as its cause. */
export const toSqlError = (operation: string, error: CartoErrorOf<QueryReason>): SqlError =>
  new SqlError({
    reason: classify(error.reason, { cause: error, message: error.reason.message, operation }, error.isRetryable)
  })
