/** Why the SQL API, or the PostgreSQL behind it, refuses a statement. */
import * as Data from "effect/Data"
import type { ReasonClass } from "./ReasonClass.ts"

/** What PostgreSQL says of a failed statement: its message, and its detail and hint where it gives them. */
export interface StatementFields {
  readonly description: string
  readonly detail?: string | undefined
  readonly hint?: string | undefined
}

/** The base of a reason whose message is all that PostgreSQL said. */
const statementError = <Tag extends string>(tag: Tag): ReasonClass<Tag, StatementFields> => {
  const Base: ReasonClass<Tag, StatementFields> = Data.TaggedError(tag)
  return class extends Base {
    override get message(): string {
      return [this.description, this.detail, this.hint].filter((part) => part !== undefined).join("; ")
    }
  }
}

const SqlSyntaxBase: ReasonClass<"SqlSyntax", StatementFields> = statementError("SqlSyntax")
/** The text is not SQL that PostgreSQL can parse (400). */
export class SqlSyntax extends SqlSyntaxBase {}

const UndefinedTableBase: ReasonClass<"UndefinedTable", StatementFields> = statementError("UndefinedTable")
/** A table or view that is not there, or not under the key's search path (400). */
export class UndefinedTable extends UndefinedTableBase {}

const UndefinedColumnBase: ReasonClass<"UndefinedColumn", StatementFields> = statementError("UndefinedColumn")
/** A column that is not there (400). `hint` may name the one that was meant. */
export class UndefinedColumn extends UndefinedColumnBase {}

const UndefinedFunctionBase: ReasonClass<"UndefinedFunction", StatementFields> = statementError("UndefinedFunction")
/** A function or operator that is not there for these argument types (400). `hint` may say what to cast. */
export class UndefinedFunction extends UndefinedFunctionBase {}

const UniqueViolationBase: ReasonClass<"UniqueViolation", StatementFields> = statementError("UniqueViolation")
/** A value that must be unique is there already (400). `detail` names the key and its value. */
export class UniqueViolation extends UniqueViolationBase {}

const NotNullViolationBase: ReasonClass<"NotNullViolation", StatementFields> = statementError("NotNullViolation")
/** NULL where a value is required (400). */
export class NotNullViolation extends NotNullViolationBase {}

const ForeignKeyViolationBase: ReasonClass<"ForeignKeyViolation", StatementFields> =
  statementError("ForeignKeyViolation")
/** A reference to a row that is not there, or a row that others refer to (400). */
export class ForeignKeyViolation extends ForeignKeyViolationBase {}

const CheckViolationBase: ReasonClass<"CheckViolation", StatementFields> = statementError("CheckViolation")
/** A value that breaks a check constraint (400). */
export class CheckViolation extends CheckViolationBase {}

const ExclusionViolationBase: ReasonClass<"ExclusionViolation", StatementFields> = statementError("ExclusionViolation")
/** A row that conflicts with another under an exclusion constraint (400). */
export class ExclusionViolation extends ExclusionViolationBase {}

const NotOwnerBase: ReasonClass<"NotOwner", StatementFields> = statementError("NotOwner")
/** Only the owner may do this (400). Tables made by a key belong to that key. */
export class NotOwner extends NotOwnerBase {}

const SystemTableForbiddenBase: ReasonClass<"SystemTableForbidden", StatementFields> =
  statementError("SystemTableForbidden")
/** Only the master key may read PostgreSQL's system tables (403). */
export class SystemTableForbidden extends SystemTableForbiddenBase {}

const StatementTimeoutBase: ReasonClass<"StatementTimeout", StatementFields> = statementError("StatementTimeout")
/** The statement ran longer than the account's plan allows (429). Sending it again is pointless. */
export class StatementTimeout extends StatementTimeoutBase {}

const QueryFailedBase: ReasonClass<"QueryFailed", StatementFields> = statementError("QueryFailed")
/** PostgreSQL refused the statement for another reason (400): `description` is its message. */
export class QueryFailed extends QueryFailedBase {}

const PermissionDeniedBase: ReasonClass<
  "PermissionDenied",
  {
    readonly description: string
    readonly objectType?: string | undefined
    readonly object?: string | undefined
  }
> = Data.TaggedError("PermissionDenied")
/** The key has no right to that (403). `objectType` and `object` as PostgreSQL names them: `table`, `secrets`. */
export class PermissionDenied extends PermissionDeniedBase {
  override get message(): string {
    return `${this.description}`
  }
}

const ApiNotGrantedBase: ReasonClass<"ApiNotGranted", { readonly api: string }> = Data.TaggedError("ApiNotGranted")
/** The key was created without this API in its `apis` (403). */
export class ApiNotGranted extends ApiNotGrantedBase {
  override get message(): string {
    return `the key in use was not granted the API ${JSON.stringify(this.api)}`
  }
}

const InvalidFormatBase: ReasonClass<"InvalidFormat", { readonly description: string }> =
  Data.TaggedError("InvalidFormat")
/** The server does not export to that format (400). */
export class InvalidFormat extends InvalidFormatBase {
  override get message(): string {
    return this.description
  }
}

const AccountNotFoundBase: ReasonClass<"AccountNotFound", { readonly username: string }> =
  Data.TaggedError("AccountNotFound")
/** The SQL API knows no account of that name (404). */
export class AccountNotFound extends AccountNotFoundBase {
  override get message(): string {
    return `the server knows no account ${JSON.stringify(this.username)}`
  }
}

const RowMalformedBase: ReasonClass<"RowMalformed", { readonly row: number; readonly description: string }> =
  Data.TaggedError("RowMalformed")
/** A row that the given schema does not accept. `row` is 1 for the first row; `description` has the path and what was expected. */
export class RowMalformed extends RowMalformedBase {
  override get message(): string {
    return `row ${this.row} does not fit the schema: ${this.description}`
  }
}

/** What PostgreSQL can answer to a statement. */
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
    readonly rows: ReadonlyArray<unknown>
    readonly count?: number | undefined
    readonly failure: StatementReason
  }
> = Data.TaggedError("PartialResult")
/**
 * The statement failed after rows had been sent (200 with an error), and was rolled back. `rows` are those received. An
 * export gives their number, `count`, since it has passed them on.
 */
export class PartialResult extends PartialResultBase {
  override get message(): string {
    return `failed after ${this.count ?? this.rows.length} rows: ${this.failure.message}`
  }
}
