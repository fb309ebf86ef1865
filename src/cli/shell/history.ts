/** Lines of earlier sessions, in the user's state folder, mode 0600. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as UserDirectories from "effect/persistence/UserDirectories"

const file = Effect.gen(function* () {
  const directories = yield* UserDirectories.UserDirectories
  const path = yield* Path.Path
  return path.join(yield* directories.state("effect-carto"), "history")
})

/** The newest line first; none if there is no history. */
export const load = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const text = yield* files.readFileString(yield* file)
  return text.split("\n").filter((line) => line !== "")
}).pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))

export const save = (lines: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const name = yield* file
    yield* files.makeDirectory(path.dirname(name), { recursive: true, mode: 0o700 })
    yield* files.writeFileString(name, `${lines.slice(0, 1000).join("\n")}\n`, { mode: 0o600 })
  }).pipe(Effect.ignore)
