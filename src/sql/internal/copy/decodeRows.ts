/**
 * Rows from the bytes of COPY's text format. Most of the time of a stream is spent here, so values are read where they
 * stand in the text: a row costs its object and its values, no arrays of lines and columns.
 */
import * as Result from "effect/Result"
import { unescape } from "./encodeRow.ts"
import type { Row } from "../responses.ts"
import type { Reader } from "./textDecoders.ts"

export interface Column {
  readonly name: string
  readonly read: Reader
}

/** A row that cannot be read, by its number: 1 for the first. */
export interface UnreadableRow {
  readonly row: number
  readonly description: string
}

const lineFeed = 10

/** No runtime has strings of more than twice that. */
const longestRow = 256 * 2 ** 20

const concatenate = (parts: ReadonlyArray<Uint8Array>, size: number, last: Uint8Array): Uint8Array => {
  if (size === 0) return last
  const joined = new Uint8Array(size + last.length)
  let offset = 0
  for (const part of [...parts, last]) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** Where there is nothing more of it: behind the end. */
const find = (text: string, what: string, from: number): number => {
  const at = text.indexOf(what, from)
  return at === -1 ? text.length : at
}

/** Takes bytes as they come, cut anywhere; returns the rows that are whole by then. */
export const makeRowReader = (
  columns: ReadonlyArray<Column>
): ((chunk: Uint8Array) => Result.Result<ReadonlyArray<Row>, UnreadableRow>) => {
  // a row may begin with a byte order mark
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
  const names = columns.map(({ name }) => name)
  const readers = columns.map(({ read }) => read)
  const last = columns.length - 1
  // a property of that name is a row's own only where it has been made so
  const empty: () => Record<string, unknown> = names.includes("__proto__")
    ? () => ({ ["__proto__"]: null })
    : () => ({})
  let pending: Array<Uint8Array> = []
  let pendingBytes = 0
  let count = 0

  /** The rows of text that ends with a line end. */
  const read = (text: string): Result.Result<ReadonlyArray<Row>, UnreadableRow> => {
    const rows: Array<Row> = []
    let begin = 0
    // values before the next backslash are what they look like
    let backslash = find(text, "\\", 0)
    const fail = (description: string) => Result.fail({ row: count + rows.length + 1, description })
    while (begin < text.length) {
      const row = empty()
      const lineEnd = text.indexOf("\n", begin)
      for (let index = 0; index <= last; index += 1) {
        const name = names[index] ?? ""
        const end = index === last ? lineEnd : find(text, "\t", begin)
        if (end > lineEnd) return fail(`it ends with column ${JSON.stringify(name)}`)
        let value: unknown = null
        if (end <= backslash) {
          value = readers[index]?.(text, begin, end)
        } else {
          const written = text.slice(begin, end)
          if (written !== "\\N") {
            const plain = unescape(written)
            value = readers[index]?.(plain, 0, plain.length)
          }
          backslash = find(text, "\\", end)
        }
        if (value === undefined) return fail(`column ${JSON.stringify(name)} has a value that is none of its type`)
        row[name] = value
        begin = end + 1
      }
      begin = lineEnd + 1
      rows.push(row)
    }
    count += rows.length
    return Result.succeed(rows)
  }

  return (chunk) => {
    // a line feed is never part of a longer character
    const end = chunk.lastIndexOf(lineFeed) + 1
    if (end === 0) {
      pending.push(chunk)
      pendingBytes += chunk.length
      return pendingBytes > longestRow
        ? Result.fail({ row: count + 1, description: `it is longer than ${longestRow / 2 ** 20} MiB` })
        : Result.succeed([])
    }
    const lines = concatenate(pending, pendingBytes, chunk.subarray(0, end))
    pending = end === chunk.length ? [] : [chunk.slice(end)]
    pendingBytes = chunk.length - end
    return read(decoder.decode(lines))
  }
}
