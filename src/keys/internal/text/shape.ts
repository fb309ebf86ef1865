/** Compares data from a file with the shape that it should have, and says the first thing that is wrong. */
import { InvalidInput } from "../../../errors/Call.ts"
import { describe } from "../../../errors/internal/invalidInput.ts"
import { isObject } from "../../../errors/internal/json.ts"
import { quote } from "../../../errors/internal/printable.ts"

/** What a value should be. */
export type Shape =
  | { readonly type: "boolean" | "string" }
  | { readonly oneOf: ReadonlyArray<string> }
  | { readonly listOf: Shape }
  | { readonly fields: Readonly<Record<string, Shape>>; readonly required: ReadonlyArray<string> }

const nameOf = (shape: Shape): string => {
  if ("type" in shape) return shape.type === "string" ? "a string" : "true or false"
  if ("oneOf" in shape) return `one of ${shape.oneOf.join(", ")}`
  return "listOf" in shape ? "an array" : `an object with ${shape.required.join(" and ")}`
}

/** How many letters two words do not share at their places; the shorter the better. */
const distance = (self: string, that: string): number => {
  let row = Array.from({ length: that.length + 1 }, (_, index) => index)
  for (const [index, char] of [...self].entries()) {
    let diagonal = index
    const next = [index + 1]
    for (const [at, other] of [...that].entries()) {
      next.push(Math.min((row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1, diagonal + (char === other ? 0 : 1)))
      diagonal = row[at + 1] ?? 0
    }
    row = next
  }
  return row.at(-1) ?? 0
}

/** The known word that a misspelt one may stand for. */
const suggest = (word: string, known: ReadonlyArray<string>): string | undefined =>
  known.find((other) => other.toLowerCase() === word.toLowerCase()) ??
  (word.length > 40 ? undefined : known.find((other) => distance(word, other) <= 2))

const show = (value: unknown): string =>
  typeof value === "string" && value.length <= 40 ? quote(value) : describe(value)

/** What is wrong with a value; `undefined` if nothing is. */
export const findProblem = (
  value: unknown,
  shape: Shape,
  path: ReadonlyArray<string> = []
): InvalidInput | undefined => {
  const fail = (at: ReadonlyArray<string>, received: string, remedy: string) =>
    new InvalidInput({
      field: at.length === 0 ? "the file" : at.map((part) => quote(part).slice(1, -1)).join("."),
      received,
      remedy
    })
  const isWrong = () => fail(path, show(value), `give ${nameOf(shape)}`)
  if ("type" in shape) return typeof value === shape.type ? undefined : isWrong()
  if ("oneOf" in shape) {
    if (typeof value === "string" && shape.oneOf.includes(value)) return undefined
    const meant = typeof value === "string" ? suggest(value, shape.oneOf) : undefined
    return meant === undefined ? isWrong() : fail(path, show(value), `did you mean "${meant}"?`)
  }
  if ("listOf" in shape) {
    if (!Array.isArray(value)) return isWrong()
    for (const [index, item] of value.entries()) {
      const problem = findProblem(item, shape.listOf, [...path, String(index)])
      if (problem !== undefined) return problem
    }
    return undefined
  }
  if (!isObject(value)) return isWrong()
  const known = Object.keys(shape.fields)
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue
    const meant = suggest(name, known)
    const remedy = meant === undefined ? `use ${known.join(", ")}` : `did you mean "${meant}"?`
    return fail([...path, name], "not a known property", remedy)
  }
  const missing = shape.required.find((name) => value[name] === undefined)
  if (missing !== undefined) return fail([...path, missing], "missing", "add it")
  for (const [name, field] of Object.entries(shape.fields)) {
    const problem = value[name] === undefined ? undefined : findProblem(value[name], field, [...path, name])
    if (problem !== undefined) return problem
  }
  return undefined
}
