/**
 * `npm run bench -- attacks`: the embedded CARTO with 10,000 connections at once, and under a burst of statements that have
 * no end. Prints what others waited for their answers meanwhile.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { Emulator, listen } from "../../src/emulator/index.ts"

const wanted = 10_000

/** Open files that a process may have; some are for other things than connections. */
const openFiles = (): number => {
  try {
    const limit = execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }).trim()
    return limit === "unlimited" ? Infinity : Number(limit)
  } catch {
    return 1024
  }
}

const connections = Math.min(wanted, openFiles() - 200)

/** A process that opens that many connections, sends a request on each, and says how many were answered. */
const crowd = (port: number) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(
        process.execPath,
        [fileURLToPath(new URL("crowd.ts", import.meta.url)), String(port), String(connections)],
        {
          stdio: ["pipe", "pipe", "inherit"]
        }
      )
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

const line = ({ stdout }: ChildProcess) =>
  Effect.promise(async () => {
    if (stdout === null) throw new Error("no output")
    const [data] = await once(stdout, "data")
    return String(data).trim()
  })

const milliseconds = (effect: Effect.Effect<unknown>) =>
  Effect.gen(function* () {
    const before = performance.now()
    yield* effect
    return Math.round(performance.now() - before)
  })

const program = Effect.gen(function* () {
  const emulator = yield* Emulator
  const { port, url } = yield* listen(emulator)
  const { masterKey } = yield* Effect.fromNullishOr(emulator.account("attacker"))
  const ask = (username: string, sql: string) =>
    Effect.promise(async () => {
      const body = new URLSearchParams({ q: sql, api_key: username === "attacker" ? Redacted.value(masterKey) : "" })
      const response = await fetch(`${url}/user/${username}/api/v2/sql`, { method: "POST", body })
      return `${response.status} ${await response.text()}`
    })
  const served = (username: string) =>
    ask(username, "SELECT 1 AS one").pipe(
      Effect.tap((answer) => (answer.startsWith("200") ? Effect.void : Effect.die(new Error(answer))))
    )
  yield* served("other")
  yield* Console.log(`alone: an answer in ${yield* milliseconds(served("other"))} ms`)

  const child = yield* crowd(port)
  yield* Console.log(`${yield* line(child)} of ${connections} connections are open at once`)
  yield* Console.log(`beside them: an answer in ${yield* milliseconds(served("other"))} ms`)
  child.stdin.write("go\n")
  yield* Console.log(`${yield* line(child)} of ${connections} requests at once were answered with 200`)

  yield* emulator.execute(
    "attacker",
    "DO $$ BEGIN EXECUTE 'ALTER ROLE ' || quote_ident(current_user) || ' SET statement_timeout = 100'; END $$"
  )
  const endless = Array.from({ length: 5 }, () => ask("attacker", "DO $$ BEGIN LOOP END LOOP; END $$"))
  const burst = yield* Effect.forkChild(Effect.all(endless, { concurrency: "unbounded" }))
  const waits = yield* Effect.forEach(Array.from({ length: 20 }), () => milliseconds(served("other")))
  yield* Console.log(`beside statements without end: an answer in ${waits.toSorted((a, b) => a - b).at(-1)} ms at most`)
  const timeouts = (yield* Fiber.join(burst)).filter((answer) => answer.startsWith("429")).length
  yield* Console.log(`${timeouts} of ${endless.length} of these ended as by a timeout`)
  yield* Console.log(`after them: an answer in ${yield* milliseconds(served("attacker"))} ms`)
  yield* Console.log(`memory of the process: ${Math.round(process.memoryUsage.rss() / 1e6)} MB`)
  return timeouts === endless.length ? 0 : 1
})

export const runBench: Effect.Effect<number> = program.pipe(
  Effect.scoped,
  Effect.provide(Emulator.layer({ accounts: [{ username: "attacker" }, { username: "other" }], postgis: false })),
  Effect.orDie
)
