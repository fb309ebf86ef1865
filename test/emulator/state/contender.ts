/** Takes the lock of a folder at a given time, reports whether it has the lock, and holds it until it is killed. */
import * as Effect from "effect/Effect"
import process from "node:process"
import { acquire } from "../../../src/emulator/state/folderLock.ts"

const [, , folder = "", start] = process.argv
// All contenders begin together, to the millisecond.
while (Date.now() < Number(start));
await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      const isHeld = yield* Effect.isSuccess(acquire(folder))
      console.log(isHeld ? "held" : "refused")
      yield* Effect.sleep("1 minute")
    })
  )
)
