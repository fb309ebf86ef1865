/** What a key may do with the tables and schemas of its account. */
import * as Effect from "effect/Effect"
import type { ApiKey } from "../../../account/ApiKey.ts"
import { Auth } from "../../../account/Auth.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import type { TablePermission } from "../../../account/Grants.ts"
import type { QueryReason, Sql } from "../../../sql/Sql.ts"
import type { Catalogue, Schema, Table } from "./catalog.ts"
import { type Reach, reach } from "./privilegeChecks.ts"

export const tablePermissions: ReadonlyArray<TablePermission> = ["select", "insert", "update", "delete"]

export interface Holding {
  readonly table: Table
  readonly permissions: ReadonlyArray<TablePermission>
  /** Whether the key made the table; for the master key, whether the account has it. */
  readonly owner: boolean
}

export interface Holdings {
  /** `auth-api` where the key may not use the SQL API, and so cannot ask the database. */
  readonly answeredBy: "auth-api" | "database"
  readonly tables: ReadonlyArray<Holding>
  /** Schemas in which it may create tables. */
  readonly creates: ReadonlyArray<Schema>
}

const reachAll = ({ schemas, tables }: Catalogue): Effect.Effect<Reach, CartoErrorOf<QueryReason>, Sql> =>
  reach({ tables: tables.map(({ oid }) => oid), schemas: schemas.map(({ oid }) => oid) })

/** What the Auth API says of a key. It leaves out materialized views, and what everybody may do. */
const byAuthApi = ({ schemas, tables }: Catalogue, { grants }: ApiKey): Reach => {
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

const read = (found: Catalogue, key: ApiKey | undefined, can: Reach): Omit<Holdings, "answeredBy"> => ({
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
export const everyoneHolds = (found: Catalogue): Effect.Effect<Holdings, CartoErrorOf<QueryReason>, Sql> =>
  reachAll(found).pipe(
    Auth.withApiKey(Auth.defaultPublic),
    Effect.map((can) => ({ answeredBy: "database", ...read(found, undefined, can) }))
  )

/** What a key may do, as PostgreSQL answers under the key itself; where it cannot, as the Auth API says. */
export const keyHolds = (
  found: Catalogue,
  key: ApiKey,
  ask = true
): Effect.Effect<Holdings, CartoErrorOf<QueryReason>, Sql> =>
  ask && key.grants.apis.includes("sql")
    ? reachAll(found).pipe(
        Auth.withApiKey(key),
        Effect.map((can) => ({ answeredBy: "database", ...read(found, key, can) }))
      )
    : Effect.succeed({ answeredBy: "auth-api", ...read(found, key, byAuthApi(found, key)) })
