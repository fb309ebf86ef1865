/** Says on stderr why a command failed; returns its exit code. */
import * as CliError from "effect/cli/CliError"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { isCartoError } from "../../errors/CartoError.ts"
import { printable } from "../../errors/internal/printable.ts"
import { CliFailure, exitCodeOf, exitCodes } from "../failure.ts"

const say = (text: string): string => `effect-carto: ${text.split("\n").map(printable).join("\n")}`

export const reportFailure = (failure: unknown): Effect.Effect<number> => {
  if (failure instanceof CliFailure) {
    return Effect.as(failure.message === "" ? Effect.void : Console.error(say(failure.message)), failure.exitCode)
  }
  if (isCartoError(failure)) return Effect.as(Console.error(say(failure.message)), exitCodeOf(failure))
  if (CliError.isCliError(failure)) {
    // the presenter has said it
    if (failure._tag === "ShowHelp") {
      return Effect.succeed(failure.errors.length > 0 ? exitCodes.usage : exitCodes.success)
    }
    return Effect.as(Console.error(say(failure.message)), exitCodes.usage)
  }
  const text = failure instanceof Error ? failure.message : String(failure)
  return Effect.as(Console.error(say(`${text}\nThis is a defect of effect-carto: please report it.`)), exitCodes.failed)
}
