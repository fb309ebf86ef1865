/** Rows as text, while they come. */
import * as Stream from "effect/Stream"
import type { OutputFormat } from "../settings.ts"
import { csvLine, type Item } from "./present.ts"

/** Rows as JSON lines, a JSON array or CSV with a header line. */
export const encodeRows = <E, R>(
  rows: Stream.Stream<Item, E, R>,
  format: Exclude<OutputFormat, "table">
): Stream.Stream<string, E, R> => {
  let first = true
  const text = (chunk: ReadonlyArray<Item>): string => {
    let out = ""
    for (const row of chunk) {
      if (format === "csv") {
        if (first) out += `${csvLine(Object.keys(row))}\n`
        out += `${csvLine(Object.values(row))}\n`
      } else if (format === "jsonl") out += `${JSON.stringify(row)}\n`
      else out += `${first ? "[\n" : ",\n"}${JSON.stringify(row)}`
      first = false
    }
    return out
  }
  const body = Stream.map(Stream.chunks(rows), text)
  return format === "json"
    ? Stream.concat(
        body,
        Stream.suspend(() => Stream.make(first ? "[]\n" : "\n]\n"))
      )
    : body
}
