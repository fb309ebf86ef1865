/**
 * COPY over HTTP in promises: `copy(client)` has the methods of `CopySql`.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { isCartoError } from "../errors/CartoError.ts"
import {
  type ByteSource,
  type CopyFromOptions,
  type CopyProgress,
  type CopyResult,
  CopySql,
  type CopyTarget,
  type Elements,
  type ToRowsOptions
} from "../sql/CopySql.ts"
import type { Row } from "../sql/Sql.ts"
import type { Statement } from "../sql/Statement.ts"
import { toReadable } from "./internal/byteSources.ts"
import { type CallOptions, type Connected, type Services } from "./internal/connection.ts"
import { promised } from "./internal/promised.ts"

export type { CopyFromOptions, CopyProgress, CopyResult, CopyTarget, ToRowsOptions } from "../sql/CopySql.ts"
export type { ByteChunk, BytePart, ByteSource, Elements } from "../sql/CopySql.ts"

/** The methods of `CopySql`, with the same errors. */
export interface Copy {
  /** Reads the data of a `COPY … TO STDOUT`. Canceling the stream cancels the statement. `GET /api/v2/sql/copyto`. */
  readonly to: (statement: Statement, call?: CallOptions) => ReadableStream<Uint8Array<ArrayBuffer>>
  /** Reads the rows of a query of any size in bounded memory. Leaving the iteration cancels the statement. */
  readonly toRows: {
    /** Reads the rows of a query of any size, and decodes each by `schema`. */
    <A>(
      query: Statement,
      options: ToRowsOptions & { readonly schema: Schema.Decoder<A> },
      call?: CallOptions
    ): AsyncIterable<A>
    /** Reads the rows of a query of any size. */
    (query: Statement, options?: ToRowsOptions, call?: CallOptions): AsyncIterable<Row>
  }
  /** Sends the data of a `COPY … FROM STDIN`. Either all of it is stored or none. `POST /api/v2/sql/copyfrom`. */
  readonly from: (
    statement: Statement,
    data: ByteSource,
    options?: CopyFromOptions,
    call?: CallOptions
  ) => Promise<CopyResult>
  /** Sends data as {@link from} does, and reports the progress. The last element has the result. */
  readonly progress: (
    statement: Statement,
    data: ByteSource,
    options?: CopyFromOptions,
    call?: CallOptions
  ) => AsyncIterable<CopyProgress>
  /** Sends rows to a table. */
  readonly fromRows: {
    /** Sends rows to a table, each encoded by `schema`. */
    <A>(
      target: CopyTarget,
      rows: Elements<A>,
      options: CopyFromOptions & { readonly schema: Schema.Codec<A, Row> },
      call?: CallOptions
    ): Promise<CopyResult>
    /** Sends rows to a table. */
    (target: CopyTarget, rows: Elements<Row>, options?: CopyFromOptions, call?: CallOptions): Promise<CopyResult>
  }
}

interface Methods extends Omit<Copy, "to"> {
  readonly to: (statement: Statement, call?: CallOptions) => AsyncIterable<Uint8Array>
}

/** What the caller's own source throws, the call rejects with. */
const sourceFailure = (error: unknown): unknown =>
  isCartoError(error) && error.reason._tag === "SourceFailed" ? error.reason.cause : error

/** The service. Its options may have a schema, which `CopySql` then uses. */
const methods = Effect.map(Effect.provide(CopySql, CopySql.layer), (copy) => ({
  to: copy.to,
  toRows: copy.toRows,
  from: (...[statement, data, options]: Parameters<Copy["from"]>) =>
    Effect.mapError(copy.from(statement, data, options), sourceFailure),
  progress: (...[statement, data, options]: Parameters<Copy["progress"]>) =>
    Stream.mapError(copy.progress(statement, data, options), sourceFailure),
  fromRows: (target: CopyTarget, rows: Elements<Row>, options?: CopyFromOptions) =>
    Effect.mapError(copy.fromRows(target, rows, options), sourceFailure)
}))

/** COPY under the key of a client. */
export const copy = ({ connection }: Connected): Copy => {
  const { to, ...others } = promised<Methods, Services>(connection, methods, {
    to: "iterable",
    toRows: "iterable",
    from: "promise",
    progress: "iterable",
    fromRows: "promise"
  })
  return { ...others, to: (statement, call) => toReadable(to(statement, call)) }
}
