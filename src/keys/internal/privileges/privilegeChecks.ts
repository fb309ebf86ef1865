/** What the key in use may do with objects, by PostgreSQL's own answer. Every key may ask this of itself. */
import * as Effect from "effect/Effect"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { isStrings } from "../../../errors/internal/json.ts"
import { tablePermissions } from "../../../account/grantVocabulary.ts"
import { type QueryReason, Sql } from "../../../sql/Sql.ts"
import { sql, type Statement } from "../../../sql/Statement.ts"

/** Oids, by kind of object. */
export interface Objects {
  readonly tables?: ReadonlyArray<number> | undefined
  readonly schemas?: ReadonlyArray<number> | undefined
  readonly functions?: ReadonlyArray<number> | undefined
  readonly sequences?: ReadonlyArray<number> | undefined
  readonly databases?: ReadonlyArray<number> | undefined
}

const kinds = {
  tables: { check: "has_table_privilege", permissions: tablePermissions },
  schemas: { check: "has_schema_privilege", permissions: ["usage", "create"] },
  functions: { check: "has_function_privilege", permissions: ["execute"] },
  sequences: { check: "has_sequence_privilege", permissions: ["usage"] },
  databases: { check: "has_database_privilege", permissions: ["temporary"] }
} as const

const part = (kind: keyof typeof kinds, oids: ReadonlyArray<number> = []): Statement => {
  const { check, permissions } = kinds[kind]
  return sql`SELECT ${kind} AS kind, o.oid, ARRAY(
    SELECT p FROM pg_catalog.unnest(${permissions}::text[]) p
    WHERE pg_catalog.${sql.identifier(check)}(o.oid::oid, p)) AS held
  FROM pg_catalog.unnest(${oids}::bigint[]) o(oid)`
}

export type HasPrivilege = (kind: keyof Objects, oid: number, permission: string) => boolean

/** No system table is read, which only the master key may. An object that is gone meanwhile is one without permissions. */
export const checkPrivileges = (objects: Objects): Effect.Effect<HasPrivilege, CartoErrorOf<QueryReason>, Sql> => {
  const statement = sql.join(
    [
      part("tables", objects.tables),
      part("schemas", objects.schemas),
      part("functions", objects.functions),
      part("sequences", objects.sequences),
      part("databases", objects.databases)
    ],
    " UNION ALL "
  )
  return Sql.use((db) => db.query(statement, { idempotent: true })).pipe(
    Effect.map(({ rows }) => {
      const held = new Map(
        rows.map(({ held, kind, oid }) => [`${String(kind)} ${String(oid)}`, isStrings(held) ? held : []])
      )
      return (kind, oid, permission) => held.get(`${kind} ${oid}`)?.includes(permission) ?? false
    })
  )
}
