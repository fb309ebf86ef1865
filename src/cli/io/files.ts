/** Files that flags and arguments name; `-` is stdin. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { failed } from "../failure.ts"

export const readText = Effect.fnUntraced(function* (name: string) {
  const files = yield* FileSystem.FileSystem
  const stdio = yield* Stdio.Stdio
  const read = name === "-" ? Stream.mkString(Stream.decodeText(stdio.stdin)) : files.readFileString(name)
  const text = yield* Effect.mapError(read, (error) =>
    failed(`${name === "-" ? "stdin" : name} cannot be read: ${error.message}`)
  )
  return text.replace(/^\ufeff/, "")
})

export const writeText = Effect.fnUntraced(function* (name: string, text: string) {
  const files = yield* FileSystem.FileSystem
  yield* Effect.mapError(files.writeFileString(name, text), (error) =>
    failed(`${name} cannot be written: ${error.message}`)
  )
})
