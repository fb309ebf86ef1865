/** Long text on a terminal goes through the pager of `PAGER`, or `less`. */
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"

const pager = Effect.orDie(Config.String("PAGER").pipe(Config.withDefault("less -FRSX")))

/** Prints a text; through a pager if it does not fit the terminal. */
export const page = Effect.fnUntraced(function* (text: string) {
  const stdio = yield* Stdio.Stdio
  const terminal = yield* Terminal.Terminal
  const inTerminal = (yield* stdio.stdoutIsTerminal) && (yield* stdio.stdinIsTerminal)
  const lines = text.split("\n").length
  const command = yield* pager
  if (!inTerminal || command === "" || lines < (yield* terminal.rows)) return yield* Console.log(text)
  const shown = Effect.scoped(
    Effect.gen(function* () {
      const child = yield* ChildProcess.make(command, [], {
        shell: true,
        extendEnv: true,
        env: { LESSCHARSET: "utf-8" },
        stdin: Stream.make(new TextEncoder().encode(`${text}\n`)),
        stdout: "inherit",
        stderr: "inherit"
      })
      return yield* child.exitCode
    })
  )
  // no pager, or one that fails: the text is printed as it is
  yield* shown.pipe(
    Effect.filterOrFail(
      (code) => code === 0,
      (code) => code
    ),
    Effect.catch(() => Console.log(text))
  )
})
