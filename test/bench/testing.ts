/** The time that a test waits for an account of its own, with a table and a key. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import process from "node:process"
import { sql } from "../../src/index.ts"
import { less, type Report } from "./frame/Report.ts"
import { Grants, TestServer } from "../../src/testing/index.ts"

const runs = 200

/** Milliseconds that passed, and milliseconds of processor time of this process. */
const measure = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const cpu = process.cpuUsage()
    const began = yield* Clock.currentTimeNanos
    yield* effect
    const passed = Number((yield* Clock.currentTimeNanos) - began) / 1e6
    const { system, user } = process.cpuUsage(cpu)
    return { passed, computed: (system + user) / 1000 }
  })

const measured = Effect.gen(function* () {
  const server = yield* TestServer
  const account = Effect.scoped(
    server.account({
      seed: [sql`CREATE TABLE places (id int PRIMARY KEY, name text)`, sql`INSERT INTO places VALUES (1, 'here')`],
      keys: { reader: { tables: [Grants.table("places", ["select"])] } }
    })
  )
  const first = yield* measure(account)
  const all = yield* Effect.forEach(Array.from({ length: runs }), () => measure(account))
  const row = (name: string, of: ReadonlyArray<{ readonly passed: number; readonly computed: number }>) => ({
    name,
    cells: {
      "time passed": less("ms", ...of.map(({ passed }) => passed)),
      "processor time": less("ms", ...of.map(({ computed }) => computed))
    }
  })
  const title = "An account for a test"
  return { tables: [{ title, rows: [row("the first", [first]), row(`each of ${runs} more`, all)] }], failures: [] }
})

export const bench: Effect.Effect<Report> = measured.pipe(Effect.provide(TestServer.layer()), Effect.orDie)
