/** The tables and schemas of an account, as its master key sees them. */
import * as Effect from "effect/Effect"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { isObject } from "../../../errors/internal/json.ts"
import { type QueryReason, Sql } from "../../../sql/Sql.ts"
import { sql } from "../../../sql/Statement.ts"

/** What a table of the catalog is. */
export type TableKind = "foreign table" | "materialized view" | "table" | "view"

export interface Table {
  readonly oid: number
  readonly schemaOid: number
  readonly schema: string
  readonly name: string
  readonly kind: TableKind
  /** Whether the account owns it, or one of its keys does. */
  readonly own: boolean
}

export interface Schema {
  readonly oid: number
  readonly name: string
  /** Whether it is that of names without a schema. */
  readonly current: boolean
}

export interface Catalog {
  /** Tables, views and the like on which the account has any permission, by schema and name. */
  readonly tables: ReadonlyArray<Table>
  /** Schemas that the account may use. */
  readonly schemas: ReadonlyArray<Schema>
}

const kinds: Readonly<Record<string, TableKind>> = { f: "foreign table", m: "materialized view", v: "view" }

// what extensions brought (spatial_ref_sys and the like) is the server's, not the account's
const statement = sql`SELECT n.oid AS schema_oid, n.nspname AS schema,
  n.nspname = pg_catalog.current_schema() AS current,
  c.oid, c.relname AS name, c.relkind::text AS kind, pg_catalog.pg_has_role(c.relowner, 'USAGE') AS own
FROM pg_catalog.pg_namespace n
LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
  AND pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.objid = c.oid AND d.deptype = 'e')
WHERE pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN
    ('information_schema', 'cartodb', 'cdb', 'cdb_importer', 'cdb_dataservices_client', 'topology', 'tiger', 'tiger_data')
ORDER BY n.nspname, c.relname`

export const catalog: Effect.Effect<Catalog, CartoErrorOf<QueryReason>, Sql> = Sql.use((db) =>
  db.query(statement, { idempotent: true })
).pipe(
  Effect.map(({ rows }) => {
    const found = rows.filter(isObject)
    const schemas = new Map<number, Schema>()
    const tables: Array<Table> = []
    for (const { current, kind, name, oid, own, schema, schema_oid: schemaOid } of found) {
      if (typeof schemaOid !== "number" || typeof schema !== "string") continue
      schemas.set(schemaOid, { oid: schemaOid, name: schema, current: current === true })
      if (typeof oid !== "number" || typeof name !== "string") continue
      tables.push({ oid, schemaOid, schema, name, kind: kinds[String(kind)] ?? "table", own: own === true })
    }
    return { schemas: [...schemas.values()], tables }
  })
)
