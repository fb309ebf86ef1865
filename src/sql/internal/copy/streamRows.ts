/** Rows of a query over COPY: bounded memory, however many there are. */
import { isReadonlyArrayNonEmpty as isNonEmpty } from "effect/Array"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import * as Stream from "effect/Stream"
import { type InvalidInput, ResponseMalformed } from "../../../errors/Call.ts"
import { invalidInput } from "../../../errors/internal/invalidInput.ts"
import type { RowMalformed } from "../../../errors/SqlApi.ts"
import { compile, type Statement } from "../../Statement.ts"
import { copyTo, type CopyToReason } from "./copyTo.ts"
import { decodeRows } from "../schema/decodeRows.ts"
import { readQuery, type ReadReason, type Row } from "../responses.ts"
import { makeRowReader, type UnreadableRow } from "./decodeRows.ts"
import { stripTrailingSemicolons } from "../stripTrailingSemicolons.ts"
import { identifier } from "../identifier.ts"
import { readerOf } from "./textDecoders.ts"
import type { Wire } from "../../../http/client.ts"

export type StreamReason = CopyToReason | ReadReason

/** The rows before the first that does not fit its schema, or whose decoding is an effect: a loop where that is enough. */
const decodeAtOnce = <A, R>(rows: ReadonlyArray<Row>, schema: Schema.Decoder<A, R>): ReadonlyArray<A> => {
  const decode = SchemaParser.decodeUnknownEffect(schema)
  const decoded: Array<A> = []
  for (const row of rows) {
    const result = decode(row)
    if (!isSuccess(result)) break
    decoded.push(result.value)
  }
  return decoded
}

const isSuccess = <A, E, R>(effect: Effect.Effect<A, E, R>): effect is Exit.Success<A, E> =>
  Exit.isExit(effect) && Exit.isSuccess(effect)

const quoteAll = (names: ReadonlyArray<string>): Result.Result<ReadonlyArray<string>, InvalidInput> =>
  Result.all(names.map((name) => Result.mapError(identifier(name), (remedy) => invalidInput("column", name, remedy))))

const malformed = ({ description, row }: UnreadableRow): ResponseMalformed =>
  new ResponseMalformed({ status: 200, description: `row ${row}: ${description}`, body: "" })

export const streamRows = <R = never>(
  wire: Wire,
  username: string,
  statement: Statement,
  { exact, schema }: { readonly exact?: boolean | undefined; readonly schema?: Schema.Decoder<unknown, R> | undefined }
): Stream.Stream<unknown, RowMalformed | StreamReason, R> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const inner = yield* Effect.fromResult(Result.map(compile(statement), stripTrailingSemicolons))
      // What can stand in parentheses can be asked for its columns, and cannot change anything.
      const { fields } = yield* readQuery(wire, username, `SELECT * FROM (${inner}) AS statement LIMIT 0`)
      const columns = Object.entries(fields).map(([name, field]) => ({ name, read: readerOf(field, exact) }))
      const names = yield* Effect.fromResult(quoteAll(columns.map(({ name }) => name)))
      const text = `COPY (SELECT ${names.join(", ")} FROM (${inner}) AS statement) TO STDOUT`
      const readRows = makeRowReader(columns)
      let offset = 0
      const decode = (found: ReadonlyArray<Row>): Effect.Effect<ReadonlyArray<unknown>, RowMalformed, R> => {
        const first = offset
        offset += found.length
        if (schema === undefined) return Effect.succeed(found)
        const decoded = decodeAtOnce(found, schema)
        if (decoded.length === found.length) return Effect.succeed(decoded)
        const rest = decodeRows(found.slice(decoded.length), schema, first + decoded.length)
        return Effect.map(rest, (more) => [...decoded, ...more])
      }
      return copyTo(wire, username, { text, binary: false }).pipe(
        Stream.mapEffect((chunk) =>
          Effect.flatMap(Effect.mapError(Effect.fromResult(readRows(chunk)), malformed), decode)
        ),
        Stream.filter(isNonEmpty),
        Stream.flattenArray
      )
    })
  )
