/** COPY over HTTP: data in and out as streams of bytes, or of rows. */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import * as Stream from "effect/Stream"
import { Auth } from "../account/Auth.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { readCopy } from "./internal/copy/statement.ts"
import { writeLine } from "./internal/copy/encodeRow.ts"
import { copyTo, type CopyToReason } from "./internal/copy/copyTo.ts"
import { describeIssue } from "./internal/schema/describeIssue.ts"
import { CurrentDeadline, makeDeadline } from "../http/deadline.ts"
import { streamOperation } from "../errors/internal/operation.ts"
import { invalidInput, refuse } from "../errors/internal/invalidInput.ts"
import { isObject, parse } from "../errors/internal/json.ts"
import { errorOf, readFailure, type Row, type SqlApiReason } from "./internal/responses.ts"
import { canSendStreams } from "../http/streamUploads.ts"
import { streamRows, type StreamReason } from "./internal/copy/streamRows.ts"
import { type HttpClient, make as makeWire } from "../http/client.ts"
import { isAmbiguous, outcomeUnknown, unexpected } from "../http/failures.ts"
import type { WireResponse } from "../http/response.ts"
import { DeadlineExceeded, type OutcomeUnknown } from "../errors/Call.ts"
import { CopyLimitExceeded, NoRowsCopied } from "../errors/Copy.ts"
import { RowMalformed } from "../errors/SqlApi.ts"
import { type Statement, sql } from "./Statement.ts"

export type { CopyToReason } from "./internal/copy/copyTo.ts"
export type { StreamReason } from "./internal/copy/streamRows.ts"

export type CopyFromReason = CopyLimitExceeded | NoRowsCopied | OutcomeUnknown | SqlApiReason

export interface CopyResult {
  readonly rows: number
  /** Seconds on the server. */
  readonly time: number
}

export interface CopyFromOptions {
  /** Compresses the data on its way. The server's limit of 2 GB is on what is sent. Default `false`. */
  readonly gzip?: boolean | undefined
}

export interface ToRowsOptions {
  /**
   * Leaves `int8` and `numeric` as PostgreSQL's text, with every digit, for the schemas of `effect-carto/Column`. Otherwise
   * they are numbers, as in the rows of a query. Default `false`.
   */
  readonly exact?: boolean | undefined
}

/** How far an upload is: bytes taken from the data so far, and in the end its result. */
export interface CopyProgress {
  readonly bytes: number
  readonly result?: CopyResult | undefined
}

/** Where rows go: a table, as one name or schema and name, and its columns in the order they are sent. */
export interface CopyTarget {
  readonly table: string | readonly [schema: string, table: string]
  readonly columns: readonly [string, ...ReadonlyArray<string>]
}

export interface CopySqlService {
  /**
   * The data of a `COPY … TO STDOUT`, in whatever format it asks for. An error of the server after the data began is a
   * failure here and never part of the data. Interrupting it cancels the statement. `POST /api/v2/sql/copyto`.
   */
  readonly to: (statement: Statement) => Stream.Stream<Uint8Array, CartoErrorOf<CopyToReason>>
  /** The rows of a query over COPY, as {@link Sql} streams them. */
  readonly toRows: {
    <A, R = never>(
      query: Statement,
      options: ToRowsOptions & { readonly schema: Schema.Decoder<A, R> }
    ): Stream.Stream<A, CartoErrorOf<RowMalformed | StreamReason>, R>
    (query: Statement, options?: ToRowsOptions): Stream.Stream<Row, CartoErrorOf<StreamReason>>
  }
  /**
   * Sends data for a `COPY … FROM STDIN`: all of it is kept, or none. A runtime that cannot send a stream is refused
   * before it starts. The statement is in the URL, where the API wants it: at most 8,000 characters. `POST /api/v2/sql/copyfrom`.
   */
  readonly from: <E, R>(
    statement: Statement,
    data: Stream.Stream<Uint8Array, E, R>,
    options?: CopyFromOptions
  ) => Effect.Effect<CopyResult, CartoErrorOf<CopyFromReason> | E, R>
  /** As {@link from}, and says how far it is. The last element has the result. */
  readonly progress: <E, R>(
    statement: Statement,
    data: Stream.Stream<Uint8Array, E, R>,
    options?: CopyFromOptions
  ) => Stream.Stream<CopyProgress, CartoErrorOf<CopyFromReason> | E, R>
  /** Sends rows: strings, numbers, bigints, booleans, null, dates, bytes, arrays, and objects as JSON. With `schema`, encoded by it. */
  readonly fromRows: {
    <A, E, R, RE = never>(
      target: CopyTarget,
      rows: Stream.Stream<A, E, R>,
      options: CopyFromOptions & { readonly schema: Schema.Codec<A, Row, unknown, RE> }
    ): Effect.Effect<CopyResult, CartoErrorOf<CopyFromReason | RowMalformed> | E, R | RE>
    <E, R>(
      target: CopyTarget,
      rows: Stream.Stream<Row, E, R>,
      options?: CopyFromOptions
    ): Effect.Effect<CopyResult, CartoErrorOf<CopyFromReason | RowMalformed> | E, R>
  }
}

/** Of the statement in the URL: servers and proxies refuse lines of 16 kB, headers included. */
const longestStatement = 8_000

const limits: ReadonlyArray<readonly [words: string, limit: "size" | "quota" | "speed"]> = [
  ["COPY FROM maximum POST size of", "size"],
  ["DB Quota exceeded", "quota"],
  ["Connection closed by server: input data too slow", "speed"]
]

const compress = <E>(data: Stream.Stream<Uint8Array, E>): Stream.Stream<Uint8Array, unknown> =>
  Stream.unwrap(
    Effect.map(
      Stream.toReadableStreamEffect(Stream.map(data, (bytes): BufferSource => new Uint8Array(bytes))),
      (readable) =>
        Stream.fromReadableStream({
          evaluate: () => readable.pipeThrough(new CompressionStream("gzip")),
          onError: (cause) => cause
        })
    )
  )

const make: Effect.Effect<CopySqlService, never, Auth | HttpClient> = Effect.gen(function* () {
  const { username } = yield* Auth
  const wire = yield* makeWire
  const attributes = { "db.system.name": "postgresql", "carto.username": username }

  const readUploadFailure = (response: WireResponse): Effect.Effect<never, CopyFromReason> => {
    const words = errorOf(response) ?? ""
    if (response.status === 400 && words === "No rows copied") return Effect.fail(new NoRowsCopied())
    const limit = limits.find(([begin]) => words.startsWith(begin))
    return response.status === 400 && limit !== undefined
      ? Effect.fail(new CopyLimitExceeded({ limit: limit[1], description: words }))
      : readFailure(response, username)
  }

  const readUpload = (response: WireResponse): Effect.Effect<CopyResult, CopyFromReason> => {
    if (response.status !== 200) return readUploadFailure(response)
    const body = parse(response.text)
    return isObject(body) && typeof body["total_rows"] === "number" && typeof body["time"] === "number"
      ? Effect.succeed({ rows: body["total_rows"], time: body["time"] })
      : Effect.fail(unexpected(response, "no total_rows and time"))
  }

  const upload = Effect.fnUntraced(function* <E>(
    operation: string,
    statement: Statement,
    data: Stream.Stream<Uint8Array, E>,
    options: CopyFromOptions
  ): Effect.fn.Return<CopyResult, CartoErrorOf<CopyFromReason> | E> {
    const { text } = yield* Effect.fromResult(
      Result.flatMap(readCopy(statement, "from"), (copy) => {
        if (encodeURIComponent(copy.text).length > longestStatement) {
          return refuse("statement", copy.text, `it goes into the URL: at most ${longestStatement} characters, encoded`)
        }
        return canSendStreams()
          ? Result.succeed(copy)
          : refuse("data", undefined, "this runtime cannot send a stream: use one whose fetch can, or INSERT the rows")
      })
    ).pipe(Effect.mapError((reason) => cartoError(operation, reason)))
    // what fails in the data comes back from the transport as words; the failure itself is kept here
    const failed = yield* Deferred.make<never, E>()
    let taken = 0
    const bytes = data.pipe(
      Stream.tapError((error) => Deferred.fail(failed, error)),
      Stream.map((chunk) => {
        taken += 1
        return chunk
      })
    )
    const deadline = makeDeadline()
    const stalled = Effect.gen(function* () {
      let before: number
      do {
        before = taken
        yield* Effect.sleep(wire.stallTimeout)
        if (taken === before) yield* deadline.extension
      } while (taken > before)
      return yield* new DeadlineExceeded({ waited: wire.stallTimeout })
    })
    const gzip = options.gzip === true
    return yield* wire
      .open({
        method: "POST",
        api: "sql",
        path: "/api/v2/sql/copyfrom",
        query: [["q", text]],
        headers: { "content-type": "application/octet-stream", ...(gzip ? { "content-encoding": "gzip" } : {}) },
        bytes: gzip ? compress(bytes) : bytes
      })
      .pipe(
        Effect.flatMap(({ read }) => read),
        Effect.flatMap(readUpload),
        Effect.provideService(CurrentDeadline, deadline),
        Effect.raceFirst(stalled),
        Effect.catch((reason): Effect.Effect<never, CopyFromReason> =>
          isAmbiguous(reason) ? outcomeUnknown(reason) : Effect.fail(reason)
        ),
        Effect.mapError((reason) => cartoError(operation, reason)),
        Effect.catch((error) =>
          Effect.flatMap(Deferred.poll(failed), (own): Effect.Effect<never, CartoErrorOf<CopyFromReason> | E> =>
            Option.isSome(own) ? own.value : Effect.fail(error)
          )
        )
      )
  })

  const from = <E, R>(
    operation: string,
    statement: Statement,
    data: Stream.Stream<Uint8Array, E, R>,
    options: CopyFromOptions = {}
  ): Effect.Effect<CopyResult, CartoErrorOf<CopyFromReason> | E, R> =>
    Effect.contextWith((context: Context.Context<R>) =>
      upload(operation, statement, Stream.provideContext(data, context), options)
    ).pipe(Effect.withSpan(operation, { attributes }))

  const progress = <E, R>(
    statement: Statement,
    data: Stream.Stream<Uint8Array, E, R>,
    options?: CopyFromOptions
  ): Stream.Stream<CopyProgress, CartoErrorOf<CopyFromReason> | E, R> =>
    Stream.callback<CopyProgress, CartoErrorOf<CopyFromReason> | E, R>(
      (queue) => {
        let bytes = 0
        const counted = Stream.tap(data, (chunk) => Queue.offer(queue, { bytes: (bytes += chunk.length) }))
        return from("CopySql.progress", statement, counted, options).pipe(
          Effect.flatMap((result) => Queue.offer(queue, { bytes, result })),
          Effect.andThen(Queue.end(queue)),
          Effect.catch((error) => Queue.fail(queue, error))
        )
      },
      // who looks seldom sees the newest
      { bufferSize: 16, strategy: "sliding" }
    )

  function toRows<A, R = never>(
    statement: Statement,
    options: ToRowsOptions & { readonly schema: Schema.Decoder<A, R> }
  ): Stream.Stream<A, CartoErrorOf<RowMalformed | StreamReason>, R>
  function toRows(statement: Statement, options?: ToRowsOptions): Stream.Stream<Row, CartoErrorOf<StreamReason>>
  function toRows(
    statement: Statement,
    options: ToRowsOptions & { readonly schema?: Schema.Decoder<unknown, unknown> } = {}
  ): Stream.Stream<unknown, CartoErrorOf<RowMalformed | StreamReason>, unknown> {
    return streamRows(wire, username, statement, options).pipe(streamOperation("CopySql.toRows", username))
  }

  function fromRows<A, E, R, RE = never>(
    target: CopyTarget,
    rows: Stream.Stream<A, E, R>,
    options: CopyFromOptions & { readonly schema: Schema.Codec<A, Row, unknown, RE> }
  ): Effect.Effect<CopyResult, CartoErrorOf<CopyFromReason | RowMalformed> | E, R | RE>
  function fromRows<E, R>(
    target: CopyTarget,
    rows: Stream.Stream<Row, E, R>,
    options?: CopyFromOptions
  ): Effect.Effect<CopyResult, CartoErrorOf<CopyFromReason | RowMalformed> | E, R>
  function fromRows<E, R>(
    target: CopyTarget,
    rows: Stream.Stream<unknown, E, R>,
    options: CopyFromOptions & { readonly schema?: Schema.Codec<unknown, Row, unknown, unknown> } = {}
  ): Effect.Effect<CopyResult, CartoErrorOf<CopyFromReason | RowMalformed> | E, unknown> {
    const operation = "CopySql.fromRows"
    const columns = [...(target?.columns ?? [])]
    if (columns.length === 0) {
      return Effect.fail(cartoError(operation, invalidInput("target.columns", columns, "name the columns to fill")))
    }
    const table = typeof target.table === "string" ? sql.identifier(target.table) : sql.identifier(...target.table)
    const names = columns.map((column) => sql.identifier(column))
    const encode = options.schema === undefined ? undefined : SchemaParser.encodeUnknownEffect(options.schema)
    const encoder = new TextEncoder()
    let count = 0
    const toLine = (value: unknown, row: number): Effect.Effect<string, RowMalformed, unknown> =>
      Effect.flatMap(
        encode === undefined
          ? Effect.succeed(value)
          : Effect.mapError(encode(value), (issue) => new RowMalformed({ row, description: describeIssue(issue) })),
        (encoded) => {
          if (!isObject(encoded)) return Effect.fail(new RowMalformed({ row, description: "it is not an object" }))
          const written = writeLine(columns, encoded)
          return "line" in written
            ? Effect.succeed(written.line)
            : Effect.fail(
                new RowMalformed({
                  row,
                  description: `column ${JSON.stringify(written.column)} is missing, or has a value that no text can hold`
                })
              )
        }
      )
    const data = rows.pipe(
      Stream.mapArrayEffect((values) =>
        Effect.forEach(values, (value) => toLine(value, count++)).pipe(
          Effect.map((lines) => [encoder.encode(lines.join(""))] as const),
          Effect.mapError((reason) => cartoError(operation, reason))
        )
      )
    )
    return from(operation, sql`COPY ${table} (${sql.join(names, ", ")}) FROM STDIN`, data, options)
  }

  return {
    to: (statement) =>
      Stream.unwrap(
        Effect.map(Effect.fromResult(readCopy(statement, "to")), (copy) => copyTo(wire, username, copy))
      ).pipe(streamOperation("CopySql.to", username)),
    toRows,
    from: (statement, data, options) => from("CopySql.from", statement, data, options),
    progress,
    fromRows
  }
})

const CopySqlBase: Context.ServiceClass<CopySql, "effect-carto/CopySql", CopySqlService> = Context.Service<
  CopySql,
  CopySqlService
>()("effect-carto/CopySql")
/** COPY over the SQL API: sends and reads the data of whole tables. */
export class CopySql extends CopySqlBase {
  /** Never shared by two accounts: layers are otherwise built once, under whichever account comes first. */
  static readonly layer: Layer.Layer<CopySql, never, Auth | HttpClient> = Layer.fresh(Layer.effect(CopySql, make))
}
