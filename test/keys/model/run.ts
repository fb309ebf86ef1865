/** `npm run faults -- model`: two calls on the same keys in all orders, with crashes, and in random orders on the embedded CARTO. */
import * as Effect from "effect/Effect"
import process from "node:process"
import { Emulator } from "../../../src/emulator/index.ts"
import { randomFrom } from "../../support/hostile.ts"
import { makeEmulatorApi } from "./EmulatorApi.ts"
import { nameOf, pairs, scenarioOf } from "./scenarios.ts"
import { type Bounds, explore, sample } from "./schedules.ts"

const write = (line: string): void => void process.stdout.write(`${line}\n`)

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Runs every pair whose name contains a text in all orders within the bounds. Answers how many pairs break a rule. */
const runAll = async (bounds: Bounds, filter: string): Promise<number> => {
  let broken = 0
  let total = 0
  for (const pair of pairs) {
    if (!nameOf(pair).includes(filter)) continue
    try {
      const orders = await explore(scenarioOf(pair), bounds)
      total += orders
      write(`${nameOf(pair)}: ${orders} orders`)
    } catch (error) {
      broken++
      write(`${nameOf(pair)}: ${messageOf(error)}`)
    }
  }
  write(
    `${total} orders with at most ${bounds.switches} switches and ${bounds.crashes} crashes; ${broken} pairs break a rule`
  )
  return broken
}

/** Runs pairs in so many orders at random on the embedded CARTO. Answers how many break a rule. */
const runRandom = async (rounds: number, filter: string): Promise<number> => {
  const random = randomFrom(rounds)
  const chosen = pairs.filter((pair) => nameOf(pair).includes(filter))
  let broken = 0
  await Effect.runPromise(
    Effect.gen(function* () {
      const emulator = yield* Emulator
      for (let round = 0; round < rounds; round++) {
        const pair = chosen[round % chosen.length]
        if (pair === undefined) return
        yield* Effect.promise(async () => {
          try {
            await sample(
              scenarioOf(pair, () => makeEmulatorApi(emulator)),
              { switches: 99, crashes: 1 },
              random
            )
          } catch (error) {
            broken++
            write(`${nameOf(pair)}: ${messageOf(error)}`)
          }
        })
        if ((round + 1) % 100 === 0) write(`${round + 1} rounds`)
      }
    }).pipe(Effect.provide(Emulator.layer({ postgis: false, accounts: [{ username: "demo" }] })))
  )
  write(`${rounds} rounds at random on the embedded CARTO; ${broken} break a rule`)
  return broken
}

export interface ModelOptions extends Bounds {
  /** How many orders at random run on the embedded CARTO. */
  readonly rounds: number
  /** A part of the names of pairs. */
  readonly filter: string
}

/** Runs the model. Answers how many rules were broken. */
export const runModel = async ({ filter, rounds, ...bounds }: ModelOptions): Promise<number> =>
  (await runAll(bounds, filter)) + (rounds === 0 ? 0 : await runRandom(rounds, filter))
