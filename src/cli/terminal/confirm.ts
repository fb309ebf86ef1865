/** Asks before something is lost. */
import * as Effect from "effect/Effect"
import * as Prompt from "effect/cli/Prompt"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import { failed, usage } from "../failure.ts"
import { Yes } from "../settings.ts"

/** Fails with exit code 1 if the answer is no, and with exit code 2 if there is no terminal to ask on. */
export const confirm = Effect.fnUntraced(function* (question: string) {
  if (yield* Yes) return
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (!canPrompt) return yield* usage(`${question} There is no terminal to ask on: give --yes`)
  const answer = yield* Prompt.run(Prompt.Confirm({ message: question, initial: false }))
  if (!answer) return yield* failed("nothing was changed")
})
