/** What the library logs goes to stderr, a line each: a lease that could not be revoked, for example. */
import * as Logger from "effect/Logger"
import { printable } from "../../errors/internal/printable.ts"

const textOf = (message: unknown): string =>
  (Array.isArray(message) ? message : [message])
    .filter((part) => typeof part === "string")
    .map(printable)
    .join(" ")

export const stderrLogger: Logger.Logger<unknown, void> = Logger.make(({ message }) => {
  const text = textOf(message)
  if (text !== "") console.error(`effect-carto: ${text}`)
})
