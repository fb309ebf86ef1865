import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import process from "node:process"
import type { Problem } from "./Case.ts"

/** Rejections that nobody handled, which would end the process of a user, as long as the scope is open. */
export const strayRejections: Effect.Effect<() => ReadonlyArray<Problem>, never, Scope.Scope> = Effect.gen(
  function* () {
    const found: Array<Problem> = []
    const note = (cause: unknown): void =>
      void found.push({
        kind: "defect",
        description: `unhandled rejection: ${cause instanceof Error ? cause.stack : String(cause)}`
      })
    yield* Effect.acquireRelease(
      Effect.sync(() => process.on("unhandledRejection", note)),
      () => Effect.sync(() => process.off("unhandledRejection", note))
    )
    return () => found
  }
)
