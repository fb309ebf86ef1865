import { assert, describe, it, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Databases } from "../../../src/emulator/database.ts"
import * as TestDatabases from "../../support/databases.ts"
import { missing } from "../../support/postgres.ts"
import { attacks } from "../pglite/session/attacks.ts"
import { attacker, attempt, type Battlefield, prepare, restore, run } from "../pglite/session/battlefield.ts"
import { legitimate } from "../pglite/session/legitimate.ts"

class Field extends Context.Service<Field, Battlefield>()("test/Battlefield") {
  static readonly layer = Layer.effect(
    Field,
    Effect.gen(function* () {
      return yield* prepare(yield* (yield* Databases).open("battlefield"))
    })
  ).pipe(Layer.provide(TestDatabases.layer({ kind: "postgres", postgis: false })))
}

if (missing !== undefined) it.skip(`attacks on a server: ${missing}`, () => {})
else {
  layer(Field.layer, { timeout: "60 seconds", excludeTestServices: true })("a key on a PostgreSQL server", (it) => {
    describe("a hostile key", () => {
      it.effect.each(attacks)(
        "a hostile key gets nowhere with $name",
        (attack) =>
          Effect.gen(function* () {
            const field = yield* Field
            assert.deepStrictEqual(yield* attempt(field, attack), [])
            yield* field.database.superuserTransaction(restore)
          }),
        30_000
      )
    })

    describe("a regular key", () => {
      it.effect.each(legitimate)("a regular key may run $name", ({ requests }) =>
        Effect.gen(function* () {
          const { database } = yield* Field
          for (const request of requests) {
            const messages = yield* run(database, attacker, request)
            assert.deepStrictEqual(
              messages.filter((message) => message._tag === "Failure"),
              [],
              request
            )
          }
          yield* database.superuserTransaction(restore)
        })
      )
    })
  })
}
