/**
 * The only interface between the embedded CARTO and its PostgreSQL. Each account or organization has one database. A
 * caller's SQL always runs under the role of the caller's API key.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"

/** A column of a result set, as PostgreSQL describes it. */
export interface Column {
  readonly name: string
  readonly typeId: number
  readonly typeModifier: number
  readonly tableId: number
  readonly columnNumber: number
}

/** The fields of a PostgreSQL error or notice. `code` is the SQLSTATE. */
export interface Report {
  readonly severity: string
  readonly code: string
  readonly message: string
  readonly detail?: string | undefined
  readonly hint?: string | undefined
  readonly context?: string | undefined
  readonly position?: number | undefined
}

/**
 * One of PostgreSQL's messages for one request. The messages come in order, and values are PostgreSQL's text, never
 * parsed. After a `Failure` the stream ends, because PostgreSQL skips the statements that follow.
 */
export type Message =
  | { readonly _tag: "Columns"; readonly columns: ReadonlyArray<Column> }
  | { readonly _tag: "Row"; readonly values: ReadonlyArray<string | null> }
  | { readonly _tag: "Complete"; readonly command: string }
  | { readonly _tag: "CopyOut"; readonly binary: boolean }
  | { readonly _tag: "CopyData"; readonly data: Uint8Array }
  | { readonly _tag: "CopyIn" }
  | { readonly _tag: "Notice"; readonly report: Report }
  | { readonly _tag: "Failure"; readonly report: Report }

/** The role that runs SQL text. PostgreSQL's login rules check the password. */
export interface Login {
  readonly role: string
  readonly password: string
}

/**
 * SQL text to run under a role. Several statements are one implicit transaction, as in PostgreSQL's simple protocol.
 */
export interface Run {
  readonly login: Login
  readonly sql: string
  /** The data of a `COPY … FROM STDIN`. If it is absent, such a statement fails instead of waiting. */
  readonly copyIn?: Uint8Array | undefined
  /** The statement timeout in milliseconds, which replaces the role's own `statement_timeout`. */
  readonly statementTimeout?: number | undefined
  /**
   * Whether the text may change the role's password and the role's initial session settings. All users of a key share
   * its role, so requests must not change the role. Only the process that runs the emulator may do so.
   *
   * @default false
   */
  readonly mayAlterRoles?: boolean | undefined
}

/** PostgreSQL's error for SQL text that changes a role without permission. */
export const roleIsProtected: Report = {
  severity: "ERROR",
  code: "42501",
  message: "permission denied to alter role"
}

type ErrorClass<Tag extends string, Fields> = new (
  fields: Fields
) => Cause.YieldableError & { readonly _tag: Tag } & Readonly<Fields>

const DatabaseErrorBase: ErrorClass<"DatabaseError", Report & { readonly statement: string }> =
  Data.TaggedError("DatabaseError")
/** PostgreSQL refused one of the emulator's own statements. */
export class DatabaseError extends DatabaseErrorBase {}

const ConnectionErrorBase: ErrorClass<"ConnectionError", { readonly message: string }> =
  Data.TaggedError("ConnectionError")
/** The role cannot log in, or PostgreSQL is not available. No statement has run. */
export class ConnectionError extends ConnectionErrorBase {}

/** An open database. */
export interface Database {
  readonly name: string
  /**
   * Runs one of the emulator's own statements as superuser, with `search_path` pinned to `pg_catalog, pg_temp`.
   * The statement must name every schema. It must not read objects that a key can define: views, functions, tables.
   */
  readonly superuser: (
    sql: string,
    parameters?: ReadonlyArray<string | number | boolean | null>
  ) => Effect.Effect<ReadonlyArray<Readonly<Record<string, string | null>>>, DatabaseError | ConnectionError>
  /** Runs several superuser statements as one transaction. */
  readonly superuserTransaction: (
    statements: ReadonlyArray<string>
  ) => Effect.Effect<void, DatabaseError | ConnectionError>
  /** Runs a caller's SQL text under its role. The next caller gets a clean session, regardless of what the text did. */
  readonly run: (options: Run) => Stream.Stream<Message, ConnectionError>
  /** Whether PostGIS is installed in this database. */
  readonly postgis: boolean
}

/** The databases of an emulator. */
export interface DatabasesService {
  /** Opens a database, and creates it if it does not exist. The database closes with the scope. */
  readonly open: (name: string) => Effect.Effect<Database, ConnectionError | DatabaseError, Scope.Scope>
}

const DatabasesBase: Context.ServiceClass<Databases, "effect-carto/emulator/Databases", DatabasesService> =
  Context.Service<Databases, DatabasesService>()("effect-carto/emulator/Databases")
/** The service that opens databases. */
export class Databases extends DatabasesBase {}
