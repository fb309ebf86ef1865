/** Programs that are broken off at one of their requests. */
import { Deferred, Effect, Exit, Fiber } from "effect"
import { Emulator } from "../../src/emulator/index.ts"
import type { Carto } from "../../src/index.ts"
import { servicesOver } from "./embedded.ts"

/** The request never arrives, its answer is lost, or the program is interrupted while it is on its way. */
export type Fault = "not sent" | "answer lost" | "interrupted"

export const faults: ReadonlyArray<Fault> = ["not sent", "answer lost", "interrupted"]

export interface Broken {
  readonly failed: boolean
  /** How many requests there were. */
  readonly requests: number
  /** Which of them, by their numbers from 1, change a key: of others it is the same whether they or their answers are lost. */
  readonly changes: ReadonlyArray<number>
}

/** Runs a program that breaks off at the request of that number, which counts from 1. */
export const brokenOff = Effect.fnUntraced(function* <A, E>(
  program: Effect.Effect<A, E, Carto.CartoServices>,
  at: number,
  fault: Fault
): Effect.fn.Return<Broken, never, Emulator> {
  const { fetch } = yield* Emulator
  const reached = yield* Deferred.make<void>()
  const changes: Array<number> = []
  let requests = 0
  const breaking: typeof fetch = async (input, init) => {
    requests++
    const isAt = requests === at
    const { method, url } = new Request(input, init)
    if (method !== "GET" && url.includes("/api/v3/api_keys")) changes.push(requests)
    if (isAt && fault === "not sent") throw new Error(fault)
    if (isAt && fault === "interrupted") Deferred.doneUnsafe(reached, Effect.void)
    const response = await fetch(input, init)
    if (isAt && fault === "answer lost") throw new Error(fault)
    return response
  }
  const fiber = yield* Effect.forkChild(Effect.provide(program, servicesOver(breaking, { retry: false })))
  yield* Effect.raceFirst(Deferred.await(reached), Fiber.await(fiber))
  yield* Fiber.interrupt(fiber)
  return { failed: Exit.isFailure(yield* Fiber.await(fiber)), requests, changes }
})

/** At which requests a fault makes a difference, of those of a run without any. */
export const faultsAt = ({ changes, requests }: Broken, fault: Fault): ReadonlyArray<number> =>
  fault === "not sent" ? Array.from({ length: requests }, (_, index) => index + 1) : changes
