import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Completions from "effect/cli/Completions"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { printable } from "../../errors/internal/printable.ts"
import { candidates } from "../completion/candidates.ts"
import { namesOf } from "../completion/names.ts"
import { scripts, shells } from "../completion/scripts.ts"
import { ApiKeyFile, BaseUrl, Profile, settings, Username } from "../settings.ts"

/** `effect-carto completions SHELL` */
export const completions = Command.make(
  "completions",
  {
    shell: Argument.Literals("shell", shells).pipe(Argument.withDescription(shells.join(", ")))
  },
  ({ shell }) => Console.log(scripts[shell])
).pipe(
  Command.withDescription("Print a script that completes commands, flags and names at each tab"),
  Command.withExamples([
    {
      command: "effect-carto completions bash > ~/.local/share/bash-completion/completions/effect-carto",
      description: "For bash; other shells have folders of their own"
    }
  ])
)

const accountSettings = [BaseUrl, Username, Profile, ApiKeyFile] as const

/** `effect-carto complete -- WORDS`: what the scripts ask. It never asks for a key and never fails. */
export const complete = (root: () => Command.Command.Any) =>
  Command.make(
    "complete",
    { words: Argument.String("word").pipe(Argument.variadic()) },
    Effect.fnUntraced(
      function* ({ words }) {
        const globals = Completions.fromCommand(
          Command.make("globals", Object.fromEntries(settings.map((setting) => [setting.id, setting.flag])))
        ).flags
        const found = candidates(Completions.fromCommand(root()), globals, words)
        // the account of the line that is typed
        const typed = (setting: (typeof accountSettings)[number]) => {
          const at = words.lastIndexOf(`--${setting.id}`, words.length - 3)
          return Option.fromUndefinedOr(at === -1 ? undefined : words[at + 1])
        }
        const names =
          found.names === undefined
            ? []
            : yield* accountSettings.reduce(
                (effect, setting) =>
                  Option.isSome(typed(setting)) ? Effect.provideService(effect, setting, typed(setting)) : effect,
                namesOf(found.names)
              )
        const last = words.at(-1) ?? ""
        const fitting = [...found.words, ...names].filter((word) => word.startsWith(last) && printable(word) === word)
        if (fitting.length > 0) yield* Console.log(fitting.join("\n"))
      },
      Effect.provideService(TerminalCapabilities.TerminalCapabilities, {
        canAnimate: false,
        canColor: false,
        canPrompt: false
      })
    )
  ).pipe(Command.withDescription("Complete the last of some words"), Command.unlisted)
