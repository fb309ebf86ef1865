/** Every fault under every operation. */
import * as Effect from "effect/Effect"
import { type CaseOptions, type Mode, modes, type Result, run, type Transport } from "./Case.ts"
import type { Fault } from "./Fault.ts"
import type { Incoming } from "./Http.ts"
import { faults } from "./kinds/index.ts"
import type { Operation } from "./Operation.ts"
import { operations } from "./operations/index.ts"
import { World } from "./World.ts"

export interface Entry {
  readonly operation: Operation
  readonly fault: Fault | undefined
  readonly mode: Mode
  readonly result: Result
}

export interface MatrixOptions {
  readonly transport: Transport
  /** Which of all cases are run; all by default. */
  readonly pick?: (number: number, fault: Fault, operation: Operation) => boolean
}

/** Cases under way at a time: one waits while another computes. */
const concurrency = 6

/** What is made of several requests meets fewer faults, each of them at its decisive request. */
const applies = (fault: Fault, mode: Mode, operation: Operation, requests: ReadonlyArray<Incoming>): boolean =>
  !(operation.isComposite && (mode === "always" || fault.isVariant === true)) &&
  (fault.when === undefined || requests.some(fault.when))

/** Runs each operation once without a fault, and then the cases. */
export const runMatrix = ({
  pick = () => true,
  transport
}: MatrixOptions): Effect.Effect<ReadonlyArray<Entry>, never, World> =>
  Effect.gen(function* () {
    const world = yield* World
    const one = (options: Omit<CaseOptions, "id" | "transport">): Effect.Effect<Entry, never, World> =>
      Effect.gen(function* () {
        return { ...options, result: yield* run({ ...options, id: yield* world.newId, transport }) }
      })
    const undisturbed = yield* Effect.forEach(
      operations,
      (operation) => one({ operation, fault: undefined, mode: "once" }),
      { concurrency }
    )
    const cases = undisturbed.flatMap(({ operation, result: { asked } }) =>
      faults.flatMap((fault) =>
        modes.filter((mode) => applies(fault, mode, operation, asked)).map((mode) => ({ fault, mode, operation }))
      )
    )
    const disturbed = yield* Effect.forEach(
      cases.filter(({ fault, operation }, number) => pick(number, fault, operation)),
      one,
      { concurrency }
    )
    return [...undisturbed, ...disturbed.filter(({ result }) => result.applied)]
  })
