/** Grants as they are asked for, as a key has them, and as they are compared. */
import type { Open } from "../errors/internal/open.ts"

export type { GrantsSet } from "../errors/internal/grantsSet.ts"
export type { Open } from "../errors/internal/open.ts"

/** An API that a key can be granted. */
export type Api = "sql" | "maps" | "do"
/** A permission on a table. */
export type TablePermission = "select" | "insert" | "update" | "delete"
/** A permission on a schema. */
export type SchemaPermission = "create"
/** A data service. */
export type Service = "geocoding" | "routing" | "isolines" | "observatory"
/** Data about the account's user. */
export type UserData = "profile"

/** A table, view or materialized view to grant. */
export interface TableGrantRequest {
  /** The name as it stands in PostgreSQL, without quotes. */
  readonly name: string
  /** At least one permission. */
  readonly permissions: ReadonlyArray<TablePermission>
  /** The schema of the table. @default that of the account's own tables */
  readonly schema?: string | undefined
}

/** A schema in which the key may create tables, which it then owns. */
export interface SchemaGrantRequest {
  /** The name as it stands in PostgreSQL, without quotes. */
  readonly name: string
  /** At least one permission. */
  readonly permissions: ReadonlyArray<SchemaPermission>
}

/** Grants to ask for. */
export interface GrantsRequest {
  /** The APIs that the key may use. @default ["sql", "maps"] */
  readonly apis?: ReadonlyArray<Api> | undefined
  /** Permissions on tables, views and materialized views, such as `Grants.table("tornadoes", ["select"])`. @default none */
  readonly tables?: ReadonlyArray<TableGrantRequest> | undefined
  /** The schemas in which the key may create tables. @default none */
  readonly schemas?: ReadonlyArray<SchemaGrantRequest> | undefined
  /** Whether the key may list the account's datasets. @default false */
  readonly tableMetadata?: boolean | undefined
  /** The data services that the key may use. @default none */
  readonly services?: ReadonlyArray<Service> | undefined
  /** The data about the account's user that the key may read. @default none */
  readonly user?: ReadonlyArray<UserData> | undefined
  /** The Data Observatory datasets that the key may read. @default none */
  readonly datasets?: ReadonlyArray<string> | undefined
}

/** Permissions that a key has on a table, view or materialized view. */
export interface TableGrant {
  /** The schema of the table. */
  readonly schema: string
  /** The name of the table. */
  readonly name: string
  /** Whether the key made this table: it may then alter and drop it. */
  readonly owner: boolean
  /** The permissions, which may include ones that cannot be asked for. */
  readonly permissions: ReadonlyArray<Open<TablePermission>>
}

/** Permissions that a key has on a schema. */
export interface SchemaGrant {
  /** The name of the schema. */
  readonly name: string
  /** The permissions. Every role has `usage` of some schemas. */
  readonly permissions: ReadonlyArray<Open<SchemaPermission | "usage">>
}

/**
 * The grants that a key has. Tables and schemas are the live privileges of its database role, not an echo of the request; for the
 * master and default keys they are always empty.
 */
export interface Grants {
  /** The APIs that the key may use. */
  readonly apis: ReadonlyArray<Open<Api>>
  /** The tables, views and materialized views that the key may use. */
  readonly tables: ReadonlyArray<TableGrant>
  /** The schemas that the key may use. */
  readonly schemas: ReadonlyArray<SchemaGrant>
  /** Whether the key may list the account's datasets. */
  readonly tableMetadata: boolean
  /** The data services that the key may use. */
  readonly services: ReadonlyArray<Open<Service>>
  /** The data about the account's user that the key may read. */
  readonly user: ReadonlyArray<Open<UserData>>
  /** The Data Observatory datasets that the key may read. */
  readonly datasets: ReadonlyArray<string>
  /** The sections as the server sent them, with everything that this library does not know. */
  readonly sections: ReadonlyArray<Readonly<Record<string, unknown>>>
}

/** Grants that can be compared: {@link Grants}, {@link GrantsRequest} and `GrantsSet`. */
export interface GrantsLike {
  /** APIs. */
  readonly apis?: ReadonlyArray<string> | undefined
  /** Permissions on tables. */
  readonly tables?:
    | ReadonlyArray<{
        readonly name: string
        readonly permissions: ReadonlyArray<string>
        readonly schema?: string | undefined
      }>
    | undefined
  /** Permissions on schemas. */
  readonly schemas?: ReadonlyArray<{ readonly name: string; readonly permissions: ReadonlyArray<string> }> | undefined
  /** Whether the account's datasets may be listed. */
  readonly tableMetadata?: boolean | undefined
  /** Data services. */
  readonly services?: ReadonlyArray<string> | undefined
  /** Data about the account's user. */
  readonly user?: ReadonlyArray<string> | undefined
  /** Data Observatory datasets. */
  readonly datasets?: ReadonlyArray<string> | undefined
}
