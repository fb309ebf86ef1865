/** The data of an upload of rows. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import type * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import * as Stream from "effect/Stream"
import type { InvalidInput } from "../../../errors/Call.ts"
import type { SourceFailed } from "../../../errors/Copy.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { cartoError } from "../../../errors/internal/cartoError.ts"
import { invalidInput } from "../../../errors/internal/invalidInput.ts"
import { isObject } from "../../../errors/internal/json.ts"
import { quote } from "../../../errors/internal/printable.ts"
import { RowMalformed } from "../../../errors/SqlApi.ts"
import type { Row } from "../responses.ts"
import { describeIssue } from "../schema/describeIssue.ts"
import { writeLine } from "./encodeRow.ts"
import { type Elements, fromElements, isElements, problemOf } from "./elements.ts"
import { GatheredBytes } from "./gatheredBytes.ts"

/** Rows, from whatever holds them. */
export type RowSource<A, E = never, R = never> = Elements<A> | Stream.Stream<A, E, R>

const toLine = (columns: ReadonlyArray<string>, value: unknown, row: number): string | RowMalformed => {
  if (!isObject(value)) {
    return new RowMalformed({ row, description: "it is not an object; give one property for each column" })
  }
  const written = writeLine(columns, value)
  return "line" in written
    ? written.line
    : new RowMalformed({
        row,
        description: `column ${quote(written.column)}: ${written.remedy}`
      })
}

/** A failure of the data: the caller's own, or one that the operation is named in. */
type DataError<E> = CartoErrorOf<InvalidInput | RowMalformed | SourceFailed> | E

/** The rows in COPY's text format. Fails with the number of the row that cannot be written, 1 for the first. */
export const encodeRows = <A, E, R, RE = never>(
  operation: string,
  columns: ReadonlyArray<string>,
  source: RowSource<A, E, R>,
  schema?: Schema.Codec<A, Row, unknown, RE>
): Stream.Stream<Uint8Array, DataError<E>, R | RE> => {
  const encode = schema === undefined ? undefined : SchemaParser.encodeUnknownEffect(schema)
  const malformed = (reason: RowMalformed) => cartoError(operation, reason)
  const problem = Stream.isStream(source)
    ? undefined
    : isElements(source)
      ? problemOf(source)
      : "give rows in an iterable or a stream"
  if (problem !== undefined) return Stream.fail(cartoError(operation, invalidInput("rows", source, problem)))
  const rows: Stream.Stream<unknown, DataError<E>, R> = Stream.isStream(source)
    ? source
    : Stream.mapError(fromElements(source), (reason) => cartoError(operation, reason))
  return Stream.transformPull(rows, (pull) =>
    Effect.sync(() => {
      const gathered = new GatheredBytes()
      let values: ReadonlyArray<unknown> | undefined = []
      let next = 0
      let count = 0
      const chunks: Pull.Pull<NonEmptyReadonlyArray<Uint8Array>, DataError<E>, void, RE> = Effect.gen(function* () {
        while (values !== undefined && !gathered.isFull) {
          if (next === values.length) {
            values = yield* Pull.catchDone(pull, () => Effect.undefined)
            next = 0
            continue
          }
          count += 1
          const value = values[next++]
          const row =
            encode === undefined
              ? value
              : yield* Effect.mapError(encode(value), (issue) =>
                  malformed(new RowMalformed({ row: count, description: describeIssue(issue) }))
                )
          const line = toLine(columns, row, count)
          if (typeof line !== "string") return yield* malformed(line)
          gathered.addText(line)
        }
        const chunk = yield* Effect.mapError(Effect.fromResult(gathered.takeLast()), (reason) =>
          cartoError(operation, reason)
        )
        return chunk.length === 0 ? yield* Cause.done() : [chunk]
      })
      return chunks
    })
  )
}
