/**
 * The SQL API: runs statements under the key in use.
 *
 * @module
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Auth } from "../account/Auth.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { operation } from "../errors/internal/operation.ts"
import { type HttpClient, make as makeWire } from "../http/client.ts"
import type { CopySql, ToRowsOptions } from "./CopySql.ts"
import { copySqlKey } from "./internal/copy/serviceKey.ts"
import type { StreamReason } from "./internal/copy/streamRows.ts"
import { type Exported, type ExportOptions, type ExportReason, openExport, readExport } from "./internal/export.ts"
import { type QueryOptions, readQueryOptions } from "./internal/queryOptions.ts"
import { query, type QueryReason, type QueryResult } from "./internal/responses.ts"
import type { Decoded, DecodeReason, DecodingServices, RowSchema } from "./internal/rowSchema.ts"
import { decodeRows } from "./internal/schema/decodeRows.ts"
import type { Statement } from "./Statement.ts"

export type { Exported, ExportedReason, ExportOptions, ExportReason } from "./internal/export.ts"
export type { ExportFormat } from "./internal/formats.ts"
export type { QueryOptions } from "./internal/queryOptions.ts"
export type { Field, QueryReason, QueryResult, ReadReason, Row, SqlApiReason } from "./internal/responses.ts"
export type { Decoded, DecodeReason, DecodingServices, RowSchema } from "./internal/rowSchema.ts"

/** Options of a query. */
export interface RowsOptions extends QueryOptions {
  /**
   * Sends the statement by GET, so that a CDN or a Worker's cache can keep the response. The statement is then part of the
   * URL, with at most 8,000 characters, and shows up in logs of URLs. The key stays in the header. A statement that may write is refused with `InvalidInput`.
   *
   * @default false
   */
  readonly cacheable?: boolean | undefined
  /**
   * Whether running the statement twice is the same as once. If so, it is sent again after a lost response. If not, a lost
   * response is the failure `OutcomeUnknown`.
   *
   * By default, a statement counts as idempotent if its text is one query that calls only common functions, operators and types
   * of PostgreSQL and PostGIS. A column with its table before it does not pass, since `p.paid` may call a function `paid(p)`.
   * A view, a policy of row-level security, and an overload, operator or cast of the account's own types may still write.
   *
   * @default whether the text is recognized as one statement that only reads
   */
  readonly idempotent?: boolean | undefined
  /** How long the call may take. @default the timeout of the account's layer, or else 60 seconds */
  readonly timeout?: Duration.Input | undefined
}

/** The methods of {@link Sql}. */
export interface SqlService {
  /**
   * Runs a statement, or several as one transaction, and returns the rows. `POST /api/v2/sql`.
   *
   * With `schema`, the rows are decoded by it. Without, they are as the server sends them: `int8` and `numeric` are rounded
   * to doubles, and times are cut to seconds. Cast to `text` in SQL if that matters. A failure on the server undoes the whole
   * call. Interrupting the call closes the connection. The server then cancels the statement, except if the abort comes within
   * about 10 ms of the request.
   */
  readonly query: <S extends RowSchema = undefined>(
    statement: Statement,
    options?: RowsOptions & { readonly schema?: S }
  ) => Effect.Effect<QueryResult<Decoded<S>>, CartoErrorOf<DecodeReason<S> | QueryReason>, DecodingServices<S>>
  /**
   * Streams the rows of a query of any size over COPY, in bounded memory. Needs {@link CopySql}, whose `toRows` it is.
   *
   * Values are those of `query`, except that times keep their fractions. With `exact`, no number is rounded. The names of the
   * columns must differ. Interrupting the stream cancels the statement.
   */
  readonly stream: <S extends RowSchema = undefined>(
    statement: Statement,
    options?: ToRowsOptions & { readonly schema?: S }
  ) => Stream.Stream<Decoded<S>, CartoErrorOf<DecodeReason<S> | StreamReason>, CopySql | DecodingServices<S>>
  /**
   * Returns the result of a query as a file, with its name and media type. `POST /api/v2/sql`.
   *
   * If the statement fails after the first byte, a `geojson` fails with `PartialResult`, and an `svg` is merely shorter; other
   * formats are complete before their first byte. An interruption ends the download, but the server goes on making a csv, gpkg,
   * kml, shp or spatialite.
   */
  readonly export: (statement: Statement, options: ExportOptions) => Effect.Effect<Exported, CartoErrorOf<ExportReason>>
}

const make: Effect.Effect<SqlService, never, Auth | HttpClient> = Effect.gen(function* () {
  const { transport, username } = yield* Auth
  const wire = yield* makeWire

  return {
    query: (statement, options) => {
      const given: NonNullable<typeof options> = options ?? {}
      return Effect.fromResult(readQueryOptions(statement, given, false)).pipe(
        Effect.flatMap((parameters) => query(wire, username, parameters, given)),
        Effect.flatMap((result) => Effect.map(decodeRows(result.rows, given.schema), (rows) => ({ ...result, rows }))),
        operation("Sql.query", username)
      )
    },
    stream: (statement, options) =>
      Stream.unwrap(Effect.map(copySqlKey, ({ toRows }) => toRows(statement, options))).pipe(
        Stream.mapError(({ reason }) => cartoError("Sql.stream", reason))
      ),
    export: (statement, options) =>
      Effect.flatMap(Effect.fromResult(readExport(statement, options)), (request) =>
        openExport(wire, username, { timeout: transport.timeout, ...request })
      ).pipe(operation("Sql.export", username))
  }
})

const SqlBase: Context.ServiceClass<Sql, "effect-carto/Sql", SqlService> = Context.Service<Sql, SqlService>()(
  "effect-carto/Sql"
)
/** The SQL API under the key in use. */
export class Sql extends SqlBase {
  /** The service of one account: each use of this layer is built anew, so that no two accounts share one. */
  static readonly layer: Layer.Layer<Sql, never, Auth | HttpClient> = Layer.fresh(Layer.effect(Sql, make))
}
