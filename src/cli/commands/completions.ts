import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Completions from "effect/cli/Completions"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

/** `effect-carto completions SHELL`, for a root command that holds it. */
export const completions = (root: () => Command.Command.Any) =>
  Command.make(
    "completions",
    {
      shell: Argument.Literals("shell", ["bash", "zsh", "fish", "powershell"]).pipe(
        Argument.withDescription("bash, zsh, fish or powershell")
      )
    },
    Effect.fnUntraced(function* ({ shell }) {
      yield* Console.log(Completions.generate("effect-carto", shell, Completions.fromCommand(root())))
    })
  ).pipe(
    Command.withDescription("Print a completion script for a shell"),
    Command.withExamples([
      {
        command: "effect-carto completions bash > ~/.local/share/bash-completion/completions/effect-carto",
        description: "For bash"
      }
    ])
  )
