/** What a value is, and its text as PostgreSQL writes it: one table for the literals of `sql` and for the rows of COPY. */
import { identity } from "effect/Function"
import { hasProperty } from "effect/Predicate"
import { isRedacted } from "effect/Redacted"
import * as Result from "effect/Result"

/** The text, or what to give instead. */
export type ValueText = Result.Result<string, string>

/** PostgreSQL's limit of the dimensions of an array. */
export const maxDimensions = 6
export const tooDeep: ValueText = Result.fail(`PostgreSQL's arrays have at most ${maxDimensions} dimensions`)

/** PostgreSQL takes UTF-8 without NUL. */
export const stringText = (text: string): ValueText => {
  if (text.includes("\0")) return Result.fail("PostgreSQL text cannot hold NUL characters; send bytes as a Uint8Array")
  return text.isWellFormed()
    ? Result.succeed(text)
    : Result.fail("it holds half of a surrogate pair, which UTF-8 cannot carry")
}

// the key of a DateTime of Effect, whose module would cost a Worker a kilobyte
const dateTime = "~effect/DateTime"

/**
 * The instant of a `Date`, a DateTime of Effect or a Temporal object. What JSON can hold is not one: the key of a DateTime is
 * inherited, and the tag of Temporal is a symbol.
 */
export const instantOf = (value: object): Date | undefined => {
  if (value instanceof Date) return value
  const isInstant =
    (dateTime in value && !Object.hasOwn(value, dateTime)) ||
    /^\[object Temporal\.(?:Instant|ZonedDateTime)\]$/.test(Object.prototype.toString.call(value))
  return isInstant && hasProperty(value, "epochMilliseconds") ? new Date(Number(value.epochMilliseconds)) : undefined
}

/** The date as ISO 8601 with a positive year, and whether the year counts from 1 BC: PostgreSQL has no year 0. */
export const isoText = (date: Date): ValueText => {
  if (Number.isNaN(date.getTime())) return Result.fail("it is an invalid date")
  const year = date.getUTCFullYear()
  const rest = date.toISOString().replace(/^[+-]?\d+/, "")
  return Result.succeed(`${String(year > 0 ? year : 1 - year).padStart(4, "0")}${rest}${year > 0 ? "" : " BC"}`)
}

export const bytesText = (value: Uint8Array): string => {
  let hex = "\\x"
  for (const byte of value) hex += byte.toString(16).padStart(2, "0")
  return hex
}

const quoteElement = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`

/** An array as PostgreSQL reads it from text; `element` gives the text of what is neither null nor an array. */
export const arrayText = (
  values: ReadonlyArray<unknown>,
  element: (value: unknown) => ValueText,
  depth = 0
): ValueText => {
  if (depth === maxDimensions) return tooDeep
  const texts: Array<string> = []
  // a hole is read as undefined
  for (const value of Array.from(values)) {
    if (value === null) texts.push("NULL")
    else {
      const text = Array.isArray(value)
        ? arrayText(value, element, depth + 1)
        : Result.map(element(value), quoteElement)
      if (Result.isFailure(text)) return text
      texts.push(text.success)
    }
  }
  // PostgreSQL before 17 reads no empty arrays inside of an array
  return Result.succeed(texts.every((text) => text === "{}") ? "{}" : `{${texts.join(",")}}`)
}

/** The number as PostgreSQL's `numeric` writes it, which is what a literal of `sql` is in a text column. */
const numberText = (value: number): string => {
  if (Object.is(value, -0)) return "-0"
  const [digits = "", exponent] = String(value).split("e")
  if (exponent === undefined) return digits
  const sign = value < 0 ? "-" : ""
  const [whole = "", fraction = ""] = digits.replace("-", "").split(".")
  const shift = Number(exponent)
  return shift > 0
    ? `${sign}${whole}${fraction.padEnd(shift, "0")}`
    : `${sign}0.${"0".repeat(-shift - 1)}${whole}${fraction}`
}

/** The text of a value that is neither null nor an array; `undefined` where it has none. */
export const scalarText = (value: unknown): ValueText | undefined => {
  switch (typeof value) {
    case "string":
      return stringText(value)
    case "number":
      return Result.succeed(numberText(value))
    case "bigint":
    case "boolean":
      return Result.succeed(String(value))
    case "object":
      break
    default:
      return undefined
  }
  if (value instanceof Uint8Array) return Result.succeed(bytesText(value))
  const instant = value === null ? undefined : instantOf(value)
  // as PostgreSQL writes it in UTC, so that a text column holds the same as from a literal
  return instant && Result.map(isoText(instant), (text) => text.replace("T", " ").replace(/\.?0*Z/, "+00"))
}

const accepted = "a string, number, bigint, boolean, null, Date, DateTime, Uint8Array or array"

/** Why a value has no text. */
export const refusal = (value: unknown): string => {
  if (value === undefined) return "use null for NULL"
  if (isRedacted(value)) return "a secret does not go into SQL text, which servers log"
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return "give bytes as a Uint8Array"
  return `give ${accepted}; sql.json for JSON`
}

/** A value's text, where reading it may throw: it can be a proxy or have getters. */
export const reading = (read: () => ValueText): ValueText =>
  Result.flatMap(Result.try({ try: read, catch: () => "reading it throws; give a plain value" }), identity)
