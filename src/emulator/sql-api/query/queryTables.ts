/** The tables that a text reads, as PostgreSQL plans it, and the times of their last changes. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ConnectionError, Database, DatabaseError, Login } from "../../database.ts"
import { escapedLiteral } from "../../shared/quoting.ts"
import { statements, withoutLeadingComments } from "./sqlText.ts"

/** A table that a text reads. */
export interface Table {
  /** `schema.name`, with each part quoted if SQL requires it. */
  readonly name: string
  /** Milliseconds since 1970; `undefined` if no change was recorded. */
  readonly updatedAt: number | undefined
}

/** Returns the distinct statements of a text whose tables count: those that begin with SELECT or WITH. */
export const plannable = (sql: string): ReadonlyArray<string> => [
  ...new Set(
    statements(sql)
      .map(withoutLeadingComments)
      .filter((statement) => /^(?:select|with)/i.test(statement))
  )
]

// Statements are planned one by one. If one cannot be planned, all tables are unknown. Planning writes nothing.
const tableNames = Effect.fnUntraced(function* (
  database: Database,
  login: Login,
  planned: ReadonlyArray<string>
): Effect.fn.Return<ReadonlyArray<string> | undefined, ConnectionError> {
  const sql = `SELECT pg_catalog.set_config('transaction_read_only', 'on', true);
SELECT DISTINCT name COLLATE "C"
FROM pg_catalog.unnest(ARRAY[${planned.map(escapedLiteral).join(", ")}]::text[]) AS statement,
  pg_catalog.unnest(cartodb.cdb_querytablestext(statement)) AS name
ORDER BY 1`
  const messages = yield* Stream.runCollect(database.run({ login, sql }))
  if (messages.some(({ _tag }) => _tag === "Failure")) return undefined
  return messages
    .flatMap((message) => (message._tag === "Row" && message.values[0] ? [message.values[0]] : []))
    .slice(1)
})

const updateTimes = Effect.fnUntraced(function* (
  database: Database
): Effect.fn.Return<ReadonlyMap<string, number>, ConnectionError | DatabaseError> {
  const rows = yield* database.superuser(
    `SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, extract(epoch FROM m.updated_at) * 1000 AS updated
     FROM cartodb.cdb_tablemetadata m
     JOIN pg_catalog.pg_class c ON c.oid = m.tabname JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`
  )
  return new Map(
    rows
      .map((row) => [row["name"] ?? "", Number(row["updated"])] as const)
      .filter(([, updated]) => Number.isFinite(updated))
  )
})

// Planning runs functions that are declared immutable. A function of another owner would then run with the account's
// own rights, and its findings would leak through the headers of the response.
const hasForeignFunction = Effect.fnUntraced(function* (
  database: Database,
  master: Login
): Effect.fn.Return<boolean, ConnectionError | DatabaseError> {
  const rows = yield* database.superuser(
    `SELECT 1 FROM pg_catalog.pg_shdepend d
     JOIN pg_catalog.pg_database b ON b.oid = d.dbid AND b.datname = current_database()
     JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid AND NOT r.rolsuper AND r.rolname <> $1
     WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.deptype = 'o' LIMIT 1`,
    [master.role]
  )
  return rows.length > 0
})

/**
 * Returns the tables of a text, or `undefined` if one of its statements cannot be planned. Statements are planned under
 * the role of the master key. If the database has functions of other owners, they are planned under the caller's own
 * role.
 */
export const queryTables: (
  database: Database,
  identity: { readonly login: Login; readonly master: Login },
  sql: string
) => Effect.Effect<ReadonlyArray<Table> | undefined, ConnectionError | DatabaseError> = Effect.fnUntraced(function* (
  database,
  { login, master },
  sql
) {
  const planned = plannable(sql)
  if (planned.length === 0) return []
  const planner = (yield* hasForeignFunction(database, master)) ? login : master
  const names = yield* tableNames(database, planner, planned)
  if (names === undefined) return undefined
  if (names.length === 0) return []
  const times = yield* updateTimes(database)
  return names.map((name) => ({ name, updatedAt: times.get(name) }))
})

/** Reports whether a text reads tables that only the master key may read. */
export const hasSystemTable = (tables: ReadonlyArray<Table> | undefined): boolean =>
  tables?.some(({ name }) => /\bpg_/.test(name)) ?? false
