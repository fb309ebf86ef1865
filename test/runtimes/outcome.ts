/** The report of a runtime: its name, and the results of the scenario or the typed error that ended it. */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { ApiKeyManager, Auth, CartoError, CopySql, Sql } from "../../src/index.ts"
import { scenario } from "./scenario.ts"
import type { Sources } from "./sources.ts"

export interface Outcome {
  readonly userAgent: string
  readonly saw?: Readonly<Record<string, unknown>>
  readonly failed?: { readonly reason: string; readonly message: string }
}

/** Never fails but by a defect, which is to crash the runtime's process. */
export const outcome = (
  layer: Layer.Layer<ApiKeyManager | Auth | CopySql | Sql, CartoError>,
  sources: Sources = {}
): Effect.Effect<Outcome> =>
  scenario(sources).pipe(
    Effect.provide(layer),
    Effect.match({
      onFailure: ({ message, reason }): Outcome => ({
        userAgent: navigator.userAgent,
        failed: { reason: reason._tag, message }
      }),
      onSuccess: (saw): Outcome => ({ userAgent: navigator.userAgent, saw })
    })
  )
