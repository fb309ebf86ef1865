import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** Waits until a server says these words. What it says is read to its end, or it would wait for room in the pipe. */
export const untilSaid = (
  output: Stream.Stream<Uint8Array, PlatformError>,
  words: string,
  server: string
): Effect.Effect<void, PlatformError, Scope.Scope> =>
  Effect.gen(function* () {
    const said = yield* Deferred.make<void>()
    yield* Stream.decodeText(output).pipe(
      Stream.splitLines,
      Stream.runForEach((line) => (line.includes(words) ? Deferred.succeed(said, undefined) : Effect.void)),
      Effect.andThen(Deferred.die(said, new Error(`${server} has ended`))),
      Effect.forkScoped
    )
    yield* Deferred.await(said)
  })
