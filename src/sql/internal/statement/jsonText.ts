/** JSON for `json` and `jsonb`, without what `JSON.stringify` would turn into something else. */
import { isRedacted } from "effect/Redacted"
import * as Result from "effect/Result"
import { instantOf, stringText, type ValueText } from "./valueText.ts"

/** Objects whose own properties are what they hold: not a Map, a buffer, a promise or an error. */
const isRecord = (value: object): boolean => Object.prototype.toString.call(value) === "[object Object]"

/** Whether JSON holds a value as it is: `given` is what its holder has, `written` what its `toJSON` makes of it. */
const isJson = (given: unknown, written: unknown, inArray: boolean): boolean => {
  switch (typeof given) {
    case "boolean":
      return true
    case "number":
      return Number.isFinite(given)
    case "string":
      return Result.isSuccess(stringText(given))
    case "undefined":
      return !inArray
    case "object":
      break
    default:
      return false
  }
  if (given === null || Array.isArray(given)) return true
  const instant = instantOf(given)
  if (instant !== undefined) return !Number.isNaN(instant.getTime())
  if (isRedacted(given)) return false
  return written === given
    ? isRecord(given) && Object.keys(given).every((key) => isJson(key, key, false))
    : written === null || typeof written !== "object"
}

const remedy =
  "JSON holds plain objects, arrays, text without NUL, finite numbers, booleans, null and dates; " +
  "no bigint, Map, bytes, secret, cycle, or undefined in an array"

/** The text of a value as JSON, or what to give instead. */
export const jsonText = (value: unknown): ValueText => {
  let isValid = true
  const text = Result.try({
    try: (): string | undefined =>
      JSON.stringify(value, function (this: unknown, key: string, written: unknown) {
        isValid &&= isJson(Reflect.get(Object(this), key), written, Array.isArray(this))
        return written
      }),
    catch: () => remedy
  })
  return Result.filterOrFail(
    text,
    (written): written is string => isValid && written !== undefined,
    () => remedy
  )
}
