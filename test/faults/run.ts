/**
 * `npm run faults`: every fault under every operation. `npm run faults -- soak`: all of them at once, for a minute.
 * `npm run faults -- model`: two calls on the same keys, in all orders.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import process from "node:process"
import { parseArgs } from "node:util"
import "../requireNode24.js"
import { type Problem, transports } from "./Case.ts"
import { faults } from "./kinds/index.ts"
import { runMatrix } from "./matrix.ts"
import * as Memory from "./Memory.ts"
import { operations } from "./operations/index.ts"
import { csv, problems, summary, table } from "./report.ts"
import { soak } from "./soak/soak.ts"
import { runModel } from "../keys/model/run.ts"
import { strayRejections } from "./strayRejections.ts"
import * as World from "./World.ts"

const usage = `Usage: npm run faults -- [soak [--seconds N] | model [--switches N] [--crashes N] [--rounds N]] [--transport ${transports.join("|")}]
  [--fault TEXT] [--operation TEXT] [--every N] [--csv FILE]\n`

/** MB that the process may take at most: of the databases, and of what answers without end may hold at a time. */
const mostMemory = 2048

const options = {
  transport: { type: "string", default: "fetch" },
  fault: { type: "string", default: "" },
  operation: { type: "string", default: "" },
  every: { type: "string", default: "1" },
  seconds: { type: "string", default: "60" },
  switches: { type: "string", default: "2" },
  crashes: { type: "string", default: "1" },
  rounds: { type: "string", default: "500" },
  csv: { type: "string" }
} as const

const main = async (args: Array<string>): Promise<number> => {
  const { positionals, values } = parseArgs({ args, allowPositionals: true, options })
  const transport = transports.find((one) => one === values.transport)
  const [command = "matrix", ...rest] = positionals
  if (transport === undefined || rest.length > 0 || !["matrix", "model", "soak"].includes(command)) {
    process.stderr.write(usage)
    return 2
  }
  if (command === "model") {
    const broken = await runModel({
      switches: Number(values.switches),
      crashes: Number(values.crashes),
      rounds: Number(values.rounds),
      filter: values.operation
    })
    return broken === 0 ? 0 : 1
  }
  if (command === "soak") {
    return await Effect.runPromise(
      soak({ seconds: Number(values.seconds), fibers: 64 }).pipe(
        Effect.flatMap(({ problems, text }) =>
          Effect.as(
            Console.log([text, ...problems.map(({ description }) => description), summary(problems)].join("\n")),
            problems.length === 0 ? 0 : 1
          )
        ),
        Effect.provide(World.layer)
      )
    )
  }
  return await Effect.runPromise(
    Effect.gen(function* () {
      const memory = yield* Memory.watch
      const stray = yield* strayRejections
      const entries = yield* runMatrix({
        transport,
        pick: (number, fault, operation) =>
          fault.name.includes(values.fault) &&
          operation.name.includes(values.operation) &&
          number % Number(values.every) === 0
      })
      const others: ReadonlyArray<Problem> = [
        ...stray(),
        ...(memory.peak() > mostMemory
          ? [{ kind: "defect" as const, description: "the memory grew by more than its limit" }]
          : [])
      ]
      yield* Console.log(table(entries))
      if (values.csv !== undefined) writeFileSync(values.csv, csv(entries))
      for (const problem of problems(entries)) yield* Console.log(problem)
      for (const { description } of others) yield* Console.log(description)
      yield* Console.log(`${faults.length} faults, ${operations.length} operations, ${entries.length} cases`)
      yield* Console.log(`memory: ${yield* memory.grown} MB grown, at most ${memory.peak()} MB`)
      const found = [...entries.flatMap(({ result }) => result.problems), ...others]
      yield* Console.log(summary(found))
      return found.length === 0 ? 0 : 1
    }).pipe(Effect.scoped, Effect.provide(World.layer))
  )
}

process.exitCode = await main(process.argv.slice(2))
