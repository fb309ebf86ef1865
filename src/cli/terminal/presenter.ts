/** Help on stdout if it is asked for; a wrong invocation in one message on stderr, with the command that shows the help. */
import * as CliOutput from "effect/cli/CliOutput"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

export const presenter: CliOutput.Presenter = {
  present: Effect.fnUntraced(function* (event) {
    if (event._tag === "Version") return yield* Console.log(event.version)
    if (event._tag === "InvalidInvocation") {
      const messages = event.errors.map((error) => `effect-carto: ${error.message}`)
      return yield* Console.error([...messages, `Try: ${event.commandPath.join(" ")} --help`].join("\n"))
    }
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    yield* Console.log(CliOutput.defaultFormatter({ colors: canColor }).formatHelpDoc(event.helpDoc))
  })
}
