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

/** A table, and what a key may do with it. */
export interface TablePrivileges {
  readonly table: Table
  readonly permissions: ReadonlyArray<TablePermission>
  /** Whether the key created the table; for the master key, whether the account has it. */
  readonly owner: boolean
}

/** What a key may do with all tables and schemas. */
export interface EffectivePrivileges {
  /** `auth-api` if the key may not use the SQL API, and so cannot ask the database. */
  readonly source: "auth-api" | "database"
  readonly tables: ReadonlyArray<TablePrivileges>
  /** Schemas in which the key may create tables. */
  readonly creates: ReadonlyArray<Schema>
}

/** The privileges on each table by its oid. */
export const byTable = ({ tables }: EffectivePrivileges): ReadonlyMap<number, TablePrivileges> =>
  new Map(tables.map((each) => [each.table.oid, each]))

const checkAll = ({ schemas, tables }: Catalog): Effect.Effect<HasPrivilege, CartoErrorOf<QueryReason>, Sql> =>
  checkPrivileges({ tables: tables.map(({ oid }) => oid), schemas: schemas.map(({ oid }) => oid) })

/** What the Auth API reports of a key. It leaves out materialized views, and what every key may do. */
const byAuthApi = ({ schemas, tables }: Catalog, { grants }: ApiKey): HasPrivilege => {
  const named = new Map(grants.tables.map(({ name, permissions, schema }) => [keyOf(schema, name), permissions]))
  const inSchema = new Map(grants.schemas.map(({ name, permissions }) => [name, permissions]))
  const held: Readonly<Record<string, ReadonlyMap<number, ReadonlyArray<string>>>> = {
    tables: new Map(tables.map(({ name, oid, schema }) => [oid, named.get(keyOf(schema, name)) ?? []])),
    schemas: new Map(schemas.map(({ name, oid }) => [oid, inSchema.get(name) ?? []]))
  }
  return (kind, oid, permission) => held[kind]?.get(oid)?.includes(permission) ?? false
}

const keyOf = (schema: string, name: string): string => JSON.stringify([schema, name])

const read = (found: Catalog, key: ApiKey | undefined, can: HasPrivilege): Omit<EffectivePrivileges, "source"> => {
  const owned = new Set(
    key?.grants.tables.flatMap(({ name, owner, schema }) => (owner ? [keyOf(schema, name)] : [])) ?? []
  )
  return {
    tables: found.tables.flatMap((table) => {
      const permissions = can("schemas", table.schemaOid, "usage")
        ? tablePermissions.filter((permission) => can("tables", table.oid, permission))
        : []
      const owner = key?.type === "master" ? table.own : owned.has(keyOf(table.schema, table.name))
      return permissions.length === 0 ? [] : [{ table, permissions, owner }]
    }),
    creates: found.schemas.filter(({ oid }) => can("schemas", oid, "create"))
  }
}

/** What every key may do, as the default public key reports. */
export const publicPrivileges = (found: Catalog): Effect.Effect<EffectivePrivileges, CartoErrorOf<QueryReason>, Sql> =>
  checkAll(found).pipe(
    Auth.withApiKey(Auth.defaultPublic),
    Effect.map((can) => ({ source: "database", ...read(found, undefined, can) }))
  )

/** What a key may do, as PostgreSQL reports under the key itself, or for a key without the SQL API the Auth API. */
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
