/** Ruby's names, text forms and conversions of request values, as CARTO's messages show them. */
import type * as Schema from "effect/Schema"

/** The Ruby class of a parameter's value. */
export const className = (value: Schema.Json): string => {
  if (value === null) return "NilClass"
  if (Array.isArray(value)) return "Array"
  switch (typeof value) {
    case "string":
      return "String"
    case "number":
      return Number.isInteger(value) ? "Integer" : "Float"
    case "boolean":
      return value ? "TrueClass" : "FalseClass"
    default:
      return "ActiveSupport::HashWithIndifferentAccess"
  }
}

const escapes: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\u001b": "\\e",
  '"': '\\"',
  "\\": "\\\\"
}

const inspectString = (text: string): string =>
  `"${text
    .replace(/["\\]|\p{Cc}/gu, (char) => {
      const code = char.codePointAt(0) ?? 0
      return (
        escapes[char] ??
        (code < 0x80
          ? `\\x${code.toString(16).toUpperCase().padStart(2, "0")}`
          : `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`)
      )
    })
    .replace(/#(?=[{$@])/g, "\\#")}"`

/** Ruby's `value.inspect`. */
export const inspect = (value: Schema.Json): string => {
  if (value === null) return "nil"
  if (typeof value === "string") return inspectString(value)
  if (typeof value !== "object") return String(value)
  if (Array.isArray(value)) return `[${value.map(inspect).join(", ")}]`
  return `{${Object.entries(value)
    .map(([key, member]) => `${inspectString(key)}=>${inspect(member)}`)
    .join(", ")}}`
}

/** The text that a text column stores for a value. */
export const toColumnText = (value: Schema.Json | undefined): string | undefined => {
  if (value === undefined || value === null) return undefined
  if (typeof value === "string") return value
  return typeof value === "boolean" ? (value ? "t" : "f") : inspect(value)
}

/** Ruby's `text.blank?`. */
export const isBlank = (text: string): boolean => /^\p{White_Space}*$/u.test(text)

/** Ruby's `text.to_i`: the number in the leading digits, or 0 if there are none. */
export const toInteger = (text: string): number =>
  Number(/^\s*([+-]?\d+(?:_\d+)*)/.exec(text)?.[1]?.replaceAll("_", "") ?? 0)

/** Ruby's `CGI.escape`. */
export const cgiEscape = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+")
