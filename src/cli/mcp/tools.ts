/** What an agent may ask. Everything runs under a lease with the named tables and nothing else. */
import * as Schema from "effect/Schema"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import type { ApiKey } from "../../account/ApiKey.ts"
import { Auth } from "../../account/Auth.ts"
import type { CartoError } from "../../errors/CartoError.ts"
import { Sql } from "../../sql/Sql.ts"
import { sql } from "../../sql/Statement.ts"

/** Rows that one answer holds at most. */
const mostRows = 1000

const listTables = Tool.make("list_tables", {
  description: "Lists the tables that can be read, with their columns and types.",
  success: Schema.Struct({
    tables: Schema.Array(
      Schema.Struct({
        schema: Schema.String,
        name: Schema.String,
        columns: Schema.Array(Schema.Struct({ name: Schema.String, type: Schema.String }))
      })
    )
  })
}).annotate(Tool.Readonly, true)

const runSql = Tool.make("run_sql", {
  description:
    "Runs one PostgreSQL query with PostGIS and returns its rows. Only the listed tables can be read, and nothing can be changed.",
  parameters: Schema.Struct({
    statement: Schema.String.annotate({ description: "A SELECT statement" }),
    maxRows: Schema.optionalKey(
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: mostRows })).annotate({
        description: "Rows to return at most, 100 by default"
      })
    )
  }),
  success: Schema.Struct({
    rows: Schema.Array(Schema.Record(Schema.String, Schema.Unknown)),
    totalRows: Schema.Finite,
    isComplete: Schema.Boolean
  }),
  failure: Schema.String,
  failureMode: "return"
}).annotate(Tool.Readonly, true)

const explainRefusal = Tool.make("explain_refusal", {
  description: "Says why a query is refused, and which grant would be needed.",
  parameters: Schema.Struct({ statement: Schema.String }),
  success: Schema.Struct({ refused: Schema.Boolean, reason: Schema.String, remedy: Schema.String })
}).annotate(Tool.Readonly, true)

export const toolkit = Toolkit.make(listTables, runSql, explainRefusal)

interface TableRow {
  readonly schema: string
  readonly name: string
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: string }>
}

/** Only the master key may read the catalog, so the role of the lease is a value here. */
const tableRows = (
  role: string
) => sql`SELECT n.nspname AS schema, c.relname AS name, pg_catalog.json_agg(pg_catalog.json_build_object(
    'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum) AS columns
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND pg_catalog.has_table_privilege(${role}::name, c.oid, 'SELECT')
  GROUP BY 1, 2 ORDER BY 1, 2`

const TableRows: Schema.Decoder<TableRow> = Schema.Struct({
  schema: Schema.String,
  name: Schema.String,
  columns: Schema.Array(Schema.Struct({ name: Schema.String, type: Schema.String }))
})

const remedyOf = ({ reason }: CartoError, tables: ReadonlyArray<string>): string => {
  switch (reason._tag) {
    case "PermissionDenied":
    case "NotOwner":
    case "SystemTableForbidden":
      return `The person who started this server decides what can be read. Now it is: ${tables.join(", ")}. Another table needs --table NAME:select.`
    case "UndefinedTable":
    case "UndefinedColumn":
      return "list_tables shows the names that there are."
    default:
      return "Change the statement."
  }
}

/** The handlers, under a key. */
export const handlers = (key: ApiKey, tables: ReadonlyArray<string>) =>
  toolkit.toLayer(
    Effect.gen(function* () {
      const db = yield* Sql
      const query = (text: string) => Auth.withApiKey(db.query(sql.unsafe(text)), key)
      return {
        list_tables: () =>
          query("SELECT current_user AS role").pipe(
            Effect.flatMap(({ rows }) => db.query(tableRows(String(rows[0]?.["role"])), { schema: TableRows })),
            Effect.map(({ rows }) => ({ tables: rows })),
            Effect.orDie
          ),
        run_sql: ({ maxRows = 100, statement }) =>
          query(statement).pipe(
            Effect.map(({ rows, totalRows }) => ({
              rows: rows.slice(0, maxRows),
              totalRows,
              isComplete: rows.length <= maxRows
            })),
            Effect.mapError((error) => `${error.reason.message} ${remedyOf(error, tables)}`)
          ),
        explain_refusal: ({ statement }) =>
          query(`EXPLAIN ${statement}`).pipe(
            Effect.as({ refused: false, reason: "The query can run.", remedy: "" }),
            Effect.catch((error) =>
              Effect.succeed({ refused: true, reason: error.reason.message, remedy: remedyOf(error, tables) })
            )
          )
      }
    })
  )
