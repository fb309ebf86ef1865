/** The tables of an account, as the dashboard lists them. */
import * as Effect from "effect/Effect"
import type { Account } from "../accounts/account.ts"
import { type AccountNotFound, Accounts } from "../accounts/accounts.ts"
import type { ConnectionError, DatabaseError } from "../database.ts"

/** A table. */
export interface Table {
  /** The id of the visualization that represents the table. */
  readonly id: string
  readonly name: string
  readonly isPublic: boolean
  readonly rows: number
  readonly bytes: number
  /** The time of the last update, in ISO 8601. */
  readonly updatedAt: string
}

const TABLES = `
  SELECT md5(current_database() || '.' || n.nspname || '.' || c.relname)::uuid::text AS id, c.relname AS name,
    has_table_privilege($2::text, c.oid, 'SELECT') AS public, greatest(c.reltuples, 0)::bigint AS rows,
    pg_total_relation_size(c.oid) AS bytes,
    to_char(coalesce(m.updated_at, now()) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') AS updated_at
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN cartodb.cdb_tablemetadata m ON m.tabname = c.oid
  WHERE n.nspname = $1::text AND c.relkind IN ('r', 'p', 'v', 'm')
    AND c.relname NOT IN ('spatial_ref_sys', 'geometry_columns', 'geography_columns')
  ORDER BY c.relname`

/** Reads the tables of an account. */
export const tablesOf: (
  account: Account
) => Effect.Effect<ReadonlyArray<Table>, AccountNotFound | ConnectionError | DatabaseError, Accounts> =
  Effect.fnUntraced(function* (account) {
    const database = yield* (yield* Accounts).database(account.username)
    const rows = yield* database.superuser(TABLES, [account.schema, account.publicRole])
    return rows.map((row) => ({
      id: row["id"] ?? "",
      name: row["name"] ?? "",
      isPublic: row["public"] === "t",
      rows: Number(row["rows"]),
      bytes: Number(row["bytes"]),
      updatedAt: row["updated_at"] ?? ""
    }))
  })
