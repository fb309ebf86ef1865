/** The SQL shell. */
import * as Effect from "effect/Effect"
export const shell = (_options: { readonly maxRows: number }) => Effect.void
