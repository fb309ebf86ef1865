import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { type DurationRange, readDuration } from "../../../src/errors/internal/duration.ts"

const read = (input: unknown, range?: DurationRange): string | number => {
  // JavaScript callers are not held by the type
  const result: Result.Result<Duration.Duration, Error> = Reflect.apply(readDuration, undefined, [
    "grace",
    input,
    range
  ])
  return Result.match(result, { onSuccess: Duration.toMillis, onFailure: ({ message }) => message })
}

const remedy = 'give a duration, such as "30 seconds", "10 minutes" or 5000 (milliseconds)'

describe("readDuration", () => {
  it.each<[unknown, number]>([
    [0, 0],
    [1500, 1500],
    [0.5, 0.5],
    [2_000_000n, 2],
    ["10 minutes", 600_000],
    [[2, 500_000_000], 2500],
    [{ minutes: 1, seconds: 30 }, 90_000],
    [Duration.seconds(3), 3000]
  ])("a duration %o is read", (input, millis) => {
    assert.strictEqual(read(input), millis)
  })

  it.each<[unknown, string]>([
    [Number.NaN, "NaN"],
    ["10 minuts", '"10 minuts"'],
    ["5s", '"5s"'],
    ["", '""'],
    ["\u001B[2J", '"\\u001b[2J"'],
    ["x".repeat(40), "a string of 40 characters"],
    [null, "null"],
    [true, "true"],
    [[1], "an array of 1"],
    [[Number.NaN, 1], "an array of 2"],
    [{}, "an object"],
    [{ second: 5 }, "an object"],
    [{ seconds: 5, minuts: 1 }, "an object"],
    [{ seconds: "5" }, "an object"],
    [{ seconds: Number.NaN }, "an object"],
    [{ months: 1 }, "an object"],
    [new Date(0), "a Date"],
    [() => 5, "a function"]
  ])("%o is not a duration", (input, received) => {
    assert.strictEqual(read(input), `grace is ${received}: ${remedy}`)
  })

  it.each<[unknown, string]>([
    [-1, "-1 millis"],
    [-1n, "-1 nanos"],
    ["-5 seconds", '"-5 seconds"'],
    [{ seconds: -1 }, "-1000 millis"],
    [-Infinity, "-Infinity"],
    ["-Infinity", '"-Infinity"'],
    [Duration.seconds(-1), "-1000 millis"]
  ])("a negative duration %o is refused", (input, received) => {
    assert.strictEqual(read(input, { infinite: true }), `grace is ${received}: give a duration of zero or more`)
  })

  it("infinity and zero are refused or accepted as the option says", () => {
    assert.strictEqual(read("Infinity"), 'grace is "Infinity": give a finite duration')
    assert.strictEqual(read(Infinity), "grace is Infinity: give a finite duration")
    assert.strictEqual(read("Infinity", { infinite: true }), Infinity)
    assert.strictEqual(read(0, { positive: true }), "grace is 0 millis: give a duration of more than zero")
  })
})
