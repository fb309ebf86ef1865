/** One measurement in a process of its own: `client.ts CASE PORT`. Prints it as JSON. */
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import process from "node:process"
import { Carto, CopySql, Sql, sql } from "../../src/index.ts"
import { copyBytes, rowBlock, rowCount, tables } from "./workload.ts"

const [name = "", port = ""] = process.argv.slice(2)
const baseUrl = `http://127.0.0.1:${port}/user/demo`

const drain = async (q: string): Promise<number> => {
  const response = await fetch(`${baseUrl}/api/v2/sql/copyto`, { method: "POST", body: new URLSearchParams({ q }) })
  let size = 0
  for await (const chunk of response.body ?? []) size += chunk.length
  return size
}

const sumOf = <A, E, R>(stream: Stream.Stream<A, E, R>, measure: (all: ReadonlyArray<A>) => number) =>
  Effect.suspend(() => {
    let sum = 0
    return Effect.map(
      Stream.runForEachArray(stream, (all) =>
        Effect.sync(() => {
          sum += measure(all)
        })
      ),
      () => sum
    )
  })

const Tornado = Schema.Struct({ id: Schema.Finite, name: Schema.String, magnitude: Schema.Finite, at: Schema.String })

interface Case {
  /** What there is of it. */
  readonly expected: number
  /** Takes all of a table; returns how much that was. */
  readonly run: (table: string) => Effect.Effect<number, unknown, Sql | CopySql>
  readonly table: string
}

const cases: Readonly<Record<string, Case>> = {
  "fetch-copy": {
    expected: copyBytes,
    run: (table) => Effect.promise(() => drain(`COPY ${table} TO STDOUT`)),
    table: tables.copy
  },
  "CopySql.to": {
    expected: copyBytes,
    run: (table) =>
      CopySql.use(({ to }) =>
        sumOf(to(sql`COPY ${sql.identifier(table)} TO STDOUT`), (chunks) =>
          chunks.reduce((size, chunk) => size + chunk.length, 0)
        )
      ),
    table: tables.copy
  },
  "fetch-rows": {
    expected: (rowBlock.text.length * rowCount) / rowBlock.rows,
    run: (table) => Effect.promise(() => drain(`COPY ${table} TO STDOUT`)),
    table: tables.rows
  },
  "Sql.stream": {
    expected: rowCount,
    run: (table) =>
      Sql.use(({ stream }) => sumOf(stream(sql`SELECT * FROM ${sql.identifier(table)}`), (rows) => rows.length)),
    table: tables.rows
  },
  "Sql.stream, schema": {
    expected: rowCount,
    run: (table) =>
      Sql.use(({ stream }) =>
        sumOf(stream(sql`SELECT * FROM ${sql.identifier(table)}`, { schema: Tornado }), (rows) => rows.length)
      ),
    table: tables.rows
  }
}

const layer = Carto.layer({ baseUrl, apiKey: Redacted.make("master") }).pipe(Layer.provide(FetchHttpClient.layer))

const measure = Effect.gen(function* () {
  const { expected, run, table } = cases[name] ?? (yield* Effect.die(new Error(`no case ${name}`)))
  yield* run(tables.warmUp + table)
  const before = process.memoryUsage.rss()
  const started = performance.now()
  const found = yield* run(table)
  const seconds = (performance.now() - started) / 1000
  if (found !== expected) return yield* Effect.die(new Error(`${found} instead of ${expected}`))
  // The kernel's own highest value, in KiB: nothing between two samples is missed.
  const peak = process.resourceUsage().maxRSS * 1024
  return { seconds, peak, growth: peak - before }
})

process.stdout.write(`${JSON.stringify(await Effect.runPromise(Effect.provide(measure, layer)))}\n`)
process.exit()
