/** The SQL API: runs SQL under the key in use. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { Auth } from "./Auth.ts"
import type { CartoErrorOf } from "./CartoError.ts"
import { cartoError } from "./internal/cartoError.ts"
import { decodeRows } from "./internal/decodeRows.ts"
import { invalidInput, refuse } from "./internal/invalidInput.ts"
import { query, type QueryReason, type QueryResult, type Row } from "./internal/sqlApi.ts"
import { type HttpClient, make as makeWire } from "./internal/wire.ts"
import type { InvalidInput } from "./reasons/Call.ts"
import type { RowMalformed } from "./reasons/SqlApi.ts"
import { compile, type Statement } from "./Statement.ts"

export type { Field, QueryReason, QueryResult, Row } from "./internal/sqlApi.ts"

/** Paging and ordering work on one SELECT statement; the server ignores them on others. */
export interface QueryOptions {
  /** Counts from 0; needs `rowsPerPage`. */
  readonly page?: number | undefined
  /** Needs `page`. */
  readonly rowsPerPage?: number | undefined
  /** A column, by its exact name. */
  readonly orderBy?: string | undefined
  readonly sortOrder?: "asc" | "desc" | undefined
  /** Columns to leave out of rows and fields. */
  readonly skipFields?: ReadonlyArray<string> | undefined
}

export interface SqlService {
  /**
   * Runs a statement, or several as one transaction, and returns the rows.
   *
   * With `schema` the rows are decoded by it. Without, they are as the server sends them: `int8` and `numeric` are
   * rounded to doubles and times are cut to seconds, so cast to `text` in SQL where that matters. Any failure on the
   * server undoes the whole call. `POST /api/v2/sql`.
   */
  readonly query: {
    <A, R = never>(
      statement: Statement,
      options: QueryOptions & { readonly schema: Schema.Decoder<A, R> }
    ): Effect.Effect<QueryResult<A>, CartoErrorOf<QueryReason | RowMalformed>, R>
    (statement: Statement, options?: QueryOptions): Effect.Effect<QueryResult<Row>, CartoErrorOf<QueryReason>>
  }
}

const natural = (field: string, value: number): InvalidInput | undefined =>
  Number.isSafeInteger(value) && value >= 0 ? undefined : invalidInput(field, value, "give a whole number, 0 or more")

const readOptions = (options: QueryOptions): Result.Result<ReadonlyArray<readonly [string, string]>, InvalidInput> => {
  const { orderBy, page, rowsPerPage, skipFields, sortOrder } = options
  const parameters: Array<readonly [string, string]> = []
  if (page !== undefined || rowsPerPage !== undefined) {
    if (page === undefined || rowsPerPage === undefined) {
      return refuse(page === undefined ? "page" : "rowsPerPage", undefined, "page and rowsPerPage need each other")
    }
    const problem = natural("page", page) ?? natural("rowsPerPage", rowsPerPage)
    if (problem !== undefined) return Result.fail(problem)
    parameters.push(["page", String(page)], ["rows_per_page", String(rowsPerPage)])
  }
  if (orderBy !== undefined) {
    if (orderBy === "" || orderBy.includes("\0")) return refuse("orderBy", orderBy, "give the name of a column")
    // the server puts the name between double quotes as it is
    parameters.push(["order_by", orderBy.replaceAll('"', '""')])
  }
  if (sortOrder !== undefined) {
    if (sortOrder !== "asc" && sortOrder !== "desc") return refuse("sortOrder", sortOrder, "give asc or desc")
    if (orderBy === undefined) return refuse("orderBy", orderBy, "sortOrder needs the column to order by")
    parameters.push(["sort_order", sortOrder])
  }
  for (const [index, field] of (skipFields ?? []).entries()) {
    if (field === "" || field.includes(",")) {
      return refuse(`skipFields[${index}]`, field, "the server cannot leave out a column with a comma in its name")
    }
    parameters.push(["skipfields", field])
  }
  return Result.succeed(parameters)
}

const make: Effect.Effect<SqlService, never, Auth | HttpClient> = Effect.gen(function* () {
  const { username } = yield* Auth
  const wire = yield* makeWire

  const run = Effect.fnUntraced(function* (
    statement: Statement,
    options: QueryOptions
  ): Effect.fn.Return<QueryResult<unknown>, QueryReason> {
    const text = yield* Effect.fromResult(compile(statement))
    const parameters = yield* Effect.fromResult(readOptions(options))
    return yield* query(wire, username, text, parameters)
  })

  function runQuery<A, R = never>(
    statement: Statement,
    options: QueryOptions & { readonly schema: Schema.Decoder<A, R> }
  ): Effect.Effect<QueryResult<A>, CartoErrorOf<QueryReason | RowMalformed>, R>
  function runQuery(
    statement: Statement,
    options?: QueryOptions
  ): Effect.Effect<QueryResult<Row>, CartoErrorOf<QueryReason>>
  function runQuery(
    statement: Statement,
    options: QueryOptions & { readonly schema?: Schema.Decoder<unknown, unknown> } = {}
  ): Effect.Effect<QueryResult<unknown>, CartoErrorOf<QueryReason | RowMalformed>, unknown> {
    const { schema } = options
    const result = run(statement, options)
    const decoded =
      schema === undefined
        ? result
        : Effect.flatMap(result, (found) =>
            Effect.map(decodeRows(found.rows, schema), (rows): QueryResult<unknown> => ({ ...found, rows }))
          )
    return decoded.pipe(
      Effect.mapError((reason) => cartoError("Sql.query", reason)),
      Effect.withSpan("Sql.query", { attributes: { "db.system.name": "postgresql", "carto.username": username } })
    )
  }

  return { query: runQuery }
})

const SqlBase: Context.ServiceClass<Sql, "effect-carto/Sql", SqlService> = Context.Service<Sql, SqlService>()(
  "effect-carto/Sql"
)
export class Sql extends SqlBase {
  static readonly layer: Layer.Layer<Sql, never, Auth | HttpClient> = Layer.effect(Sql, make)
}
