import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { identifier } from "../../../../src/emulator/shared/quoting.ts"
import { initialize } from "../../../../src/emulator/pglite/initialize.ts"
import { prepare as prepareArchive, readArchive } from "../../../../src/emulator/pglite/prepared/prepare.ts"
import * as Disk from "../../../../src/emulator/pglite/files/disk.ts"
import * as Instance from "../../../../src/emulator/pglite/instance.ts"
import { packages } from "../../../../src/emulator/pglite/packages.ts"
import * as PgliteDatabase from "../../../../src/emulator/pglite/pgliteDatabase.ts"
import { attacks } from "./attacks.ts"
import { attempt, prepare } from "./battlefield.ts"

/** What one would do first: `SET ROLE` before the caller's text. */
const naive = (instance: Instance.Instance): Instance.Instance => ({
  ...instance,
  ask: (request, limit) => {
    if (request._tag !== "Run") return instance.ask(request, limit)
    const script = (sql: string) => instance.ask({ _tag: "Script", sql }, limit)
    return script(`SET ROLE ${identifier(request.session.role)};\n${request.sql}`).pipe(
      Effect.tap(script("RESET ROLE")),
      Effect.tap(script("DISCARD ALL"))
    )
  }
})

const open = Effect.gen(function* () {
  const installed = yield* packages(false)
  const prepared = yield* prepareArchive(installed)
  const archive = yield* Effect.promise(() => readArchive(prepared))
  const database = yield* PgliteDatabase.make({
    name: "naive",
    postgis: false,
    start: (remains) =>
      Effect.map(
        Instance.start({
          worker: false,
          prepare: async () => ({
            postgis: false,
            postgisBundle: undefined,
            data: { _tag: "Memory", disk: remains ?? (archive === undefined ? Disk.empty() : Disk.fromTar(archive)) }
          })
        }),
        naive
      )
  })
  yield* initialize(database)
  return yield* prepare(database)
})

const ENOUGH = 10

it.live(
  `at least ${ENOUGH} attacks succeed under a plain SET ROLE`,
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

it.live("a file that an attack writes is detected", () =>
  Effect.gen(function* () {
    const field = yield* open
    yield* field.database.superuser(`COPY (SELECT 'x') TO '${field.dataDirectory}/owned'`)
    const [problem, ...others] = yield* attempt(field, { name: "nothing more", requests: [] })
    assert.match(problem ?? "", /^what no attack may change/)
    assert.deepStrictEqual(others, [])
  }).pipe(Effect.scoped)
)
