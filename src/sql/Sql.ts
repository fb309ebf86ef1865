/** The SQL API: runs SQL under the key in use. */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Auth } from "../account/Auth.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import type { CopySql, ToRowsOptions } from "./CopySql.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { copySqlKey } from "./internal/copy/serviceKey.ts"
import { decodeRows } from "./internal/schema/decodeRows.ts"
import { escapeName } from "./internal/identifier.ts"
import { type ExportedReason, type ExportReason, openExport } from "./internal/export.ts"
import { operation } from "../errors/internal/operation.ts"
import { invalidInput, refuse } from "../errors/internal/invalidInput.ts"
import { query, type QueryReason, type QueryResult, type Row } from "./internal/responses.ts"
import { type HttpClient, make as makeWire } from "../http/client.ts"
import type { StreamReason } from "./internal/copy/streamRows.ts"
import type { InvalidInput } from "../errors/Call.ts"
import type { RowMalformed } from "../errors/SqlApi.ts"
import { compile, type Statement } from "./Statement.ts"

export type { ExportedReason, ExportReason } from "./internal/export.ts"
export type { Field, QueryReason, QueryResult, Row } from "./internal/responses.ts"

/**
 * Paging and ordering work on one SELECT statement; the server ignores them on others. It then cuts what follows `--` in a
 * line, in quotes too, so write none into quotes; values and identifiers are safe from it.
 */
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
  /** Asks caches between here and the server to keep the answer for a year, whatever changes. */
  readonly cachePolicy?: "persist" | undefined
}

export interface RowsOptions extends QueryOptions {
  /**
   * Sends the statement by GET, so that a CDN or a Worker's cache can keep the answer. It is in the URL then, at most 8,000
   * characters, and in logs of URLs; the key stays in the header. Default `false`.
   */
  readonly cacheable?: boolean | undefined
  /**
   * That running the statement twice is the same as once: it is then sent again when the answer was lost. Otherwise a lost
   * answer is `OutcomeUnknown`. Default: whether its text is one statement that reads, and calls no function but common ones.
   */
  readonly idempotent?: boolean | undefined
  /** How long the call may take. Default: the layer's, or else 60 s. */
  readonly timeout?: Duration.Input | undefined
}

export type ExportFormat =
  | "arraybuffer"
  | "csv"
  | "geojson"
  | "gpkg"
  | "kml"
  | "shp"
  | "spatialite"
  | "svg"
  | "topojson"

export interface ExportOptions extends QueryOptions {
  /** The format of the file, such as `csv` or `geojson`. */
  readonly format: ExportFormat
  /** Without directory and extension. Default: the server's, `cartodb-query`. */
  readonly filename?: string | undefined
  /** Decimals of coordinates in geojson, topojson and svg: 0 to 15. Default: the server's, 6. */
  readonly dp?: number | undefined
}

export interface Exported {
  /** As the server names it: `cartodb-query.csv`. */
  readonly filename: string
  /** The media type, as the server gives it. */
  readonly contentType: string
  readonly bytes: Stream.Stream<Uint8Array, CartoErrorOf<ExportedReason>>
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
      options: RowsOptions & { readonly schema: Schema.Decoder<A, R> }
    ): Effect.Effect<QueryResult<A>, CartoErrorOf<QueryReason | RowMalformed>, R>
    (statement: Statement, options?: RowsOptions): Effect.Effect<QueryResult<Row>, CartoErrorOf<QueryReason>>
  }
  /**
   * The rows of a query of any size, in bounded memory, over COPY: that of {@link CopySql}, which must be provided too.
   * Values are those of `query`, but nothing is cut from times, and with `exact` no number is rounded. Interrupting it cancels
   * the statement.
   */
  readonly stream: {
    <A, R = never>(
      statement: Statement,
      options: ToRowsOptions & { readonly schema: Schema.Decoder<A, R> }
    ): Stream.Stream<A, CartoErrorOf<RowMalformed | StreamReason>, CopySql | R>
    (statement: Statement, options?: ToRowsOptions): Stream.Stream<Row, CartoErrorOf<StreamReason>, CopySql>
  }
  /**
   * The result of a query as a file, with its name and media type. Only `geojson`, `csv` and `topojson` show an error that
   * comes after the first byte; a broken `svg` is merely shorter. `POST /api/v2/sql`.
   */
  readonly export: (statement: Statement, options: ExportOptions) => Effect.Effect<Exported, CartoErrorOf<ExportReason>>
}

const natural = (field: string, value: number): InvalidInput | undefined =>
  Number.isSafeInteger(value) && value >= 0 ? undefined : invalidInput(field, value, "give a whole number, 0 or more")

const readOptions = (options: QueryOptions): Result.Result<ReadonlyArray<readonly [string, string]>, InvalidInput> => {
  const { cachePolicy, orderBy, page, rowsPerPage, skipFields, sortOrder } = options
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
    // the server puts the name between double quotes as it is
    const column = escapeName(orderBy)
    if (Result.isFailure(column)) return refuse("orderBy", orderBy, column.failure)
    parameters.push(["order_by", column.success])
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
  if (cachePolicy !== undefined) parameters.push(["cache_policy", cachePolicy])
  return Result.succeed(parameters)
}

/** Servers and proxies refuse lines of 16 kB, headers included. */
const longestUrl = 8_000

const formats: ReadonlyArray<string> = "arraybuffer csv geojson gpkg kml shp spatialite svg topojson".split(" ")

const readExportOptions = ({
  dp,
  filename,
  format
}: ExportOptions): Result.Result<ReadonlyArray<readonly [string, string]>, InvalidInput> => {
  if (!formats.includes(format)) return refuse("format", format, `use one of ${formats.join(", ")}`)
  if (dp !== undefined && !(Number.isInteger(dp) && dp >= 0 && dp <= 15)) {
    return refuse("dp", dp, "give a whole number from 0 to 15")
  }
  if (filename !== undefined && filename.trim() === "") return refuse("filename", filename, "give a name")
  return Result.succeed([
    ["format", format],
    ...(dp === undefined ? [] : [["dp", String(dp)] as const]),
    ...(filename === undefined ? [] : [["filename", filename] as const])
  ])
}

const make: Effect.Effect<SqlService, never, Auth | HttpClient> = Effect.gen(function* () {
  const { username } = yield* Auth
  const wire = yield* makeWire

  const run = Effect.fnUntraced(function* (
    statement: Statement,
    options: RowsOptions
  ): Effect.fn.Return<QueryResult<unknown>, QueryReason> {
    const text = yield* Effect.fromResult(compile(statement))
    const parameters = yield* Effect.fromResult(readOptions(options))
    if (options.cacheable && encodeURIComponent(text).length > longestUrl) {
      return yield* invalidInput(
        "statement",
        text,
        `a cacheable one goes into the URL: at most ${longestUrl} characters, encoded`
      )
    }
    return yield* query(wire, username, text, parameters, options)
  })

  function runQuery<A, R = never>(
    statement: Statement,
    options: RowsOptions & { readonly schema: Schema.Decoder<A, R> }
  ): Effect.Effect<QueryResult<A>, CartoErrorOf<QueryReason | RowMalformed>, R>
  function runQuery(
    statement: Statement,
    options?: RowsOptions
  ): Effect.Effect<QueryResult<Row>, CartoErrorOf<QueryReason>>
  function runQuery(
    statement: Statement,
    options: RowsOptions & { readonly schema?: Schema.Decoder<unknown, unknown> } = {}
  ): Effect.Effect<QueryResult<unknown>, CartoErrorOf<QueryReason | RowMalformed>, unknown> {
    const { schema } = options
    const result = run(statement, options)
    const decoded: Effect.Effect<QueryResult<unknown>, QueryReason | RowMalformed, unknown> = schema === undefined
      ? result
      : Effect.flatMap(result, (found) =>
          Effect.map(decodeRows(found.rows, schema), (rows): QueryResult<unknown> => ({ ...found, rows }))
        )
    return operation("Sql.query", username)(decoded)
  }

  function stream<A, R = never>(
    statement: Statement,
    options: ToRowsOptions & { readonly schema: Schema.Decoder<A, R> }
  ): Stream.Stream<A, CartoErrorOf<RowMalformed | StreamReason>, CopySql | R>
  function stream(
    statement: Statement,
    options?: ToRowsOptions
  ): Stream.Stream<Row, CartoErrorOf<StreamReason>, CopySql>
  function stream(
    statement: Statement,
    options?: ToRowsOptions & { readonly schema?: Schema.Decoder<unknown, unknown> }
  ): Stream.Stream<unknown, CartoErrorOf<RowMalformed | StreamReason>, unknown> {
    return Stream.unwrap(
      // with a schema in them the options make what the first signature says
      Effect.map(copySqlKey, ({ toRows }) => toRows(statement, options))
    ).pipe(Stream.mapError(({ reason }) => cartoError("Sql.stream", reason)))
  }

  const exportFile = Effect.fnUntraced(function* (
    statement: Statement,
    options: ExportOptions
  ): Effect.fn.Return<Exported, ExportReason> {
    const text = yield* Effect.fromResult(compile(statement))
    const parameters = yield* Effect.fromResult(readOptions(options))
    const more = yield* Effect.fromResult(readExportOptions(options))
    return yield* openExport(wire, username, [["q", text], ...parameters, ...more])
  })

  return {
    query: runQuery,
    stream,
    export: (statement, options) => exportFile(statement, options).pipe(operation("Sql.export", username))
  }
})

const SqlBase: Context.ServiceClass<Sql, "effect-carto/Sql", SqlService> = Context.Service<Sql, SqlService>()(
  "effect-carto/Sql"
)
/** The SQL API: runs statements, streams their rows, and exports results as files. */
export class Sql extends SqlBase {
  /** Never shared by two accounts: layers are otherwise built once, under whichever account comes first. */
  static readonly layer: Layer.Layer<Sql, never, Auth | HttpClient> = Layer.fresh(Layer.effect(Sql, make))
}
