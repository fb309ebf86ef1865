/** Which grants the account could not give to a key, and why. */
import * as Effect from "effect/Effect"
import type { GrantsRequest } from "../../../../account/Grants.ts"
import { ApiKeyManager } from "../../../../keys/ApiKeyManager.ts"
import { Sql } from "../../../../sql/Sql.ts"
import { sql } from "../../../../sql/Statement.ts"

const isStrings = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((item) => typeof item === "string")

/** One line for each grant that would be refused; none if the key can be created. */
export const refusedGrants = Effect.fnUntraced(function* ({ schemas = [], tables = [] }: GrantsRequest) {
  const db = yield* Sql
  const { type } = yield* ApiKeyManager.use((keys) => keys.whoami)
  const refused: Array<string> = type === "master" ? [] : ["only the master key can create keys"]
  for (const { name, permissions, schema } of tables) {
    const { rows } = yield* db.query(
      sql`SELECT n.nspname AS schema, pg_catalog.pg_get_userbyid(c.relowner) AS owner,
        ARRAY(SELECT p FROM pg_catalog.unnest(${[...permissions]}::text[]) p
          WHERE NOT pg_catalog.has_table_privilege(c.oid, p)) AS missing,
        n.nspname OPERATOR(pg_catalog.=) COALESCE(${schema ?? null}, pg_catalog.current_schema()) AS meant
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
      WHERE c.relname OPERATOR(pg_catalog.=) ${name} AND c.relkind IN ('r', 'v', 'm', 'p', 'f')`
    )
    const found = rows.find((row) => row["meant"] === true)
    const written = schema === undefined ? name : `${schema}.${name}`
    if (found === undefined) {
      const elsewhere = rows.map((row) => String(row["schema"]))
      refused.push(
        elsewhere.length === 0
          ? `${written}: there is no such table`
          : `${written}: the table is in schema ${elsewhere.join(", ")}; name that schema`
      )
      continue
    }
    const missing = found["missing"]
    if (isStrings(missing) && missing.length > 0) {
      refused.push(`${written}: the account has no ${missing.join(", ")} on it; its owner is ${String(found["owner"])}`)
    }
  }
  for (const { name } of schemas) {
    const { rows } = yield* db.query(
      sql`SELECT pg_catalog.has_schema_privilege(oid, 'create') AS held FROM pg_catalog.pg_namespace WHERE nspname OPERATOR(pg_catalog.=) ${name}`
    )
    if (rows.length === 0) refused.push(`schema ${name}: there is no such schema`)
    else if (rows[0]?.["held"] !== true) refused.push(`schema ${name}: the account may not create in it`)
  }
  return refused
})
