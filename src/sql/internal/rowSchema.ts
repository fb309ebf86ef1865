/** The types of a method that decodes rows by `options.schema`, or leaves them as they are. */
import type * as Schema from "effect/Schema"
import type { RowMalformed } from "../../errors/SqlApi.ts"
import type { Row } from "./responses.ts"

/** A schema of rows, or none. */
export type RowSchema = Schema.Decoder<unknown, unknown> | undefined

/** The type of a row that a schema decodes. Without a schema, the row as the server sends it. */
export type Decoded<S> = S extends Schema.Decoder<infer A, infer _R> ? A : Row

/** The reason a schema adds to a method: the row that does not fit it. */
export type DecodeReason<S> = S extends undefined ? never : RowMalformed

/** The services that a schema needs to decode. */
export type DecodingServices<S> = S extends Schema.Decoder<infer _A, infer R> ? R : never
