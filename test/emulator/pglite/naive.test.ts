import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Backend, identifier } from "../../../src/emulator/pglite/Backend.ts"
import { initialize } from "../../../src/emulator/pglite/initialize.ts"
import * as DataDirectory from "../../../src/emulator/pglite/DataDirectory.ts"
import * as Instance from "../../../src/emulator/pglite/Instance.ts"
import { packages } from "../../../src/emulator/pglite/packages.ts"
import * as PgliteDatabase from "../../../src/emulator/pglite/PgliteDatabase.ts"
import { attacks } from "./attacks.ts"
import { attempt, prepare } from "./battlefield.ts"

/** What one would do first: `SET ROLE` before the caller's text. */
const naive = (backend: Backend): Backend => ({
  ...backend,
  runAs: ({ role }, sql) => {
    const messages = backend.script(`SET ROLE ${identifier(role)};\n${sql}`)
    backend.script("RESET ROLE")
    backend.script("DISCARD ALL")
    return { messages, slept: 0 }
  }
})

const open = Effect.gen(function* () {
  const installed = yield* packages(false)
  const data = yield* DataDirectory.find(installed)
  const database = yield* PgliteDatabase.make({
    name: "naive",
    postgis: false,
    start: (remains) =>
      Effect.map(Instance.start({ packages: installed, data, remains }), (instance) => ({
        ...instance,
        backend: naive(instance.backend)
      }))
  })
  yield* initialize(database)
  return yield* prepare(database)
})

const ENOUGH = 10

it.live(
  `the attacks would get somewhere under SET ROLE: at least ${ENOUGH} of them do`,
  () =>
    Effect.gen(function* () {
      const harmless = { name: "harmless", requests: ["SELECT 1", "SELECT value FROM vault.secret"] }
      assert.deepStrictEqual(yield* Effect.scoped(Effect.flatMap(open, (field) => attempt(field, harmless))), [])
      const escaped: Array<string> = []
      for (const attack of attacks) {
        if (escaped.length >= ENOUGH) break
        // Each on a database of its own: after one that got somewhere, nothing there can be trusted any more.
        const problems = yield* Effect.scoped(Effect.flatMap(open, (field) => attempt(field, attack)))
        if (problems.length > 0) escaped.push(attack.name)
      }
      assert.isAtLeast(escaped.length, ENOUGH, escaped.join(", "))
    }),
  120_000
)
