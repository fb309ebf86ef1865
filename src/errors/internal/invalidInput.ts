import * as Result from "effect/Result"
import { InvalidInput } from "../Call.ts"

/** The shape of a bad value, for an error: never its text, which may be a secret that was put in the wrong place. */
export const describe = (value: unknown): string =>
  Result.getOrElse(
    // a proxy or a getter may throw
    Result.try(() => shapeOf(value)),
    () => "an object that cannot be read"
  )

const shapeOf = (value: unknown): string => {
  if (typeof value === "string") {
    return value.trim() === ""
      ? value === ""
        ? "an empty string"
        : "a blank string"
      : `a string of ${value.length} characters`
  }
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : `an array of ${value.length}`
  if (typeof value === "function") return "a function"
  if (typeof value !== "object" || value === null) return String(value)
  const { name } = value.constructor ?? {}
  return typeof name === "string" && name !== "Object" ? `a ${name}` : "an object"
}

/** Why a value cannot work: its field, its shape, and what to do. */
export const invalidInput = (field: string, value: unknown, remedy: string): InvalidInput =>
  new InvalidInput({ field, received: describe(value), remedy })

export const refuse = (field: string, value: unknown, remedy: string): Result.Result<never, InvalidInput> =>
  Result.fail(invalidInput(field, value, remedy))
