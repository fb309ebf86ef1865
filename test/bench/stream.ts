/** `CopySql.to` and `Sql.stream`, with a schema and without, against draining the same bodies with `fetch`: time as a ratio, and memory. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { run } from "../runtimes/commands.ts"
import { median } from "./median.ts"
import { startServer } from "./startServer.ts"
import { copyBytes, rowBlock, rowCount } from "./workload.ts"

const rounds = 3
const megabyte = 1_000_000

/** What memory may grow by at most. */
const memoryLimit = 100 * megabyte

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const Measurement = Schema.fromJsonString(
  Schema.Struct({ seconds: Schema.Finite, peak: Schema.Finite, growth: Schema.Finite })
)
type Measurement = typeof Measurement.Type

const measure = Effect.fnUntraced(function* (name: string, port: string) {
  const { exitCode, stderr, stdout } = yield* run(process.execPath, [file("client.ts"), name, port])
  if (exitCode !== 0) return yield* Effect.die(new Error(`${name}: ${stderr}`))
  return yield* Schema.decodeUnknownEffect(Measurement)(stdout)
})

const summary = (measurements: ReadonlyArray<Measurement>) => ({
  seconds: median(measurements.map(({ seconds }) => seconds)),
  peak: Math.max(...measurements.map(({ peak }) => peak)),
  growth: Math.max(...measurements.map(({ growth }) => growth))
})

const size = (rowBlock.text.length * rowCount) / rowBlock.rows

const comparisons = [
  { name: "CopySql.to", against: "fetch-copy", what: `${copyBytes / megabyte} MB`, size: copyBytes },
  { name: "Sql.stream", against: "fetch-rows", what: `${rowCount / megabyte} million rows`, size },
  { name: "Sql.stream, schema", against: "fetch-rows", what: `${rowCount / megabyte} million rows`, size }
]

const row = (...cells: ReadonlyArray<string>): string =>
  cells.map((cell, index) => (index === 0 ? cell.padEnd(36) : cell.padStart(14))).join("")

/** Prints a table; `1` where memory grew too much. */
export const runBench: Effect.Effect<number> = Effect.gen(function* () {
  const port = yield* startServer
  yield* Console.log(
    `Each measurement has a process of its own, which has taken a tenth of it all before: growth is what memory then\n` +
      `rises by at its peak. Medians of ${rounds} rounds; memory is the most of them.\n`
  )
  yield* Console.log(row("", "MB/s", "growth MB", "peak MB", "fetch = 1"))
  let failed = false
  for (const { against, name, size, what } of comparisons) {
    const measured: Array<readonly [Measurement, Measurement]> = []
    for (let round = 0; round < rounds; round++) {
      measured.push([yield* measure(against, port), yield* measure(name, port)])
    }
    const plain = summary(measured.map(([first]) => first))
    const ours = summary(measured.map(([, second]) => second))
    const line = (label: string, { growth, peak, seconds }: Measurement, ratio: number) => {
      const numbers = [size / seconds, growth, peak].map((bytes) => (bytes / megabyte).toFixed(0))
      return Console.log(row(label, ...numbers, ratio.toFixed(2)))
    }
    yield* line(`fetch, ${what}`, plain, 1)
    yield* line(`${name}, ${what}`, ours, plain.seconds / ours.seconds)
    if (ours.growth >= memoryLimit) {
      failed = true
      yield* Console.log(`${name} grows by ${memoryLimit / megabyte} MB or more`)
    }
  }
  return failed ? 1 : 0
}).pipe(Effect.scoped, Effect.orDie, Effect.provide(NodeServices.layer))
