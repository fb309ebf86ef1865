/** `npm run faults -- model`: two calls on the same keys in all orders, with crashes. */
import process from "node:process"
import { parseArgs } from "node:util"
import { nameOf, pairs, scenarioOf } from "./scenarios.ts"
import { type Bounds, explore } from "./schedules.ts"

/** Runs every pair, and prints how many orders each has. Answers the number of pairs that break a rule. */
export const runModel = async (bounds: Bounds, filter = ""): Promise<number> => {
  let broken = 0
  for (const pair of pairs) {
    if (!nameOf(pair).includes(filter)) continue
    const begun = performance.now()
    try {
      const orders = await explore(scenarioOf(pair), bounds)
      process.stdout.write(`${nameOf(pair)}: ${orders} orders, ${Math.round(performance.now() - begun)} ms\n`)
    } catch (error) {
      broken++
      process.stdout.write(`${nameOf(pair)}: ${error instanceof Error ? error.message : String(error)}\n`)
    }
  }
  process.stdout.write(
    `orders with at most ${bounds.switches} switches and ${bounds.crashes} crashes; ${broken} pairs break a rule\n`
  )
  return broken
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      switches: { type: "string", default: "2" },
      crashes: { type: "string", default: "1" },
      pair: { type: "string", default: "" }
    }
  })
  process.exitCode = await runModel({ switches: Number(values.switches), crashes: Number(values.crashes) }, values.pair)
}
