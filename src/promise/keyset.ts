/**
 * Results of any size, page by page in the order of a key, in promises: `keyset(client)` has the function of
 * `effect-carto/Keyset`.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as KeysetModule from "../sql/Keyset.ts"
import type { Row } from "../sql/Sql.ts"
import type { Statement } from "../sql/Statement.ts"
import type { CallOptions, Connected, Services } from "./internal/connection.ts"
import { promised } from "./internal/promised.ts"

export type { KeysetOptions } from "../sql/Keyset.ts"

/** The function of `effect-carto/Keyset`, with the same errors. */
export interface Keyset {
  /** Reads the rows of a query in the order of a key, page by page. Leaving the iteration cancels the statement. */
  readonly stream: {
    /** Reads the rows of a query in the order of a key, and decodes each by `schema`. */
    <A>(
      statement: Statement,
      options: KeysetModule.KeysetOptions & { readonly schema: Schema.Decoder<A> },
      call?: CallOptions
    ): AsyncIterable<A>
    /** Reads the rows of a query in the order of a key. */
    (statement: Statement, options: KeysetModule.KeysetOptions, call?: CallOptions): AsyncIterable<Row>
  }
}

/** Pages by key under the key of a client. */
export const keyset = ({ connection }: Connected): Keyset =>
  promised<Keyset, Services>(connection, Effect.succeed(KeysetModule), { stream: "iterable" })
