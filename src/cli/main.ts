/** The command `effect-carto`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as UserDirectories from "effect/persistence/UserDirectories"
import * as Stdio from "effect/Stdio"
import process from "node:process"
import { exitCodes } from "./failure.ts"
import { program } from "./program.ts"
import { presenter } from "./terminal/presenter.ts"
import { stderrLogger } from "./terminal/logger.ts"
import { reportFailure } from "./terminal/reportFailure.ts"
import { version } from "./version.ts"

const services = Layer.mergeAll(
  NodeServices.layer,
  UserDirectories.layer,
  TerminalCapabilities.layer.pipe(Layer.provide(NodeServices.layer)),
  CliOutput.layerPresenter(presenter),
  Logger.layer([stderrLogger])
)

// the reader of a pipe may leave at any time, as `head` does
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCodes.success)
  throw error
})

const run = Effect.gen(function* () {
  const args = yield* (yield* Stdio.Stdio).args
  yield* Command.runWith(program, { version })(args)
  return exitCodes.success as number
}).pipe(
  Effect.catchCause((cause) =>
    Cause.hasInterruptsOnly(cause) ? Effect.interrupt : reportFailure(Cause.squash(cause))
  ),
  Effect.provide(services)
)

NodeRuntime.runMain(run, {
  disableErrorReporting: true,
  teardown: (exit, onExit) =>
    onExit(
      Exit.match(exit, {
        onSuccess: (code) => (typeof code === "number" ? code : exitCodes.success),
        onFailure: (cause) => (Cause.hasInterruptsOnly(cause) ? exitCodes.interrupted : exitCodes.failed)
      })
    )
})
