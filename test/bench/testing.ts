/** How long a test waits for an account of its own, with a table and a key, and what making it costs. */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import process from "node:process"
import { sql } from "../../src/index.ts"
import { Grants, TestServer } from "../../src/testing/index.ts"

const runs = 200

/** Milliseconds that passed, and those that this process computed: the first are more where others compute, too. */
const measure = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const cpu = process.cpuUsage()
    const began = yield* Clock.currentTimeNanos
    yield* effect
    const passed = Number((yield* Clock.currentTimeNanos) - began) / 1e6
    const { system, user } = process.cpuUsage(cpu)
    return { passed, computed: (system + user) / 1000 }
  })

const at = (sorted: ReadonlyArray<number>, share: number): string =>
  `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1)} ms`

const bench = Effect.gen(function* () {
  const server = yield* TestServer
  const account = Effect.scoped(
    server.account({
      seed: [sql`CREATE TABLE places (id int PRIMARY KEY, name text)`, sql`INSERT INTO places VALUES (1, 'here')`],
      keys: { reader: { tables: [Grants.table("places", ["select"])] } }
    })
  )
  yield* Console.log(`the first: ${(yield* measure(account)).passed.toFixed(0)} ms`)
  const all = yield* Effect.forEach(Array.from({ length: runs }), () => measure(account))
  for (const [what, key] of [
    ["passed", "passed"],
    ["processor time", "computed"]
  ] as const) {
    const sorted = all.map((one) => one[key]).toSorted((a, b) => a - b)
    yield* Console.log(
      `${runs} more, ${what}: median ${at(sorted, 0.5)}, p95 ${at(sorted, 0.95)}, most ${at(sorted, 1)}`
    )
  }
  return 0
})

/** Prints median and p95. */
export const runBench: Effect.Effect<number> = bench.pipe(Effect.provide(TestServer.layer()), Effect.orDie)
