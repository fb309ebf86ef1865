/** Colors for a terminal; none with `--no-color`, `NO_COLOR` or output that is not a terminal. */
import * as Effect from "effect/Effect"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import { NoColor } from "../settings.ts"

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

export type Paint = (color: keyof typeof codes, text: string) => string

export const plain: Paint = (_, text) => text

const painted: Paint = (color, text) => (text === "" ? "" : `\u001b[${codes[color]}m${text}\u001b[0m`)

export const colors = Effect.gen(function* () {
  const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
  return canColor && !(yield* NoColor)
})

export const paint: Effect.Effect<Paint, never, Effect.Services<typeof colors>> = Effect.map(colors, (yes) =>
  yes ? painted : plain
)
