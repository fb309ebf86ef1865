/**
 * A soak: many fibers that create, replace and delete keys, write rows, upload and run jobs, over a proxy that breaks one of
 * twenty requests with any fault. Time is real. In the end the state of the server equals the results that they received.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import { Carto } from "../../../src/index.ts"
import { standardRetry } from "../../../src/http/retry.ts"
import { randomFrom } from "../../support/hostile.ts"
import type { Problem } from "../Case.ts"
import type { Incoming } from "../Http.ts"
import { faults } from "../kinds/index.ts"
import * as Memory from "../Memory.ts"
import * as Proxy from "../Proxy.ts"
import { strayRejections } from "../strayRejections.ts"
import { World } from "../World.ts"
import { actions, type Fiber } from "./actions.ts"
import * as Ledger from "./Ledger.ts"

export interface SoakOptions {
  readonly seconds: number
  readonly fibers: number
}

export interface Soaked {
  readonly operations: number
  readonly text: string
  readonly problems: ReadonlyArray<Problem>
}

/** One of this many requests is broken. */
const oneOf = 20
/** MB by which what is held may grow from the first quarter to the end: the server keeps jobs and rows. */
const mayGrow = 64

/** Breaks one of twenty requests, each time in the way that was not used for longest, so that all have their turn. */
const plan = (random: (below: number) => number) => {
  const injected = new Set<string>()
  // where a request goes is decided by the client, not here
  const waiting = faults.filter(({ treat }) => treat !== "refuse")
  let count = 0
  return {
    injected: () => `${count} faults of ${injected.size} kinds`,
    plan: (request: Incoming): Proxy.Treatment | undefined => {
      if (random(oneOf) !== 0) return undefined
      const next = waiting.findIndex(({ when }) => when?.(request) !== false)
      const [fault] = waiting.splice(next, 1)
      if (fault === undefined || fault.treat === "refuse") return undefined
      waiting.push(fault)
      injected.add(fault.name)
      count++
      return fault.treat
    }
  }
}

/** What is on the server, and should not be, or the other way round. */
const compare = Effect.fnUntraced(function* ({ keys, rows }: Ledger.Ledger) {
  const world = yield* World
  const problems: Array<string> = []
  // what leases left behind that could not be deleted is what a sweep is for
  const swept = yield* world.sweep
  const found = new Map((yield* world.keys("")).map((key) => [key.name, Redacted.value(key.token)]))
  for (const [name, token] of keys) {
    if (found.get(name) !== token) problems.push(`key ${name} ${found.has(name) ? "has another token" : "is missing"}`)
  }
  for (const name of found.keys()) if (!keys.has(name)) problems.push(`key ${name} should not be there`)
  const counts = yield* world.countsAfterJobs
  for (const [id, expected] of rows) {
    const count = counts.get(id) ?? 0
    if (!expected.includes(count)) problems.push(`${count} rows ${id}, not ${expected.join(" or ")}`)
  }
  return { problems, swept }
})

export const soak = ({ fibers, seconds }: SoakOptions): Effect.Effect<Soaked, never, World> =>
  Effect.gen(function* () {
    const world = yield* World
    const ledger = Ledger.make()
    const { injected, plan: planned } = plan(randomFrom(20_261_124))
    const proxy = yield* Proxy.make({ server: world.handler, plan: planned })
    const key = Redacted.value(world.demo.masterKey)
    // so that what a fault makes silent is over in time
    const deadline = Duration.seconds(Math.min(10, seconds))
    const services = Carto.layer({
      baseUrl: `${proxy.url}/user/demo`,
      apiKey: world.demo.masterKey,
      schema: "public",
      timeout: deadline,
      stallTimeout: deadline,
      maxBodySize: 1e6,
      // the same, in less time
      retry: (failure) => {
        const wait = standardRetry(failure)
        return wait === undefined ? undefined : wait / 20
      }
    }).pipe(Layer.provide(Layer.fresh(FetchHttpClient.layer)), Layer.orDie)
    const stray = yield* strayRejections
    const memory = yield* Memory.watch
    const secrets = [key, btoa(`demo:${key}`)]
    const watched = Ledger.watch(ledger, secrets)
    const begun = yield* Clock.currentTimeMillis
    const isOver = Effect.map(Clock.currentTimeMillis, (now) => now >= begun + seconds * 1000)
    const quarter = yield* Effect.forkScoped(Effect.delay(Memory.held, Duration.seconds(seconds / 4)))

    const work = (fiber: Fiber): Effect.Effect<void, never, Carto.CartoServices> =>
      Effect.flatMap(isOver, (over) =>
        over
          ? Effect.void
          : Effect.andThen(
              actions[fiber.random(actions.length)]?.(fiber) ?? Effect.void,
              Effect.suspend(() => work(fiber))
            )
      )
    yield* Effect.forEach(
      Array.from({ length: fibers }, (_, number) => number),
      (number) =>
        work({
          number,
          ledger,
          watched,
          random: randomFrom(number),
          settled: proxy.settled,
          own: [],
          uses: 0
        }),
      { concurrency: "unbounded", discard: true }
    ).pipe(Effect.provide([services, Logger.layer([Ledger.logger(ledger, secrets)])]))
    yield* proxy.settled

    const atQuarter = quarter.pollUnsafe()
    const early = atQuarter?._tag === "Success" ? atQuarter.value : 0
    const late = yield* Memory.held
    const { problems, swept } = yield* compare(ledger)
    const operations = [...ledger.ends.values()].reduce((sum, count) => sum + count, 0)
    return {
      operations,
      problems: [
        ...ledger.problems,
        ...stray(),
        ...problems.map((description): Problem => ({ kind: "lost or doubled effect", description })),
        ...(late - early > mayGrow
          ? [{ kind: "defect" as const, description: `memory grew from ${early} to ${late} MB` }]
          : []),
        ...(proxy.strayed() > 0 ? [{ kind: "leak" as const, description: "requests to another origin" }] : [])
      ],
      text: [
        `${fibers} fibers, ${operations} operations, ${proxy.asked.length} requests, ${injected()}`,
        ...[...ledger.ends].toSorted(([, a], [, b]) => b - a).map(([end, count]) => `    ${end.padEnd(20)} ${count}`),
        `keys: ${ledger.keys.size} expected in the end, and ${swept} that a sweep deleted; rows: ${ledger.rows.size} ids`,
        `the longest operation took ${(ledger.longest / 1000).toFixed(1)} s`,
        `memory: ${early} MB held after a quarter of the time, ${late} MB in the end; the process took ${memory.peak()} MB at most`
      ].join("\n")
    }
  }).pipe(Effect.scoped)
