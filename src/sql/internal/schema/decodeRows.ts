import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as SchemaParser from "effect/SchemaParser"
import { RowMalformed } from "../../../errors/SqlApi.ts"
import type { Row } from "../responses.ts"
import type { Decoded, DecodeReason, DecodingServices, RowSchema } from "../rowSchema.ts"
import { describeIssue } from "./describeIssue.ts"

const isSuccess = <A, E, R>(effect: Effect.Effect<A, E, R>): effect is Exit.Success<A, E> =>
  Exit.isExit(effect) && Exit.isSuccess(effect)

/**
 * Decodes rows by a schema, if there is one. The first row that does not fit fails with its number: 1 for the first row, or
 * more if `before` rows came earlier.
 */
export function decodeRows<S extends RowSchema>(
  rows: ReadonlyArray<Row>,
  schema: S | undefined,
  before?: number
): Effect.Effect<ReadonlyArray<Decoded<S>>, DecodeReason<S>, DecodingServices<S>>
export function decodeRows(
  rows: ReadonlyArray<unknown>,
  schema: RowSchema,
  before = 0
): Effect.Effect<ReadonlyArray<unknown>, RowMalformed, unknown> {
  if (schema === undefined) return Effect.succeed(rows)
  const decode = SchemaParser.decodeUnknownEffect(schema)
  const decoded: Array<unknown> = []
  const decodeFrom = (first: number): Effect.Effect<ReadonlyArray<unknown>, RowMalformed, unknown> => {
    // a loop, as long as the decoding is no effect that has to be run
    for (let index = first; index < rows.length; index += 1) {
      const row = decode(rows[index])
      if (!isSuccess(row)) {
        return Effect.matchEffect(row, {
          onSuccess: (value) => {
            decoded.push(value)
            return decodeFrom(index + 1)
          },
          onFailure: (issue) =>
            Effect.fail(new RowMalformed({ row: before + index + 1, description: describeIssue(issue) }))
        })
      }
      decoded.push(row.value)
    }
    return Effect.succeed(decoded)
  }
  return decodeFrom(0)
}
