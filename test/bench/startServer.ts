import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Stream from "effect/Stream"
import process from "node:process"
import { fileURLToPath } from "node:url"

/** `server.ts` in a process of its own, until the scope closes; answers with its port. */
export const startServer = Effect.gen(function* () {
  const file = fileURLToPath(new URL("server.ts", import.meta.url))
  const handle = yield* ChildProcess.make(process.execPath, [file], { stdin: "pipe" })
  const line = yield* Stream.decodeText(handle.stdout).pipe(Stream.splitLines, Stream.take(1), Stream.mkString)
  return line.trim()
})
