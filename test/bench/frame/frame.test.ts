/** The tables that benchmarks print. */
import { assert, describe, it } from "vitest"
import { compare } from "./against.ts"
import { median, quantile } from "./median.ts"
import { render } from "./render.ts"
import { less, more, type Quantity, type Report } from "./Report.ts"

const report = (ours: Quantity, floor: Quantity): Report => ({
  tables: [
    {
      title: "A call",
      baseline: "floor",
      rows: [
        { name: "floor", cells: { time: floor } },
        { name: "ours", cells: { time: ours } }
      ]
    }
  ],
  failures: []
})

const cells = (line: string): ReadonlyArray<string> => line.split("|").map((cell) => cell.trim())

const lineOf = (text: string, name: string): ReadonlyArray<string> =>
  cells(text.split("\n").find((line) => cells(line)[1] === name) ?? "")

describe("the reports of benchmarks", () => {
  it("the median of an even count is the mean of the two values in the middle", () => {
    assert.strictEqual(median([4, 1, 3, 2]), 2.5)
    assert.strictEqual(quantile([0, 10], 0.75), 7.5)
  })

  it("a table shows medians, their spread and the ratio to the baseline of the same run", () => {
    const text = render(report(less("ms", 3, 2, 4, 3, 3), less("ms", 2, 2, 2)))
    assert.deepStrictEqual(lineOf(text, "ours"), ["", "ours", "3 ms ± 0 %", "1.50", ""])
    assert.deepStrictEqual(lineOf(text, "floor"), ["", "floor", "2 ms ± 0 %", "1.00", ""])
  })

  it("a report names its failures", () => {
    assert.include(render({ tables: [], failures: ["a call failed"] }), "FAILED: a call failed")
  })

  it("a comparison marks a ratio that got worse by more than 10 %, whatever the machine's speed", () => {
    const before = [report(less("ms", 2), less("ms", 1))]
    const slowerMachine = [report(less("ms", 4.2), less("ms", 2))]
    assert.deepStrictEqual(lineOf(compare(before, slowerMachine), "A call: ours").slice(-3), ["+5 %", "", ""])
    const worse = [report(less("ms", 2.3), less("ms", 1))]
    assert.deepStrictEqual(lineOf(compare(before, worse), "A call: ours").slice(-3), ["+15 %", "WORSE", ""])
  })

  it("a comparison knows whether more is better", () => {
    const table = (value: number): Report => ({
      tables: [{ title: "A stream", rows: [{ name: "ours", cells: { throughput: more("MB/s", value) } }] }],
      failures: []
    })
    assert.deepStrictEqual(lineOf(compare([table(100)], [table(80)]), "A stream: ours").slice(-3), [
      "-20 %",
      "WORSE",
      ""
    ])
    assert.deepStrictEqual(lineOf(compare([table(80)], [table(100)]), "A stream: ours").slice(-3), [
      "+25 %",
      "better",
      ""
    ])
  })
})
