/** The matchers of the case format, which report each wrong value with its path. */
import type * as Schema from "effect/Schema"

type Json = Schema.Json

const isArray = (value: Json | undefined): value is ReadonlyArray<Json> => Array.isArray(value)

const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !isArray(value)

const print = (value: Json | undefined): string => JSON.stringify(value) ?? "nothing"

const wrong = (path: string, expected: string, got: Json | undefined): ReadonlyArray<string> => [
  `${path || "body"}: expected ${expected}, got ${print(got)}`
]

const matchString = (expected: string, got: Json | undefined, path: string): ReadonlyArray<string> => {
  const holds = (condition: boolean, name = expected) => (condition ? [] : wrong(path, name, got))
  if (expected === "$string") return holds(typeof got === "string")
  if (expected === "$int") return holds(Number.isInteger(got))
  if (expected === "$bool") return holds(typeof got === "boolean")
  if (expected === "$any") return holds(got !== undefined)
  if (expected === "$absent") return holds(got === undefined)
  if (expected.startsWith("$re:")) {
    const text = typeof got === "string" ? got : typeof got === "number" ? String(got) : undefined
    return holds(text !== undefined && new RegExp(expected.slice(4)).test(text))
  }
  return holds(got === expected, print(expected))
}

/** Whether every expectation can have an item of its own. */
const pairUp = (expected: ReadonlyArray<Json>, items: ReadonlyArray<Json>): boolean => {
  const [first, ...rest] = expected
  if (first === undefined) return true
  return items.some((item, index) => shapeProblems(first, item).length === 0 && pairUp(rest, items.toSpliced(index, 1)))
}

const matchOperator = (name: string, operand: Json, got: Json | undefined, path: string): ReadonlyArray<string> => {
  const holds = (condition: boolean) => (condition ? [] : wrong(path, print({ [name]: operand }), got))
  if (name === "$not") return holds(shapeProblems(operand, got).length > 0)
  if (!isArray(got)) return holds(false)
  if (name === "$len") return holds(got.length === operand)
  const members = isArray(operand) ? operand : [operand]
  if (name === "$contains") {
    return holds(members.every((member) => got.some((item) => shapeProblems(member, item).length === 0)))
  }
  return holds(got.length === members.length && pairUp(members, got))
}

const operators = new Set(["$len", "$contains", "$set", "$not"])

/** Problems of a value that must match a shape: objects may have more members. */
export const shapeProblems = (expected: Json, got: Json | undefined, path = ""): ReadonlyArray<string> => {
  if (typeof expected === "string") return matchString(expected, got, path)
  if (isArray(expected)) {
    if (!isArray(got) || got.length !== expected.length) return wrong(path, `${expected.length} elements`, got)
    return expected.flatMap((item, index) => shapeProblems(item, got[index], `${path}[${index}]`))
  }
  if (isObject(expected)) {
    const entries = Object.entries(expected)
    const [operator] = entries
    if (entries.length === 1 && operator !== undefined && operators.has(operator[0])) {
      return matchOperator(operator[0], operator[1], got, path)
    }
    if (!isObject(got)) return wrong(path, "an object", got)
    return entries.flatMap(([name, member]) =>
      shapeProblems(member, Object.hasOwn(got, name) ? got[name] : undefined, path === "" ? name : `${path}.${name}`)
    )
  }
  return got === expected ? [] : wrong(path, print(expected), got)
}

const sorted = (value: Json): Json =>
  isArray(value)
    ? value.map(sorted)
    : isObject(value)
      ? Object.fromEntries(
          Object.entries(value)
            .toSorted(([left], [right]) => (left < right ? -1 : 1))
            .map(([name, member]) => [name, sorted(member)])
        )
      : value

/** Problems of a value that must be equal. */
export const equalityProblems = (expected: Json, got: Json | undefined, path = ""): ReadonlyArray<string> =>
  got !== undefined && print(sorted(expected)) === print(sorted(got)) ? [] : wrong(path, print(expected), got)
