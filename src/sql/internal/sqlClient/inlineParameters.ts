/** Text with `$1`, `$2` … and their values as one statement: the SQL API has no bind parameters. */
import * as Result from "effect/Result"
import { isFragment } from "effect/sql/Statement"
import type { InvalidInput } from "../../../errors/Call.ts"
import { refuse } from "../../../errors/internal/invalidInput.ts"
import { tokens } from "../lexer.ts"
import { interleave, type Statement } from "../statement/segments.ts"

/** A list may hold fragments that are one value, which no compiler takes apart. */
const unwrap = (value: unknown): unknown => {
  if (!isFragment(value)) return value
  const [segment, ...others] = value.segments
  return segment?._tag === "Parameter" && others.length === 0 ? segment.value : value
}

/** The parameters of a text in order: not what looks like one inside quotes, comments or names. */
const parametersOf = (text: string) =>
  tokens(text, true)
    .filter(({ kind }) => kind === "parameter")
    .map(({ end, start }) => ({ start, end, number: Number(text.slice(start + 1, end)) }))

/**
 * Each parameter becomes a value of the statement, which refuses it where it would not stay one. So does a number
 * without a value, and a value without a number: its place is then inside quotes, a comment or a name.
 */
export const inlineParameters = (
  text: string,
  values: ReadonlyArray<unknown>
): Result.Result<Statement, InvalidInput> => {
  const places = values.length === 0 ? [] : parametersOf(text)
  const missing = places.find(({ number }) => number < 1 || number > values.length)
  if (missing !== undefined) {
    return refuse(`$${missing.number}`, undefined, `the statement has ${values.length} values`)
  }
  const used = new Set(places.map(({ number }) => number))
  for (const [index, value] of values.entries()) {
    if (!used.has(index + 1)) {
      return refuse(
        `value ${index + 1}`,
        value,
        "it has no place of its own: a value stays outside of quotes, comments and names"
      )
    }
  }
  const texts = places.map(({ start }, index) => text.slice(places[index - 1]?.end ?? 0, start))
  return Result.succeed(
    interleave(
      [...texts, text.slice(places.at(-1)?.end ?? 0)],
      places.map(({ number }) => unwrap(values[number - 1]))
    )
  )
}
