/**
 * The embedded CARTO under 10,000 connections at once and under a burst of statements without end: the time that other
 * requests wait for their responses.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { Emulator, listen } from "../../src/emulator/index.ts"
import { less, more, type Report } from "./frame/Report.ts"

const wanted = 10_000

/** The number of files that a process may open. Some of them are not connections. */
const openFiles = (): number => {
  try {
    const limit = execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }).trim()
    return limit === "unlimited" ? Infinity : Number(limit)
  } catch {
    return 1024
  }
}

const connections = Math.min(wanted, openFiles() - 200)

/** A process that opens the connections, sends a request on each, and prints the number of responses. */
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
  const row = (name: string, ...waits: ReadonlyArray<number>) => ({
    name,
    cells: { "time to a response": less("ms", ...waits) }
  })
  const several = (username: string) => Effect.forEach(Array.from({ length: 20 }), () => milliseconds(served(username)))
  const alone = row("alone", ...(yield* several("other")))

  const child = yield* crowd(port)
  const open = Number(yield* line(child))
  const beside = row(`beside ${connections} open connections`, ...(yield* several("other")))
  child.stdin.write("go\n")
  const answered = Number(yield* line(child))

  yield* emulator.execute(
    "attacker",
    "DO $$ BEGIN EXECUTE 'ALTER ROLE ' || quote_ident(current_user) || ' SET statement_timeout = 100'; END $$"
  )
  const endless = Array.from({ length: 5 }, () => ask("attacker", "DO $$ BEGIN LOOP END LOOP; END $$"))
  const burst = yield* Effect.forkChild(Effect.all(endless, { concurrency: "unbounded" }))
  const besideEndless = row(`beside ${endless.length} statements without end`, ...(yield* several("other")))
  const timeouts = (yield* Fiber.join(burst)).filter((answer) => answer.startsWith("429")).length
  const after = row("after them, for their sender", yield* milliseconds(served("attacker")))
  const counts = {
    name: "counts",
    cells: {
      "connections opened": more("", open),
      "responses of status 200": more("", answered),
      "statements ended by a timeout": more("", timeouts),
      memory: less("MB", process.memoryUsage.rss() / 1e6)
    }
  }
  return {
    tables: [
      { title: "Responses of the embedded CARTO under attack", rows: [alone, beside, besideEndless, after] },
      { title: "The attacks", rows: [counts] }
    ],
    failures:
      timeouts === endless.length
        ? []
        : [`${endless.length - timeouts} statements without end did not end by a timeout`]
  }
})

export const bench: Effect.Effect<Report> = program.pipe(
  Effect.scoped,
  Effect.provide(Emulator.layer({ accounts: [{ username: "attacker" }, { username: "other" }], postgis: false })),
  Effect.orDie
)
