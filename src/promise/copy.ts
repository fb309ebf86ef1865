/** COPY over HTTP as promises: `copy(client)` has what `CopySql` does. */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import {
  type CopyFromOptions,
  type CopyProgress,
  type CopyResult,
  CopySql,
  type CopySqlService,
  type CopyTarget,
  type ToRowsOptions
} from "../sql/CopySql.ts"
import { type ByteSource, fromBytes, fromSource, toReadable } from "./internal/byteSources.ts"
import type { CallOptions } from "./internal/runtime.ts"
import type { Client } from "./index.ts"
import type { Row } from "../sql/Sql.ts"
import type { Statement } from "../sql/Statement.ts"

export type { CopyFromOptions, CopyProgress, CopyResult, CopyTarget, ToRowsOptions } from "../sql/CopySql.ts"
export type { ByteSource } from "./internal/byteSources.ts"

/** Rows to send; what it throws, the call rejects with. */
export type RowSource<A> = ReadableStream<A> | AsyncIterable<A> | Iterable<A>

/** See `CopySql` for what each call does and the reasons it can fail with. */
export interface Copy {
  /** The data of a `COPY … TO STDOUT`. Cancelling it cancels the statement. */
  readonly to: (statement: Statement, call?: CallOptions) => ReadableStream<Uint8Array<ArrayBuffer>>
  /** The rows of a query of any size, in bounded memory. Leaving the iteration cancels the statement. */
  readonly toRows: {
    <A>(
      query: Statement,
      options: ToRowsOptions & CallOptions & { readonly schema: Schema.Decoder<A> }
    ): AsyncIterable<A>
    (query: Statement, options?: ToRowsOptions & CallOptions): AsyncIterable<Row>
  }
  /** Sends data for a `COPY … FROM STDIN`: all of it is kept, or none. */
  readonly from: (
    statement: Statement,
    data: ByteSource,
    options?: CopyFromOptions & CallOptions
  ) => Promise<CopyResult>
  /** As {@link from}, and says how far it is. The last element has the result. */
  readonly progress: (
    statement: Statement,
    data: ByteSource,
    options?: CopyFromOptions & CallOptions
  ) => AsyncIterable<CopyProgress>
  /** Sends rows; with `schema`, encoded by it. */
  readonly fromRows: {
    <A>(
      target: CopyTarget,
      rows: RowSource<A>,
      options: CopyFromOptions & CallOptions & { readonly schema: Schema.Codec<A, Row> }
    ): Promise<CopyResult>
    (target: CopyTarget, rows: RowSource<Row>, options?: CopyFromOptions & CallOptions): Promise<CopyResult>
  }
}

/** COPY for a client, under its key. */
export const copy = ({ connection: { iterate, run } }: Client): Copy => {
  const call = <A, E>(
    use: (copy: CopySqlService) => Effect.Effect<A, E>,
    options: CallOptions | undefined
  ): Promise<A> => run(Effect.provide(CopySql.use(use), CopySql.layer), options)

  const stream = <A, E>(
    use: (copy: CopySqlService) => Stream.Stream<A, E>,
    options: CallOptions | undefined
  ): AsyncIterable<A> => iterate(Stream.provide(Stream.unwrap(CopySql.useSync(use)), CopySql.layer), options)

  function toRows<A>(
    statement: Statement,
    options: ToRowsOptions & CallOptions & { readonly schema: Schema.Decoder<A> }
  ): AsyncIterable<A>
  function toRows(statement: Statement, options?: ToRowsOptions & CallOptions): AsyncIterable<Row>
  function toRows(
    statement: Statement,
    options: ToRowsOptions & CallOptions & { readonly schema?: Schema.Decoder<unknown> } = {}
  ): AsyncIterable<unknown> {
    const { exact, schema } = options
    return stream<unknown, unknown>(
      (copy) => (schema === undefined ? copy.toRows(statement, { exact }) : copy.toRows(statement, { exact, schema })),
      options
    )
  }

  function fromRows<A>(
    target: CopyTarget,
    rows: RowSource<A>,
    options: CopyFromOptions & CallOptions & { readonly schema: Schema.Codec<A, Row> }
  ): Promise<CopyResult>
  function fromRows(
    target: CopyTarget,
    rows: RowSource<Row>,
    options?: CopyFromOptions & CallOptions
  ): Promise<CopyResult>
  function fromRows<A extends Row>(
    target: CopyTarget,
    rows: RowSource<A>,
    options: CopyFromOptions & CallOptions & { readonly schema?: Schema.Codec<A, Row> } = {}
  ): Promise<CopyResult> {
    const { schema, ...rest } = options
    return call<CopyResult, unknown>(
      (copy) =>
        schema === undefined
          ? copy.fromRows(target, fromSource(rows), rest)
          : copy.fromRows(target, fromSource(rows), { ...rest, schema }),
      options
    )
  }

  return {
    to: (statement, options) => toReadable(stream((copy) => copy.to(statement), options)),
    toRows,
    from: (statement, data, options) => call((copy) => copy.from(statement, fromBytes(data), options), options),
    progress: (statement, data, options) =>
      stream((copy) => copy.progress(statement, fromBytes(data), options), options),
    fromRows
  }
}
