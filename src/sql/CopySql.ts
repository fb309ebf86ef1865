/**
 * COPY over HTTP: data in and out as streams of bytes, or of rows.
 *
 * @module
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Auth } from "../account/Auth.ts"
import type { InvalidInput } from "../errors/Call.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import type { SourceFailed } from "../errors/Copy.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { refuse } from "../errors/internal/invalidInput.ts"
import { streamOperation } from "../errors/internal/operation.ts"
import type { RowMalformed } from "../errors/SqlApi.ts"
import { type HttpClient, make as makeWire } from "../http/client.ts"
import { type ByteChunk, type ByteSource, toBytes } from "./internal/copy/byteSource.ts"
import { copyTo, type CopyToReason } from "./internal/copy/copyTo.ts"
import { encodeRows, type RowSource } from "./internal/copy/encodeRows.ts"
import { readCopy } from "./internal/copy/statement.ts"
import { streamRows, type StreamReason } from "./internal/copy/streamRows.ts"
import {
  type CopyFromOptions,
  type CopyFromReason,
  type CopyResult,
  readUploadStatement,
  upload
} from "./internal/copy/upload.ts"
import type { Row } from "./internal/responses.ts"
import type { Decoded, DecodeReason, DecodingServices, RowSchema } from "./internal/rowSchema.ts"
import { sql, type Statement } from "./Statement.ts"

export type { ByteChunk, BytePart, ByteSource } from "./internal/copy/byteSource.ts"
export type { CopyToReason } from "./internal/copy/copyTo.ts"
export type { Elements } from "./internal/copy/elements.ts"
export type { RowSource } from "./internal/copy/encodeRows.ts"
export type { StreamReason } from "./internal/copy/streamRows.ts"
export type { CopyFromOptions, CopyFromReason, CopyResult } from "./internal/copy/upload.ts"

/** Options of a stream of rows. */
export interface ToRowsOptions {
  /**
   * Leaves `int8` and `numeric` as PostgreSQL's text, with every digit, for the schemas of `effect-carto/Column`. Otherwise
   * they are numbers, as in the rows of a query.
   *
   * @default false
   */
  readonly exact?: boolean | undefined
}

/** The state of an upload. */
export interface CopyProgress {
  /** Bytes taken from the data so far. */
  readonly bytes: number
  /** The response of the server. Only the last element has it. */
  readonly result?: CopyResult | undefined
}

/** The table and the columns that rows are written to. */
export interface CopyTarget {
  /** A name, or schema and name. */
  readonly table: string | readonly [schema: string, table: string]
  /** The columns to fill, in the order they are sent in. */
  readonly columns: readonly [string, ...ReadonlyArray<string>]
}

/** The methods of {@link CopySql}. */
export interface CopySqlService {
  /**
   * Streams the data of a `COPY … TO STDOUT`, in the format the statement asks for. An error of the server after the first
   * byte fails the stream and is never part of the data. `POST /api/v2/sql/copyto`.
   *
   * Interrupting the stream closes the connection, and the server then cancels the statement. Fails with `CopyTruncated` if
   * the data ends in the middle of a row.
   */
  readonly to: (statement: Statement) => Stream.Stream<Uint8Array, CartoErrorOf<CopyToReason>>
  /** Streams the rows of a query over COPY, as `Sql.stream` does. */
  readonly toRows: <S extends RowSchema = undefined>(
    query: Statement,
    options?: ToRowsOptions & { readonly schema?: S }
  ) => Stream.Stream<Decoded<S>, CartoErrorOf<DecodeReason<S> | StreamReason>, DecodingServices<S>>
  /**
   * Sends data for a `COPY … FROM STDIN`. The server keeps all rows, or none. `POST /api/v2/sql/copyfrom`.
   *
   * Text is sent as UTF-8, and bytes as they are. Fails with `InvalidInput` for what is neither text nor bytes, with
   * `SourceFailed` if the source throws, and with the failure of a `Stream` as it is. The request is not sent before the first
   * chunk of data is there, and is never sent twice: if its response is lost, the failure is `OutcomeUnknown`. The statement
   * is part of the URL and has at most 8,000 characters.
   *
   * Interrupting an upload closes the connection, and no row is kept. The server misses an abort within about 10 ms of the
   * request, so an earlier one is put off by up to 0.1 s.
   */
  readonly from: <E = never, R = never>(
    statement: Statement,
    data: ByteSource | Stream.Stream<ByteChunk, E, R>,
    options?: CopyFromOptions
  ) => Effect.Effect<CopyResult, CartoErrorOf<CopyFromReason | SourceFailed> | E, R>
  /** Sends data as {@link from} does, and reports the progress. The last element has the result. */
  readonly progress: <E = never, R = never>(
    statement: Statement,
    data: ByteSource | Stream.Stream<ByteChunk, E, R>,
    options?: CopyFromOptions
  ) => Stream.Stream<CopyProgress, CartoErrorOf<CopyFromReason | SourceFailed> | E, R>
  /**
   * Sends rows to a table: objects of strings, numbers, bigints, booleans, null, dates, bytes, arrays, and objects as JSON.
   * With `schema`, rows are encoded by it. The server keeps all rows, or none. `POST /api/v2/sql/copyfrom`.
   *
   * Fails with `RowMalformed` for a row that lacks a column or that the schema does not accept, and as {@link from} does.
   */
  readonly fromRows: <A extends object = Row, E = never, R = never, RE = never>(
    target: CopyTarget,
    rows: RowSource<A, E, R>,
    options?: CopyFromOptions & { readonly schema?: Schema.Codec<A, Row, unknown, RE> | undefined }
  ) => Effect.Effect<CopyResult, CartoErrorOf<CopyFromReason | RowMalformed | SourceFailed> | E, R | RE>
}

const isColumns = (columns: unknown): columns is CopyTarget["columns"] => Array.isArray(columns) && columns.length > 0

const isNames = (names: unknown): names is readonly [string, ...Array<string>] =>
  Array.isArray(names) && (names.length === 1 || names.length === 2)

/** The statement of an upload of rows. A name that cannot be one is found when the statement is compiled. */
const targetStatement = (target: Partial<CopyTarget> = {}): Result.Result<Statement, InvalidInput> => {
  const { columns, table } = target
  if (!isColumns(columns)) return refuse("target.columns", columns, "give an array of the columns to fill")
  const names = typeof table === "string" ? [table] : table
  if (!isNames(names)) return refuse("target.table", table, "give a name, or an array of schema and name")
  const list = sql.join(
    columns.map((column) => sql.identifier(column)),
    ", "
  )
  return Result.succeed(sql`COPY ${sql.identifier(...names)} (${list}) FROM STDIN`)
}

const make: Effect.Effect<CopySqlService, never, Auth | HttpClient> = Effect.gen(function* () {
  const { username } = yield* Auth
  const wire = yield* makeWire
  const attributes = { "db.system.name": "postgresql", "carto.username": username }

  const send = <E, R>(
    operation: string,
    statement: Result.Result<Statement, InvalidInput>,
    data: Stream.Stream<Uint8Array, E, R>,
    options: CopyFromOptions | undefined
  ): Effect.Effect<CopyResult, CartoErrorOf<CopyFromReason> | E, R> =>
    Effect.contextWith((context: Context.Context<R>) =>
      Effect.fromResult(Result.flatMap(statement, readUploadStatement)).pipe(
        Effect.mapError((reason) => cartoError(operation, reason)),
        Effect.flatMap((text) =>
          upload(wire, username, operation, text, Stream.provideContext(data, context), options?.gzip === true)
        )
      )
    ).pipe(Effect.withSpan(operation, { attributes }))

  const progress: CopySqlService["progress"] = <E, R>(
    statement: Statement,
    data: ByteSource | Stream.Stream<ByteChunk, E, R>,
    options?: CopyFromOptions
  ) =>
    Stream.callback<CopyProgress, CartoErrorOf<CopyFromReason | SourceFailed> | E, R>(
      (queue) => {
        const operation = "CopySql.progress"
        let bytes = 0
        const counted = Stream.tap(toBytes(operation, data), (chunk) =>
          Queue.offer(queue, { bytes: (bytes += chunk.length) })
        )
        return send(operation, Result.succeed(statement), counted, options).pipe(
          Effect.flatMap((result) => Queue.offer(queue, { bytes, result })),
          Effect.andThen(Queue.end(queue)),
          Effect.catch((error) => Queue.fail(queue, error))
        )
      },
      // a slow reader sees the newest state
      { bufferSize: 16, strategy: "sliding" }
    )

  return {
    to: (statement) =>
      Stream.unwrap(
        Effect.map(Effect.fromResult(readCopy(statement, "to")), (copy) => copyTo(wire, username, copy))
      ).pipe(streamOperation("CopySql.to", username)),
    toRows: (statement, options) =>
      streamRows(wire, username, statement, options).pipe(streamOperation("CopySql.toRows", username)),
    from: (statement, data, options) => {
      const operation = "CopySql.from"
      return send(operation, Result.succeed(statement), toBytes(operation, data), options)
    },
    progress,
    fromRows: (target, rows, options) => {
      const operation = "CopySql.fromRows"
      const data = encodeRows(operation, target?.columns, rows, options?.schema)
      return send(operation, targetStatement(target), data, options)
    }
  }
})

const CopySqlBase: Context.ServiceClass<CopySql, "effect-carto/CopySql", CopySqlService> = Context.Service<
  CopySql,
  CopySqlService
>()("effect-carto/CopySql")
/** COPY under the key in use. */
export class CopySql extends CopySqlBase {
  /** The service of one account: each use of this layer is built anew, so that no two accounts share one. */
  static readonly layer: Layer.Layer<CopySql, never, Auth | HttpClient> = Layer.fresh(Layer.effect(CopySql, make))
}
