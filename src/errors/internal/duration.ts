/** Durations that a caller gives as options. */
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { InvalidInput } from "../Call.ts"
import { describe } from "./invalidInput.ts"
import { isObject } from "./json.ts"
import { quote } from "./printable.ts"

/** What an option takes beyond a finite duration. By default zero is accepted and infinity is not. */
export interface DurationRange {
  /** Whether zero is refused. @default false */
  readonly positive?: boolean | undefined
  /** Whether `"Infinity"` is accepted. @default false */
  readonly infinite?: boolean | undefined
}

const show = (input: unknown, read: Duration.Duration | undefined): string =>
  typeof input === "string" ? quote(input) : read === undefined ? String(input) : String(read)

const units = ["weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"]

/** Whether `Duration.fromInputUnsafe` would read a value as what it says: it takes NaN and misspelled units for zero. */
const isInput = (input: unknown): boolean => {
  if (typeof input === "number") return !Number.isNaN(input)
  if (Array.isArray(input)) return !input.some(Number.isNaN)
  if (!isObject(input) || Duration.isDuration(input)) return true
  const named = [...units, "years", "months"].filter((unit) => input[unit] !== undefined)
  return (
    named.length > 0 &&
    named.every((unit) => (units.includes(unit) ? Number.isFinite(input[unit]) : input[unit] === 0)) &&
    Object.keys(input).every((key) => units.includes(key))
  )
}

/** Reads the duration of the option `field`. Fails with `InvalidInput` for anything that is not a duration in the range. */
export const readDuration = (
  field: string,
  input: Duration.Input,
  { infinite = false, positive = false }: DurationRange = {}
): Result.Result<Duration.Duration, InvalidInput> => {
  const read = Result.getOrUndefined(
    Result.try({ try: () => (isInput(input) ? Duration.fromInputUnsafe(input) : undefined), catch: () => undefined })
  )
  // what is short or a number is no secret, and says more than its shape
  const isShown = read !== undefined || typeof input === "number" || (typeof input === "string" && input.length <= 20)
  const refuse = (remedy: string) =>
    Result.fail(new InvalidInput({ field, received: isShown ? show(input, read) : describe(input), remedy }))
  if (read === undefined) return refuse('give a duration, such as "30 seconds", "10 minutes" or 5000 (milliseconds)')
  if (Duration.isNegative(read)) return refuse("give a duration of zero or more")
  if (positive && Duration.isZero(read)) return refuse("give a duration of more than zero")
  if (!infinite && !Duration.isFinite(read)) return refuse("give a finite duration")
  return Result.succeed(read)
}
