import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import { RowMalformed } from "../../../errors/SqlApi.ts"
import { describeIssue } from "./describeIssue.ts"

/** Rows by a schema; the first that does not fit fails with its number, which counts from `first`. */
export const decodeRows = <A, R>(
  rows: ReadonlyArray<unknown>,
  schema: Schema.Decoder<A, R>,
  first = 0
): Effect.Effect<ReadonlyArray<A>, RowMalformed, R> =>
  Effect.gen(function* () {
    const decode = SchemaParser.decodeUnknownEffect(schema)
    const decoded: Array<A> = []
    for (const [index, value] of rows.entries()) {
      decoded.push(
        yield* Effect.mapError(
          decode(value),
          (issue) => new RowMalformed({ row: first + index, description: describeIssue(issue) })
        )
      )
    }
    return decoded
  })
