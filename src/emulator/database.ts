/**
 * The one interface between the embedded CARTO and the PostgreSQL behind it. An account (or an organisation) has one
 * database; a caller's SQL always runs under the role of its API key.
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

/** What PostgreSQL says of an error or a notice. `code` is the SQLSTATE. */
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
 * The backend's messages for one request, in order. Values are PostgreSQL's text, never parsed. A `Failure` ends the
 * stream of messages: PostgreSQL skips the statements that follow.
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

/** Who runs a text. The password is checked as PostgreSQL checks it at login. */
export interface Login {
  readonly role: string
  readonly password: string
}

/** A text to run under a role: several statements are one implicit transaction, as in PostgreSQL's simple protocol. */
export interface Run {
  readonly login: Login
  readonly sql: string
  /** The data of a `COPY … FROM STDIN`; without it such a statement fails instead of waiting. */
  readonly copyIn?: Uint8Array | undefined
  /** Milliseconds; replaces the role's own `statement_timeout`. */
  readonly statementTimeout?: number | undefined
  /**
   * Whether the text may change the role itself: its password, and the settings that its sessions begin with. All that
   * use a key share its role, so requests may not; only the process that runs the emulator may. Default `false`.
   */
  readonly mayAlterRoles?: boolean | undefined
}

/** What PostgreSQL says to a text that changes a role and may not. */
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
/** A statement of the emulator's own was refused by PostgreSQL. */
export class DatabaseError extends DatabaseErrorBase {}

const ConnectionErrorBase: ErrorClass<"ConnectionError", { readonly message: string }> =
  Data.TaggedError("ConnectionError")
/** The role cannot log in, or PostgreSQL is gone: nothing has run. */
export class ConnectionError extends ConnectionErrorBase {}

export interface Database {
  readonly name: string
  /**
   * Runs one of the emulator's own statements as superuser, with `search_path` pinned to `pg_catalog, pg_temp`:
   * it must name every schema, and must not read what a key can define (views, functions, tables of a key).
   */
  readonly superuser: (
    sql: string,
    parameters?: ReadonlyArray<string | number | boolean | null>
  ) => Effect.Effect<ReadonlyArray<Readonly<Record<string, string | null>>>, DatabaseError | ConnectionError>
  /** Runs several superuser statements as one transaction: all or nothing. */
  readonly superuserTransaction: (
    statements: ReadonlyArray<string>
  ) => Effect.Effect<void, DatabaseError | ConnectionError>
  /** Runs a caller's text under its role. Whatever the text does, the next caller gets a clean session. */
  readonly run: (options: Run) => Stream.Stream<Message, ConnectionError>
  /** Whether PostGIS is installed in this database. */
  readonly postgis: boolean
}

export interface DatabasesService {
  /** Opens a database, creating it on its first opening. Closes it with the scope. */
  readonly open: (name: string) => Effect.Effect<Database, ConnectionError | DatabaseError, Scope.Scope>
}

const DatabasesBase: Context.ServiceClass<Databases, "effect-carto/emulator/Databases", DatabasesService> =
  Context.Service<Databases, DatabasesService>()("effect-carto/emulator/Databases")
export class Databases extends DatabasesBase {}
