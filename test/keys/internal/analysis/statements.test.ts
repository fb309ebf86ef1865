/** Tokens of statements, also of statements made to be slow. */
import { assert, describe, it } from "@effect/vitest"
import { split, tokens } from "../../../../src/keys/internal/analysis/statements/sqlTokens.ts"
import { statementKind } from "../../../../src/keys/internal/analysis/statements/statementKind.ts"
import { trialOf } from "../../../../src/keys/internal/analysis/statements/trial.ts"

const hostile: ReadonlyArray<readonly [name: string, piece: string]> = [
  ["dollars", "$"],
  ["dollar quotes", "$a"],
  ["dollar quotes of different tags", "$a$ $b$ "],
  ["open comments", "/*"],
  ["open parentheses", "("],
  ["pairs of parentheses", "()"],
  ["quotes", "'"],
  ["names", '"a'],
  ["dots", "a."],
  ["digits", "7"],
  ["semicolons", ";"],
  ["line comments", "--\n"],
  ["columns", "like a, references b "],
  ["settings", "set a.b "],
  ["letters and marks", "é\u0301"]
]

/** The least time of three runs, in which the machine was disturbed least. */
const least = (run: () => unknown): number =>
  Math.min(
    ...Array.from({ length: 3 }, () => {
      const start = performance.now()
      run()
      return performance.now() - start
    })
  )

describe("a statement", () => {
  it.each(hostile)("a statement of many %s is read in linear time", (_, piece) => {
    const run = (length: number) => {
      const text = piece.repeat(length)
      for (const begin of ["", "CREATE TABLE a ("]) {
        split(begin + text)
        statementKind(begin + text)
        trialOf(begin + text)
      }
    }
    run(1000)
    const [short, long] = [least(() => run(1000)), least(() => run(8000))]
    // eight times the text: a quadratic reading takes 64 times as long
    assert.isBelow(long, Math.max(short, 1) * 32)
  })
  it("a statement is split into words, names, signs and strings", () => {
    assert.deepStrictEqual(
      tokens(`SELECT "A""b", 'x;y' -- c\n/* d */ FROM $t$ ; $t$`).map(({ kind, text }) => `${kind} ${text}`),
      ["word select", 'name A"b', "sign ,", "string ", "word from", "string "]
    )
  })
})
