/** Which tables a text reads, as PostgreSQL plans it, and when they last changed. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ConnectionError, Database, DatabaseError, Login } from "../../database.ts"
import { escapedLiteral } from "../../shared/quoting.ts"
import { statements, withoutLeadingComments } from "./sqlText.ts"

export interface Table {
  /** `schema.name`, each quoted where SQL needs it. */
  readonly name: string
  /** Milliseconds since 1970, `undefined` when nobody has said. */
  readonly updatedAt: number | undefined
}

/** The statements of a text whose tables count, each once: those that begin with SELECT or WITH. */
export const plannable = (sql: string): ReadonlyArray<string> => [
  ...new Set(
    statements(sql)
      .map(withoutLeadingComments)
      .filter((statement) => /^(?:select|with)/i.test(statement))
  )
]

// Statement by statement, since one that cannot be planned makes all of them unknown. Planning writes nothing.
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

// Planning runs functions that are declared immutable. A function of somebody else's would then run with the account's
// own rights, and what it finds there could be read off the headers of the answer.
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
 * The tables of a text, or `undefined` when one of its statements cannot be planned. They are planned under the role
 * of the master key, unless the database has functions that belong to others: then under the caller's own role.
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

/** Whether a text's tables are closed to every key but the master key. */
export const hasSystemTable = (tables: ReadonlyArray<Table> | undefined): boolean =>
  tables?.some(({ name }) => /\bpg_/.test(name)) ?? false
