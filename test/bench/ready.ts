/** An emulator in a process of its own: `ready.ts true|false` (with PostGIS). Prints what it took as JSON. */
import * as Effect from "effect/Effect"
import process from "node:process"
import { make } from "../../src/emulator/index.ts"

const megabytes = Effect.sync(() => process.memoryUsage.rss() / 1e6)

const measure = Effect.gen(function* () {
  const { createAccount, execute } = yield* make({ postgis: process.argv[2] === "true" })
  // since the process began
  const ready = performance.now() / 1000
  const memory = yield* megabytes
  const began = performance.now()
  yield* createAccount({ username: "other" })
  yield* execute("other", "SELECT 1")
  const further = (performance.now() - began) / 1000
  return { ready, memory, further, furtherMemory: (yield* megabytes) - memory }
})

process.stdout.write(JSON.stringify(await Effect.runPromise(Effect.scoped(measure))))
