/** What `\d` and `\dt` ask. Only the master key may read the catalog, so the role of another key is a value here. */
import { sql, type Statement } from "../../sql/Statement.ts"

/** The relations that the key in use may read, those of the system left out. */
export const relations = (role: string): Statement => sql`SELECT n.nspname AS schema, c.relname AS name,
  CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
    WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' END AS type,
  pg_catalog.pg_get_userbyid(c.relowner) AS owner, c.reltuples::bigint AS "rows (estimate)"
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_' AND n.nspname <> 'cdb_dataservices_client'
  AND pg_catalog.has_table_privilege(${role}::name, c.oid, 'SELECT')
ORDER BY 1, 2`

const named = (schema: string | undefined, name: string): Statement =>
  schema === undefined
    ? sql`c.relname = ${name} AND pg_catalog.pg_table_is_visible(c.oid)`
    : sql`c.relname = ${name} AND n.nspname = ${schema}`

/** The columns of a table. */
export const columns = (schema: string | undefined, name: string): Statement => sql`SELECT a.attname AS column,
  pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
  CASE WHEN a.attnotnull THEN 'not null' ELSE '' END AS nullable,
  COALESCE(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '') AS default
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE ${named(schema, name)} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`

/** The indexes of a table, as their definitions. */
export const indexes = (schema: string | undefined, name: string): Statement => sql`SELECT
  pg_catalog.pg_get_indexdef(i.indexrelid) AS index
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE ${named(schema, name)} ORDER BY i.indisprimary DESC, 1`

/** Tables and their columns, for completion. */
export const names = (role: string): Statement => sql`SELECT c.relname AS table, a.attname AS column
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND pg_catalog.has_table_privilege(${role}::name, c.oid, 'SELECT')
ORDER BY 1, a.attnum LIMIT 5000`

/** The database role of the key in use. Every key may ask for it. */
export const role: Statement = sql`SELECT current_user AS role`
