/** Starts an emulator and exits. */
import * as Effect from "effect/Effect"
import { make } from "../../../../src/emulator/index.ts"

await Effect.runPromise(Effect.scoped(make({ postgis: false, accounts: [{ username: "demo" }] })))
