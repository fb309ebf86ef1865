/** What a key may do with the tables and schemas of its account. */
import * as Effect from "effect/Effect"
import type { ApiKey } from "../../../account/ApiKey.ts"
import { Auth } from "../../../account/Auth.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import type { TablePermission } from "../../../account/Grants.ts"
import { tablePermissions } from "../../../account/grantVocabulary.ts"
import type { QueryReason, Sql } from "../../../sql/Sql.ts"
import type { Catalog, Schema, Table } from "./catalog.ts"
import { type HasPrivilege, checkPrivileges } from "./privilegeChecks.ts"

export interface TablePrivileges {
  readonly table: Table
  readonly permissions: ReadonlyArray<TablePermission>
  /** Whether the key made the table; for the master key, whether the account has it. */
  readonly owner: boolean
}

export interface EffectivePrivileges {
  /** `auth-api` where the key may not use the SQL API, and so cannot ask the database. */
  readonly source: "auth-api" | "database"
  readonly tables: ReadonlyArray<TablePrivileges>
  /** Schemas in which it may create tables. */
  readonly creates: ReadonlyArray<Schema>
}

const checkAll = ({ schemas, tables }: Catalog): Effect.Effect<HasPrivilege, CartoErrorOf<QueryReason>, Sql> =>
  checkPrivileges({ tables: tables.map(({ oid }) => oid), schemas: schemas.map(({ oid }) => oid) })

/** What the Auth API says of a key. It leaves out materialized views, and what everybody may do. */
const byAuthApi = ({ schemas, tables }: Catalog, { grants }: ApiKey): HasPrivilege => {
  const held = new Set([
    ...tables.flatMap(({ name, oid, schema }) =>
      grants.tables
        .filter((table) => table.name === name && table.schema === schema)
        .flatMap(({ permissions }) => permissions.map((permission) => `tables ${oid} ${permission}`))
    ),
    ...schemas.flatMap(({ name, oid }) =>
      grants.schemas
        .filter((schema) => schema.name === name)
        .flatMap(({ permissions }) => permissions.map((permission) => `schemas ${oid} ${permission}`))
    )
  ])
  return (kind, oid, permission) => held.has(`${kind} ${oid} ${permission}`)
}

const read = (found: Catalog, key: ApiKey | undefined, can: HasPrivilege): Omit<EffectivePrivileges, "source"> => ({
  tables: found.tables.flatMap((table) => {
    const permissions = can("schemas", table.schemaOid, "usage")
      ? tablePermissions.filter((permission) => can("tables", table.oid, permission))
      : []
    const owner =
      key?.type === "master"
        ? table.own
        : (key?.grants.tables.some(
            ({ name, owner, schema }) => owner && name === table.name && schema === table.schema
          ) ?? false)
    return permissions.length === 0 ? [] : [{ table, permissions, owner }]
  }),
  creates: found.schemas.filter(({ oid }) => can("schemas", oid, "create"))
})

/** What everybody may do, with no more than the default public key. */
export const publicPrivileges = (found: Catalog): Effect.Effect<EffectivePrivileges, CartoErrorOf<QueryReason>, Sql> =>
  checkAll(found).pipe(
    Auth.withApiKey(Auth.defaultPublic),
    Effect.map((can) => ({ source: "database", ...read(found, undefined, can) }))
  )

/** What a key may do, as PostgreSQL answers under the key itself; where it cannot, as the Auth API says. */
export const keyPrivileges = (
  found: Catalog,
  key: ApiKey,
  ask = true
): Effect.Effect<EffectivePrivileges, CartoErrorOf<QueryReason>, Sql> =>
  ask && key.grants.apis.includes("sql")
    ? checkAll(found).pipe(
        Auth.withApiKey(key),
        Effect.map((can) => ({ source: "database", ...read(found, key, can) }))
      )
    : Effect.succeed({ source: "auth-api", ...read(found, key, byAuthApi(found, key)) })
