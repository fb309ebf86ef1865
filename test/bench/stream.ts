/** Throughput and memory of `CopySql.to` and `Sql.stream`, with and without a schema, beside `fetch` on the same bodies. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { run } from "../runtimes/commands.ts"
import { less, more, type Report } from "./frame/Report.ts"
import { startServer } from "./startServer.ts"
import { copyBytes, rowBlock, rowCount } from "./workload.ts"

const rounds = 3
const megabyte = 1_000_000

/** The memory that a stream may add at most. */
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

const size = (rowBlock.text.length * rowCount) / rowBlock.rows

const comparisons = [
  { title: `A COPY of ${copyBytes / megabyte} MB`, size: copyBytes, baseline: "fetch-copy", others: ["CopySql.to"] },
  {
    title: `${rowCount / megabyte} million rows`,
    size,
    baseline: "fetch-rows",
    others: ["Sql.stream", "Sql.stream, schema"]
  }
]

/** Each measurement runs in a process of its own, which drains a tenth of the data first. */
export const bench: Effect.Effect<Report> = Effect.gen(function* () {
  const port = yield* startServer
  const failures: Array<string> = []
  const tables = yield* Effect.forEach(comparisons, ({ baseline, others, size, title }) =>
    Effect.gen(function* () {
      const names = [baseline, ...others]
      const measured = new Map<string, Array<Measurement>>(names.map((name) => [name, []]))
      for (let round = 0; round < rounds; round++) {
        for (const name of names) measured.get(name)?.push(yield* measure(name, port))
      }
      const rows = [...measured].map(([name, all]) => ({
        name,
        cells: {
          throughput: more("MB/s", ...all.map(({ seconds }) => size / seconds / megabyte)),
          "memory added": less("MB", ...all.map(({ growth }) => growth / megabyte)),
          "peak memory": less("MB", ...all.map(({ peak }) => peak / megabyte))
        }
      }))
      for (const name of others) {
        const most = Math.max(...(measured.get(name) ?? []).map(({ growth }) => growth))
        if (most >= memoryLimit)
          failures.push(`${name} adds ${most / megabyte} MB, more than ${memoryLimit / megabyte}`)
      }
      return { title, baseline, rows }
    })
  )
  return { tables, failures }
}).pipe(Effect.scoped, Effect.orDie, Effect.provide(NodeServices.layer))
