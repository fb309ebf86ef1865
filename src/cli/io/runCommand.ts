/** Programs that a command starts, through the shell of the user. */
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Stream from "effect/Stream"
import { failed } from "../failure.ts"

/** Runs a shell command that gets a text on stdin. Its stdout goes to stderr, so that data on stdout stays clean. */
export const runWithInput = Effect.fnUntraced(function* (command: string, input: string) {
  const exitCode = yield* Effect.scoped(
    Effect.gen(function* () {
      const child = yield* ChildProcess.make(command, [], {
        shell: true,
        stdin: Stream.make(new TextEncoder().encode(input)),
        stdout: "pipe",
        stderr: "inherit"
      })
      yield* Effect.forkScoped(
        Stream.runForEach(child.stdout, (bytes) => Effect.sync(() => void process.stderr.write(bytes)))
      )
      return yield* child.exitCode
    })
  ).pipe(Effect.mapError((error) => failed(`the command could not be started: ${error.message}`)))
  if (exitCode !== 0) return yield* failed(`the command ended with exit code ${exitCode}: ${command}`)
})
