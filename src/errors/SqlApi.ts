/** Why the SQL API, or PostgreSQL behind it, refuses a statement. */
import { quote } from "./internal/printable.ts"
import { reasonClass, type ReasonClass } from "./internal/reasonClass.ts"

/** PostgreSQL's report of a failed statement. */
export interface StatementFields {
  /** The message. */
  readonly description: string
  /** The detail, if PostgreSQL gives one. */
  readonly detail?: string | undefined
  /** The hint, if PostgreSQL gives one. */
  readonly hint?: string | undefined
}

/** The base of a reason whose message is PostgreSQL's report, followed by a remedy. */
const statementReason = <const Tag extends string>(
  tag: Tag,
  remedy?: string | ((fields: StatementFields) => string | undefined)
): ReasonClass<Tag, StatementFields> =>
  reasonClass(tag, (fields) => {
    const { description, detail, hint } = fields
    const parts = [description, detail, hint, typeof remedy === "function" ? remedy(fields) : remedy]
    return parts.filter((part) => part !== undefined).join("; ")
  })

const SqlSyntaxBase: ReasonClass<"SqlSyntax", StatementFields> = statementReason("SqlSyntax", ({ description }) =>
  description.startsWith(`syntax error at or near "'`)
    ? "a value stands where a name or keyword belongs: give names with sql.identifier(name)"
    : undefined
)
/** The text is not SQL that PostgreSQL can parse (400). */
export class SqlSyntax extends SqlSyntaxBase {}

const UndefinedTableBase: ReasonClass<"UndefinedTable", StatementFields> = statementReason(
  "UndefinedTable",
  "check the name and its schema; a name with capitals needs sql.identifier(name)"
)
/** The table or view does not exist, or is not on the key's search path (400). */
export class UndefinedTable extends UndefinedTableBase {}

const UndefinedColumnBase: ReasonClass<"UndefinedColumn", StatementFields> = statementReason(
  "UndefinedColumn",
  "check the name; a text value needs single quotes, or ${value} in a template"
)
/** The column does not exist (400). `hint` may name the one that was meant. */
export class UndefinedColumn extends UndefinedColumnBase {}

const UndefinedFunctionBase: ReasonClass<"UndefinedFunction", StatementFields> = statementReason(
  "UndefinedFunction",
  ({ description }) =>
    /^operator does not exist: .{1,200} (?:=|<>) .{1,200}\[\]$/.test(description)
      ? "compare with a list by IN (${sql.csv(values)}) or = ANY(${values})"
      : undefined
)
/** The function or operator does not exist for these argument types (400). `hint` may say what to cast. */
export class UndefinedFunction extends UndefinedFunctionBase {}

const UniqueViolationBase: ReasonClass<"UniqueViolation", StatementFields> = statementReason("UniqueViolation")
/** A value that must be unique already exists (400). `detail` names the columns and the value. */
export class UniqueViolation extends UniqueViolationBase {}

const NotNullViolationBase: ReasonClass<"NotNullViolation", StatementFields> = statementReason("NotNullViolation")
/** NULL was given for a value that is required (400). */
export class NotNullViolation extends NotNullViolationBase {}

const ForeignKeyViolationBase: ReasonClass<"ForeignKeyViolation", StatementFields> =
  statementReason("ForeignKeyViolation")
/** A reference points to a row that does not exist, or other rows refer to this one (400). */
export class ForeignKeyViolation extends ForeignKeyViolationBase {}

const CheckViolationBase: ReasonClass<"CheckViolation", StatementFields> = statementReason("CheckViolation")
/** A value violates a check constraint (400). */
export class CheckViolation extends CheckViolationBase {}

const ExclusionViolationBase: ReasonClass<"ExclusionViolation", StatementFields> = statementReason("ExclusionViolation")
/** A row conflicts with another one under an exclusion constraint (400). */
export class ExclusionViolation extends ExclusionViolationBase {}

const NotOwnerBase: ReasonClass<"NotOwner", StatementFields> = statementReason(
  "NotOwner",
  "run it under the key that created the object, or under the master key"
)
/** Only the owner may do this (400). Tables that a key creates belong to that key. */
export class NotOwner extends NotOwnerBase {}

const SystemTableForbiddenBase: ReasonClass<"SystemTableForbidden", StatementFields> = statementReason(
  "SystemTableForbidden",
  "run it under the master key"
)
/** Only the master key may read PostgreSQL's system tables (403). */
export class SystemTableForbidden extends SystemTableForbiddenBase {}

const StatementTimeoutBase: ReasonClass<"StatementTimeout", StatementFields> = statementReason(
  "StatementTimeout",
  "make it faster, or run it as a batch job with BatchSql"
)
/** The statement ran longer than the account's plan allows (429). Sending it again does not help. */
export class StatementTimeout extends StatementTimeoutBase {}

const QueryFailedBase: ReasonClass<"QueryFailed", StatementFields> = statementReason("QueryFailed")
/** PostgreSQL refused the statement for another reason (400). */
export class QueryFailed extends QueryFailedBase {}

const PermissionDeniedBase: ReasonClass<
  "PermissionDenied",
  {
    /** PostgreSQL's message. */
    readonly description: string
    /** The type of the object, as PostgreSQL names it: `table`. */
    readonly objectType?: string | undefined
    /** The name of the object. */
    readonly object?: string | undefined
    /** The name of the key in use, if it is known. */
    readonly key?: string | undefined
    /** The permission that the statement needs, if its first word tells. */
    readonly permission?: string | undefined
  }
> = reasonClass("PermissionDenied", ({ description, key, object, objectType, permission }) => {
  const subject = key === undefined ? "the key in use" : `the key ${quote(key)}`
  const isTable = objectType !== undefined && /^(?:table|view|materialized view|relation)$/.test(objectType)
  const missing = !isTable
    ? "a permission that it lacks"
    : permission === undefined
      ? `a permission on ${object}`
      : `Grants.table(${quote(object ?? "")}, [${quote(permission)}])`
  return `${description}: ${subject} needs ${missing}; keys cannot be edited, so create one that has it`
})
/** The key in use has no permission for this (403). */
export class PermissionDenied extends PermissionDeniedBase {}

const ApiNotGrantedBase: ReasonClass<
  "ApiNotGranted",
  {
    /** The API: `sql`. */
    readonly api: string
  }
> = reasonClass(
  "ApiNotGranted",
  ({ api }) => `the key in use was not granted the API ${quote(api)}: create a key that has it in apis`
)
/** The key in use was created without this API in its `apis` (403). */
export class ApiNotGranted extends ApiNotGrantedBase {}

const InvalidFormatBase: ReasonClass<
  "InvalidFormat",
  {
    /** The server's message. */
    readonly description: string
  }
> = reasonClass("InvalidFormat", ({ description }) => `the server does not export to this format: ${description}`)
/** The server does not export to that format (400). */
export class InvalidFormat extends InvalidFormatBase {}

const AccountNotFoundBase: ReasonClass<
  "AccountNotFound",
  {
    /** The account. */
    readonly username: string
  }
> = reasonClass(
  "AccountNotFound",
  ({ username }) => `the server has no account ${quote(username)}: check baseUrl or username`
)
/** The SQL API knows no account of that name (404). */
export class AccountNotFound extends AccountNotFoundBase {}

const RowMalformedBase: ReasonClass<
  "RowMalformed",
  {
    /** The number of the row: 1 for the first one. */
    readonly row: number
    /** The path in the row, and what was expected there. */
    readonly description: string
  }
> = reasonClass("RowMalformed", ({ description, row }) => `row ${row} does not fit the schema: ${description}`)
/** A row does not fit the schema. */
export class RowMalformed extends RowMalformedBase {}

/** Why PostgreSQL can refuse a statement. */
export type StatementReason =
  | CheckViolation
  | ExclusionViolation
  | ForeignKeyViolation
  | NotNullViolation
  | NotOwner
  | PermissionDenied
  | QueryFailed
  | SqlSyntax
  | StatementTimeout
  | SystemTableForbidden
  | UndefinedColumn
  | UndefinedFunction
  | UndefinedTable
  | UniqueViolation

const PartialResultBase: ReasonClass<
  "PartialResult",
  {
    /** The rows that arrived before the failure. */
    readonly rows: ReadonlyArray<unknown>
    /** The number of rows that an export passed on before the failure. */
    readonly count?: number | undefined
    /** PostgreSQL's error. */
    readonly failure: StatementReason
  }
> = reasonClass(
  "PartialResult",
  ({ count, failure, rows }) => `failed after ${count ?? rows.length} rows: ${failure.message}`
)
/** The statement failed after rows had been sent (200 with an error), and was rolled back. */
export class PartialResult extends PartialResultBase {}
