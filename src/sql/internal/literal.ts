/** Values as PostgreSQL literals. */
import * as Result from "effect/Result"
import {
  arrayText,
  bytesText,
  instantOf,
  isoText,
  maxDimensions,
  reading,
  refusal,
  scalarText,
  stringText,
  tooDeep,
  type ValueText
} from "./statement/valueText.ts"

/**
 * The server itself looks for `--` in a statement that it pages or orders, and for `<%= … %>` in callbacks of jobs, in quotes
 * too: literals are parted there, which PostgreSQL joins again.
 */
const taken = /-(?=-)|<(?=%)/g

/** `E'…'` wherever there is a backslash: there it means the same under both settings of `standard_conforming_strings`. */
const quote = (text: string): string => {
  const quoted = `'${text.replaceAll("'", "''").replace(taken, "$&'\n'")}'`
  return text.includes("\\") ? `E${quoted.replaceAll("\\", "\\\\")}` : quoted
}

const number = (value: number): string => {
  if (Number.isNaN(value)) return "'NaN'::float8"
  if (value === Infinity) return "'Infinity'::float8"
  if (value === -Infinity) return "'-Infinity'::float8"
  if (Object.is(value, -0)) return "'-0'::float8"
  // parentheses, since `-` and a negative number would begin a comment
  return value < 0 ? `(${value})` : String(value)
}

/** Whether a number has no literal of its own without a type: -0, NaN, and the infinities. */
const isSpecial = (value: unknown): boolean =>
  typeof value === "number" && (Object.is(value, -0) || !Number.isFinite(value))

/** Whether an item of an array, at any depth, is such. */
const some = (values: ReadonlyArray<unknown>, test: (item: unknown) => boolean, depth: number): boolean =>
  depth < maxDimensions &&
  Array.from(values).some((item) => (Array.isArray(item) ? some(item, test, depth + 1) : test(item)))

const isTyped = (item: unknown): boolean => item !== null && typeof item !== "string"

/**
 * As typed as its elements are alone. Strings and NULL become one literal without a type, since `ARRAY['a']` is `text[]`
 * whatever the column is. So do numbers beside one that only float8 has, which would round the others.
 */
const array = (values: ReadonlyArray<unknown>, depth: number): ValueText => {
  if (depth === maxDimensions) return tooDeep
  return !some(values, isTyped, depth) || some(values, isSpecial, depth)
    ? Result.map(
        arrayText(values, (item) => scalarText(item) ?? Result.fail(refusal(item)), depth),
        quote
      )
    : Result.map(
        Result.all(Array.from(values, (item: unknown) => write(item, depth + 1))),
        (items) => `ARRAY[${items.join(", ")}]`
      )
}

const write = (value: unknown, depth = 0): ValueText => {
  switch (typeof value) {
    case "string":
      return Result.map(stringText(value), quote)
    case "number":
      return Result.succeed(number(value))
    case "bigint":
      return Result.succeed(value < 0n ? `(${value})` : String(value))
    case "boolean":
      return Result.succeed(value ? "TRUE" : "FALSE")
    case "object":
      break
    default:
      return Result.fail(refusal(value))
  }
  if (value === null) return Result.succeed("NULL")
  if (Array.isArray(value)) return array(value, depth)
  if (value instanceof Uint8Array) return Result.succeed(`${quote(bytesText(value))}::bytea`)
  const instant = instantOf(value)
  return instant === undefined
    ? Result.fail(refusal(value))
    : Result.map(isoText(instant), (text) => `'${text}'::timestamptz`)
}

/** A value as a literal, or what to do instead. */
export const literal = (value: unknown): ValueText =>
  typeof value === "object" && value !== null ? reading(() => write(value)) : write(value)
