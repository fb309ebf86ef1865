/** COPY's text format: a line a row, a tab between columns, `\N` for NULL, backslashes before what is special. */
import * as Result from "effect/Result"
import { jsonText } from "../statement/jsonText.ts"
import { arrayText, reading, refusal, scalarText, type ValueText } from "../statement/valueText.ts"

const escapes: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" }
const specials: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\"
}

/** A value without its escapes. */
export const unescape = (text: string): string =>
  text.includes("\\") ? text.replace(/\\([^])/g, (_, char: string) => escapes[char] ?? char) : text

/** A value as PostgreSQL reads it from text, or what to give instead. NULL has no text. */
const toText = (value: unknown): ValueText => {
  if (Array.isArray(value)) return arrayText(value, toText)
  return scalarText(value) ?? (typeof value === "object" ? jsonText(value) : Result.fail(refusal(value)))
}

const escape = (text: string): string => text.replace(/[\b\f\n\r\t\v\\]/g, (char) => specials[char] ?? char)

/** A line of the given columns of a row, or the first column whose value cannot be written, and what to give instead. */
export const writeLine = (
  columns: ReadonlyArray<string>,
  row: Readonly<Record<string, unknown>>
): { readonly line: string } | { readonly column: string; readonly remedy: string } => {
  const values: Array<string> = []
  for (const column of columns) {
    const text = reading((): ValueText => {
      if (!Object.hasOwn(row, column)) return Result.fail("it is missing; use null for NULL")
      const value = row[column]
      return value === null ? Result.succeed("\\N") : Result.map(toText(value), escape)
    })
    if (Result.isFailure(text)) return { column, remedy: text.failure }
    values.push(text.success)
  }
  return { line: `${values.join("\t")}\n` }
}
