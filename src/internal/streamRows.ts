/** Rows of a query over COPY: bounded memory, however many there are. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { RowMalformed } from "../reasons/SqlApi.ts"
import { compile, type Statement } from "../Statement.ts"
import { readLine } from "./copyText.ts"
import { copyTo, type CopyToReason } from "./copyTo.ts"
import { decodeRows } from "./decodeRows.ts"
import { query, type QueryReason, type Row } from "./sqlApi.ts"
import { readerOf } from "./textValue.ts"
import type { Wire } from "./wire.ts"

export type StreamReason = CopyToReason | QueryReason

/** Lines of text that come in chunks, each chunk's lines together. */
const lines = <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<ReadonlyArray<string>, E> =>
  Stream.suspend(() => {
    // a row may begin with a byte order mark
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
    let rest = ""
    return Stream.map(bytes, (chunk) => {
      const found = (rest + decoder.decode(chunk, { stream: true })).split("\n")
      rest = found.pop() ?? ""
      return found
    })
  })

export const streamRows = <R = never>(
  wire: Wire,
  username: string,
  statement: Statement,
  schema?: Schema.Decoder<unknown, R>
): Stream.Stream<unknown, RowMalformed | StreamReason, R> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const compiled = yield* Effect.fromResult(
        Result.map(compile(statement), (text) => text.trim().replace(/(?:;\s*)+$/, ""))
      )
      // The line end closes a comment at the end of the text.
      const inner = `${compiled}\n`
      // What can stand in parentheses can be asked for its columns, and cannot change anything.
      const { fields } = yield* query(wire, username, `SELECT * FROM (${inner}) AS statement LIMIT 0`)
      const columns = Object.entries(fields).map(([name, field]) => ({ name, read: readerOf(field) }))
      const toRow = (line: string): Row => {
        const values = readLine(line)
        return Object.fromEntries(
          columns.map(({ name, read }, index) => {
            const value = values[index]
            return [name, value === null || value === undefined ? null : read(value)]
          })
        )
      }
      const names = columns.map(({ name }) => `"${name.replaceAll('"', '""')}"`).join(", ")
      const text = `COPY (SELECT ${names} FROM (${inner}) AS statement) TO STDOUT`
      const rows = lines(copyTo(wire, username, { text, binary: false })).pipe(Stream.map((found) => found.map(toRow)))
      let offset = 0
      const decode = (found: ReadonlyArray<Row>): Effect.Effect<ReadonlyArray<unknown>, RowMalformed, R> => {
        const first = offset
        offset += found.length
        return schema === undefined ? Effect.succeed(found) : decodeRows(found, schema, first)
      }
      return Stream.flattenIterable(Stream.mapEffect(rows, decode))
    })
  )
