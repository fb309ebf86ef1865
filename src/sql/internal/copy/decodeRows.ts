/**
 * Rows from the bytes of COPY's text format. Most of the time of a stream is spent here, so values are read where they
 * stand in the text: a row costs its object and its values, no arrays of lines and columns.
 */
import * as Result from "effect/Result"
import { quote } from "../../../errors/internal/printable.ts"
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
  const joined = new Uint8Array(size + last.length)
  let offset = 0
  for (const part of [...parts, last]) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** The index of a text in another one, or the end of that one. */
const find = (text: string, searched: string, from: number): number => {
  const at = text.indexOf(searched, from)
  return at === -1 ? text.length : at
}

/**
 * Sets the properties of a row. Each line sets only a few different properties, which a runtime does three times as fast as
 * one line that sets them all.
 */
const fill = (
  row: Record<string, unknown>,
  names: ReadonlyArray<string>,
  values: ReadonlyArray<unknown>
): Record<string, unknown> => {
  const { length } = names
  for (let index = 0; index < length; index += 8) {
    row[names[index] ?? ""] = values[index]
    if (index + 1 < length) row[names[index + 1] ?? ""] = values[index + 1]
    if (index + 2 < length) row[names[index + 2] ?? ""] = values[index + 2]
    if (index + 3 < length) row[names[index + 3] ?? ""] = values[index + 3]
    if (index + 4 < length) row[names[index + 4] ?? ""] = values[index + 4]
    if (index + 5 < length) row[names[index + 5] ?? ""] = values[index + 5]
    if (index + 6 < length) row[names[index + 6] ?? ""] = values[index + 6]
    if (index + 7 < length) row[names[index + 7] ?? ""] = values[index + 7]
  }
  return row
}

/** Takes bytes as they come, cut anywhere, and returns the rows that are complete by then. */
export const makeRowReader = (
  columns: ReadonlyArray<Column>
): ((chunk: Uint8Array) => Result.Result<ReadonlyArray<Row>, UnreadableRow>) => {
  // a row may begin with a byte order mark
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
  const names = columns.map(({ name }) => name)
  const readers = columns.map(({ read }) => read)
  const values: Array<unknown> = names.map(() => null)
  const last = columns.length - 1
  // a property of this name is a row's own only if the row was made with it
  const empty: () => Record<string, unknown> = names.includes("__proto__")
    ? () => ({ ["__proto__"]: null })
    : () => ({})
  let pending: Array<Uint8Array> = []
  let pendingBytes = 0
  let count = 0

  /** Reads the rows of a text that ends with a line end. Returns what is wrong with the first that cannot be read. */
  const read = (text: string, rows: Array<Row>): string | undefined => {
    let begin = 0
    // values before the next backslash have no escapes
    let backslash = find(text, "\\", 0)
    while (begin < text.length) {
      const lineEnd = text.indexOf("\n", begin)
      for (let index = 0; index <= last; index += 1) {
        const end = index === last ? lineEnd : find(text, "\t", begin)
        if (end > lineEnd) return `it ends with column ${quote(names[index] ?? "")}`
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
        if (value === undefined) return `column ${quote(names[index] ?? "")} has a value that its type cannot have`
        values[index] = value
        begin = end + 1
      }
      begin = lineEnd + 1
      rows.push(fill(empty(), names, values))
    }
    return undefined
  }

  return (chunk) => {
    const rows: Array<Row> = []
    const fail = (description: string) => Result.fail({ row: count + rows.length + 1, description })
    // a line feed is never part of a longer character
    const end = chunk.lastIndexOf(lineFeed) + 1
    if (end === 0) {
      pending.push(chunk)
      pendingBytes += chunk.length
      return pendingBytes > longestRow ? fail(`it is longer than ${longestRow / 2 ** 20} MiB`) : Result.succeed(rows)
    }
    const begin = pendingBytes === 0 ? 0 : chunk.indexOf(lineFeed) + 1
    const first = begin === 0 ? "" : decoder.decode(concatenate(pending, pendingBytes, chunk.subarray(0, begin)))
    const problem = read(first, rows) ?? read(decoder.decode(chunk.subarray(begin, end)), rows)
    if (problem !== undefined) return fail(problem)
    pending = end === chunk.length ? [] : [chunk.slice(end)]
    pendingBytes = chunk.length - end
    count += rows.length
    return Result.succeed(rows)
  }
}
