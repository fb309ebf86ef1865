/**
 * What a key may do: which APIs, tables, schemas, data services and datasets it may use. A request for grants and the grants that a key
 * has differ, so they are two types: {@link GrantsRequest} and {@link Grants}.
 *
 * @module
 */
import type { SchemaGrantRequest, SchemaPermission, TableGrantRequest, TablePermission } from "./grantTypes.ts"

export type {
  Api,
  Grants,
  GrantsLike,
  GrantsRequest,
  GrantsSet,
  Open,
  SchemaGrant,
  SchemaGrantRequest,
  SchemaPermission,
  Service,
  TableGrant,
  TableGrantRequest,
  TablePermission,
  UserData
} from "./grantTypes.ts"
export { type CompareOptions, covers, difference, toRequest, union } from "./grantsAlgebra.ts"

/** Asks for permissions on a table, view or materialized view. `schema` defaults to that of the account's own tables. */
export const table = (
  name: string,
  permissions: ReadonlyArray<TablePermission>,
  options?: { readonly schema?: string | undefined }
): TableGrantRequest => ({ name, permissions, ...(options?.schema === undefined ? {} : { schema: options.schema }) })

/** Asks for the right to create tables in a schema. */
export const schema = (
  name: string,
  permissions: ReadonlyArray<SchemaPermission> = ["create"]
): SchemaGrantRequest => ({ name, permissions })
