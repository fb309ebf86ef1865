/** COPY's text format: a line a row, a tab between columns, `\N` for NULL, backslashes before what is special. */

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

const quoteElement = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`

/** A value as PostgreSQL reads it from text; `undefined` where it has no such text. */
const toText = (value: unknown): string | null | undefined => {
  if (value === null) return null
  switch (typeof value) {
    case "string":
      return value.includes("\0") || !value.isWellFormed() ? undefined : value
    case "number":
    case "bigint":
      return String(value)
    case "boolean":
      return value ? "t" : "f"
    case "object":
      break
    default:
      return undefined
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
  if (value instanceof Uint8Array) {
    return `\\x${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")}`
  }
  if (!Array.isArray(value)) return JSON.stringify(value)
  const items = value.map((item: unknown) => (Array.isArray(item) ? { nested: toText(item) } : { text: toText(item) }))
  if (items.some((item) => ("nested" in item ? item.nested : item.text) === undefined)) return undefined
  return `{${items
    .map((item) => ("nested" in item ? item.nested : item.text === null ? "NULL" : quoteElement(item.text ?? "")))
    .join(",")}}`
}

/** A line of the given columns of a row; the name of the column whose value cannot be written, where one cannot. */
export const writeLine = (
  columns: ReadonlyArray<string>,
  row: Readonly<Record<string, unknown>>
): { readonly line: string } | { readonly column: string } => {
  const values: Array<string> = []
  for (const column of columns) {
    const text = toText(row[column])
    if (text === undefined) return { column }
    values.push(text === null ? "\\N" : text.replace(/[\b\f\n\r\t\v\\]/g, (char) => specials[char] ?? char))
  }
  return { line: `${values.join("\t")}\n` }
}
