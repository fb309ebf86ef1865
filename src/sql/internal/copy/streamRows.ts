/** Rows of a query over COPY: bounded memory, however many there are. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { InvalidInput, ResponseMalformed } from "../../../errors/Call.ts"
import { invalidInput } from "../../../errors/internal/invalidInput.ts"
import { printable } from "../../../errors/internal/printable.ts"
import type { Statement } from "../../Statement.ts"
import { compile } from "../compile.ts"
import { copyTo, type CopyToReason } from "./copyTo.ts"
import { decodeRows } from "../schema/decodeRows.ts"
import { readQuery, type ReadReason } from "../responses.ts"
import type { Decoded, DecodeReason, DecodingServices, RowSchema } from "../rowSchema.ts"
import { makeRowReader, type UnreadableRow } from "./decodeRows.ts"
import { stripTrailingSemicolons } from "../statement/stripTrailingSemicolons.ts"
import { identifier } from "../identifier.ts"
import { readerOf } from "./textDecoders.ts"
import type { Wire } from "../../../http/client.ts"

/** The reasons a stream of rows fails with. */
export type StreamReason = CopyToReason | ReadReason

/** The names in double quotes. One that PostgreSQL would cut off cannot come from it. */
const quoteAll = (names: ReadonlyArray<string>): Result.Result<ReadonlyArray<string>, InvalidInput> =>
  Result.all(names.map((name) => Result.mapError(identifier(name), (remedy) => invalidInput("column", name, remedy))))

const malformed = ({ description, row }: UnreadableRow): ResponseMalformed =>
  new ResponseMalformed({ status: 200, description: `row ${row}: ${description}`, body: "" })

/** The query of the columns has passed, so an ambiguous name is that of two columns of the result. */
const explainAmbiguity = <Reason extends StreamReason>(reason: Reason): InvalidInput | Reason => {
  const name =
    reason._tag === "QueryFailed" ? /^column reference (".*") is ambiguous$/.exec(reason.description)?.[1] : undefined
  return name === undefined
    ? reason
    : new InvalidInput({
        field: "statement",
        received: `a query with two columns named ${printable(name)}`,
        remedy: `a row has one value for each name; rename one of them, as in ${printable(`a.${name} AS other`)}`
      })
}

type DecodedChunk<S> = Effect.Effect<
  ReadonlyArray<Decoded<S>>,
  DecodeReason<S> | ResponseMalformed,
  DecodingServices<S>
>

/** The rows of a query, in bounded memory. */
export const streamRows = <S extends RowSchema = undefined>(
  wire: Wire,
  username: string,
  statement: Statement,
  options: { readonly exact?: boolean | undefined; readonly schema?: S } = {}
): Stream.Stream<Decoded<S>, DecodeReason<S> | StreamReason, DecodingServices<S>> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const inner = yield* Effect.fromResult(Result.map(compile(statement), stripTrailingSemicolons))
      // What can stand in parentheses can be asked for its columns, and cannot change anything.
      const { fields } = yield* readQuery(wire, username, `SELECT * FROM (${inner}\n) AS statement LIMIT 0`)
      const columns = Object.entries(fields).map(([name, field]) => ({ name, read: readerOf(field, options.exact) }))
      const names = yield* Effect.fromResult(quoteAll(columns.map(({ name }) => name)))
      const text = `COPY (SELECT ${names.join(", ")} FROM (${inner}\n) AS statement) TO STDOUT`
      const readRows = makeRowReader(columns)
      let count = 0
      const decode = (chunk: Uint8Array) => {
        const read = readRows(chunk)
        if (Result.isFailure(read)) return Effect.fail(malformed(read.failure))
        const before = count
        count += read.success.length
        return decodeRows(read.success, options.schema, before)
      }
      return copyTo(wire, username, { text, binary: false }).pipe(
        Stream.mapError(explainAmbiguity),
        Stream.mapEffect((chunk): DecodedChunk<S> => decode(chunk)),
        Stream.filter((rows): rows is NonEmptyReadonlyArray<Decoded<S>> => rows.length > 0),
        Stream.flattenArray
      )
    })
  )
