import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import process from "node:process"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

const megabytes = (bytes: number): number => Math.round(bytes / (1 << 20))

/** What is held once everything is thrown away that can be. */
export const held: Effect.Effect<number> = Effect.sync(() => {
  setFlagsFromString("--expose-gc")
  const collect: unknown = runInNewContext("gc")
  if (typeof collect === "function") collect()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return megabytes(heapUsed + arrayBuffers)
})

export interface Memory {
  /** MB that are held now, beside those held at first. */
  readonly grown: Effect.Effect<number>
  /** The most MB that the process took. */
  readonly peak: () => number
}

/** Watches how much memory the process takes. */
export const watch: Effect.Effect<Memory, never, Scope.Scope> = Effect.gen(function* () {
  const before = yield* held
  let peak = 0
  const look = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => setInterval(look, 100)),
    (timer) => Effect.sync(() => clearInterval(timer))
  )
  return { grown: Effect.map(held, (now) => now - before), peak: () => megabytes(peak) }
})
