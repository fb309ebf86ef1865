/** The results that the fibers of a soak received. */
import * as Clock from "effect/Clock"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { inspect } from "node:util"
import { type CartoError, type CartoErrorReason, isCartoError } from "../../../src/index.ts"
import type { Problem } from "../Case.ts"
import { operations } from "../operations/index.ts"

export interface Ended<A> {
  readonly value: A | undefined
  readonly reason: CartoErrorReason | undefined
}

export interface Ledger {
  /** Keys that must be there in the end, and their tokens. */
  readonly keys: Map<string, string>
  /** By an id, how many rows with it there must be in the end. */
  readonly rows: Map<string, ReadonlyArray<number>>
  /** How often operations ended with what. */
  readonly ends: Map<string, number>
  readonly problems: Array<Problem>
  /** Milliseconds. */
  longest: number
}

export const make = (): Ledger => ({ keys: new Map(), rows: new Map(), ends: new Map(), problems: [], longest: 0 })

const declared = new Map(operations.map((operation) => [operation.name, operation.declared]))

const render = (cause: Cause.Cause<unknown>): string =>
  [Cause.pretty(cause), inspect(cause, { depth: 20 }), JSON.stringify(cause)].join("\n")

/** Looks for keys in what is logged, in the place of printing it. */
export const logger = (ledger: Ledger, secrets: ReadonlyArray<string>): Logger.Logger<unknown, void> =>
  Logger.make(({ cause, message }) => {
    const seen = `${inspect(message, { depth: 20 })}\n${render(cause)}`
    if (secrets.some((secret) => seen.includes(secret))) {
      ledger.problems.push({ kind: "leak", description: "a key is in a log" })
    }
  })

export type Watched = <A, R>(name: string, effect: Effect.Effect<A, CartoError, R>) => Effect.Effect<Ended<A>, never, R>

/** Runs an operation to its end, and notes what is wrong about that. */
export const watch =
  (ledger: Ledger, secrets: ReadonlyArray<string>): Watched =>
  (name, effect) =>
    Effect.gen(function* () {
      const begun = yield* Clock.currentTimeMillis
      const exit = yield* Effect.exit(effect)
      ledger.longest = Math.max(ledger.longest, (yield* Clock.currentTimeMillis) - begun)
      const failure = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.findErrorOption(exit.cause)) : undefined
      const reason = isCartoError(failure) ? failure.reason : undefined
      const end = reason?._tag ?? (Exit.isSuccess(exit) ? "success" : "defect")
      ledger.ends.set(end, (ledger.ends.get(end) ?? 0) + 1)
      if (Exit.isFailure(exit)) {
        if (reason === undefined || declared.get(name)?.has(reason._tag) !== true) {
          ledger.problems.push({ kind: "defect", description: `${name}: ${Cause.pretty(exit.cause).slice(0, 1000)}` })
        }
        const seen = render(exit.cause)
        if (secrets.some((secret) => seen.includes(secret))) {
          ledger.problems.push({ kind: "leak", description: `${name}: a key is in its failure` })
        }
      }
      return { value: Exit.isSuccess(exit) ? exit.value : undefined, reason }
    })
