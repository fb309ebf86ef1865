/** Results of any size over queries, page by page, as promises: `keyset(client)` has what `effect-carto/Keyset` does. */
import type * as Schema from "effect/Schema"
import type { CallOptions } from "./internal/runtime.ts"
import * as ByKey from "../sql/Keyset.ts"
import type { Client } from "./index.ts"
import type { Row } from "../sql/Sql.ts"
import type { Statement } from "../sql/Statement.ts"

export type { KeysetOptions } from "../sql/Keyset.ts"

/** See `effect-carto/Keyset` for what it does and the reasons it can fail with. */
export interface Keyset {
  /** The rows of a query in the order of a key. Leaving the iteration cancels the statement. */
  readonly stream: {
    <A>(
      statement: Statement,
      options: ByKey.KeysetOptions & CallOptions & { readonly schema: Schema.Decoder<A> }
    ): AsyncIterable<A>
    (statement: Statement, options: ByKey.KeysetOptions & CallOptions): AsyncIterable<Row>
  }
}

/** Rows by key for a client, under its key. */
export const keyset = ({ connection: { iterate } }: Client): Keyset => {
  function stream<A>(
    statement: Statement,
    options: ByKey.KeysetOptions & CallOptions & { readonly schema: Schema.Decoder<A> }
  ): AsyncIterable<A>
  function stream(statement: Statement, options: ByKey.KeysetOptions & CallOptions): AsyncIterable<Row>
  function stream(
    statement: Statement,
    options: ByKey.KeysetOptions & CallOptions & { readonly schema?: Schema.Decoder<unknown> }
  ): AsyncIterable<unknown> {
    const { schema, ...rest } = options
    return schema === undefined
      ? iterate(ByKey.stream(statement, rest), options)
      : iterate(ByKey.stream(statement, { ...rest, schema }), options)
  }
  return { stream }
}
