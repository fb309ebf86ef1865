/** Values as PostgreSQL literals. */
import { hasProperty } from "effect/Predicate"
import { isRedacted } from "effect/Redacted"
import * as Result from "effect/Result"

type Literal = Result.Result<string, string>

/**
 * The server itself looks for `--` in a statement that it pages or orders, and for `<%= … %>` in callbacks of jobs, in quotes
 * too: literals are parted there, which PostgreSQL joins again.
 */
const taken = /-(?=-)|<(?=%)/g

/** `E'…'` wherever there is a backslash: there it means the same under both settings of `standard_conforming_strings`. */
const quote = (text: string): Literal => {
  if (text.includes("\0")) return Result.fail("PostgreSQL text cannot hold NUL characters; send bytes as a Uint8Array")
  if (!text.isWellFormed()) return Result.fail("it holds half of a surrogate pair, which UTF-8 cannot carry")
  const quoted = `'${text.replaceAll("'", "''").replace(taken, "$&'\n'")}'`
  return Result.succeed(text.includes("\\") ? `E${quoted.replaceAll("\\", "\\\\")}` : quoted)
}

const number = (value: number): string => {
  if (Number.isNaN(value)) return "'NaN'::float8"
  if (value === Infinity) return "'Infinity'::float8"
  if (value === -Infinity) return "'-Infinity'::float8"
  if (Object.is(value, -0)) return "'-0'::float8"
  // parentheses, since `-` and a negative number would begin a comment
  return value < 0 ? `(${value})` : String(value)
}

const date = (value: Date): Literal => {
  if (Number.isNaN(value.getTime())) return Result.fail("it is an invalid date")
  const year = value.getUTCFullYear()
  const rest = value.toISOString().replace(/^[+-]?\d+/, "")
  // PostgreSQL has no year 0: the year before 1 is 1 BC
  const text = year > 0 ? `${String(year).padStart(4, "0")}${rest}` : `${String(1 - year).padStart(4, "0")}${rest} BC`
  return Result.succeed(`'${text}'::timestamptz`)
}

const bytes = (value: Uint8Array): string => {
  let hex = ""
  for (const byte of value) hex += byte.toString(16).padStart(2, "0")
  return `E'\\\\x${hex}'::bytea`
}

const array = (values: ReadonlyArray<unknown>): Literal =>
  values.length === 0
    ? Result.succeed("'{}'")
    : Result.map(Result.all(values.map(literal)), (items) => `ARRAY[${items.join(", ")}]`)

/** A value as a literal, or what to do instead. */
export const literal = (value: unknown): Literal => {
  switch (typeof value) {
    case "string":
      return quote(value)
    case "number":
      return Result.succeed(number(value))
    case "bigint":
      return Result.succeed(value < 0n ? `(${value})` : String(value))
    case "boolean":
      return Result.succeed(value ? "TRUE" : "FALSE")
    case "undefined":
      return Result.fail("use null for NULL")
  }
  if (value === null) return Result.succeed("NULL")
  if (value instanceof Date) return date(value)
  // a DateTime of Effect, whose module would cost a Worker a kilobyte, or a Temporal.Instant
  if (hasProperty(value, "epochMilliseconds")) return date(new Date(Number(value.epochMilliseconds)))
  if (value instanceof Uint8Array) return Result.succeed(bytes(value))
  if (Array.isArray(value)) return array(value)
  if (isRedacted(value)) return Result.fail("a secret does not go into SQL text, which servers log")
  return Result.fail(
    "give a string, number, bigint, boolean, null, Date, DateTime, Uint8Array or array; sql.json for JSON"
  )
}
