/** Streams on stdout. */
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { CliFailure, exitCodes } from "../failure.ts"

/** Writes a stream to stdout as it comes. If the reader closes the pipe, the stream ends and the command fails silently. */
export const writeStdout = <E, R>(stream: Stream.Stream<string | Uint8Array, E, R>) =>
  Effect.gen(function* () {
    const stdio = yield* Stdio.Stdio
    yield* Stream.run(stream, stdio.stdout({ endOnDone: false })).pipe(
      Effect.catchIf(
        (error): error is Extract<typeof error, { readonly _tag: "PlatformError" }> =>
          typeof error === "object" && error !== null && "_tag" in error && error._tag === "PlatformError",
        () => Effect.fail(new CliFailure({ message: "", exitCode: exitCodes.failed }))
      )
    )
  })
