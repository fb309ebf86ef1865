/** Results of any size over queries, page by page, as promises: `keySet(client)` has what `effect-carto/KeySet` does. */
import type * as Schema from "effect/Schema"
import type { CallOptions } from "../internal/connection.ts"
import * as ByKey from "../KeySet.ts"
import type { Client } from "../promise.ts"
import type { Row } from "../Sql.ts"
import type { Statement } from "../Statement.ts"

export type { KeySetOptions } from "../KeySet.ts"

/** See `effect-carto/KeySet` for what it does and the reasons it can fail with. */
export interface KeySet {
  /** The rows of a query in the order of a key. Leaving the iteration cancels the statement. */
  readonly stream: {
    <A>(
      statement: Statement,
      options: ByKey.KeySetOptions & CallOptions & { readonly schema: Schema.Decoder<A> }
    ): AsyncIterable<A>
    (statement: Statement, options: ByKey.KeySetOptions & CallOptions): AsyncIterable<Row>
  }
}

/** Rows by key for a client, under its key. */
export const keySet = ({ connection: { iterate } }: Client): KeySet => {
  function stream<A>(
    statement: Statement,
    options: ByKey.KeySetOptions & CallOptions & { readonly schema: Schema.Decoder<A> }
  ): AsyncIterable<A>
  function stream(statement: Statement, options: ByKey.KeySetOptions & CallOptions): AsyncIterable<Row>
  function stream(
    statement: Statement,
    options: ByKey.KeySetOptions & CallOptions & { readonly schema?: Schema.Decoder<unknown> }
  ): AsyncIterable<unknown> {
    const { schema, ...rest } = options
    return schema === undefined
      ? iterate(ByKey.stream(statement, rest), options)
      : iterate(ByKey.stream(statement, { ...rest, schema }), options)
  }
  return { stream }
}
