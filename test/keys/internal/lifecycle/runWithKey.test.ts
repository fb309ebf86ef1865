/** Keys that another caller deletes or regenerates while they are verified. */
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Emulator } from "../../../../src/emulator/index.ts"
import {
  type ApiKey,
  ApiKeyManager,
  Auth,
  type Carto,
  type CartoError,
  Grants,
  Sql,
  sql
} from "../../../../src/index.ts"
import * as AccessMatrix from "../../../../src/keys/AccessMatrix.ts"
import * as Rotation from "../../../../src/keys/Rotation.ts"
import { layerEmbedded, servicesOver } from "../../../support/embedded.ts"
import { json } from "../../../support/scriptedFetch.ts"

const cannotConnect = () => json({ error: ["cannot connect to the database"] }, 500)
const names = ApiKeyManager.use((keys) =>
  Effect.map(keys.list({ type: "regular" }), (all) => all.map(({ name }) => name))
)

/** Key `tiles`, and a program in which something happens to it when it is first asked under its token. */
const meeting = Effect.fnUntraced(function* <A, E>(
  program: Effect.Effect<A, E, Carto.CartoServices>,
  happen: (key: ApiKey) => Effect.Effect<unknown, CartoError, ApiKeyManager>,
  answer: (served: () => Promise<Response>) => Promise<Response>,
  when: "after" | "before" = "before"
) {
  const keys = yield* ApiKeyManager
  const context = yield* Effect.context<ApiKeyManager>()
  const { fetch } = yield* Emulator
  yield* Effect.forEach(yield* keys.list({ type: "regular" }), (key) => keys.delete(key))
  const key = yield* keys.create({ name: "tiles", tables: [Grants.table("tornadoes", ["select"])] })
  const token = btoa(`demo:${Redacted.value(key.token)}`)
  let met = false
  const meet: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    const served = () => fetch(request)
    if (met || !request.url.includes("/sql") || !request.headers.get("authorization")?.endsWith(token)) return served()
    met = true
    const happening = () => Effect.runPromiseWith(context)(happen(key))
    if (when === "before") await happening()
    const response = await answer(served)
    if (when === "after") await happening()
    return response
  }
  return yield* program.pipe(
    Effect.provide(servicesOver(meet, { retry: false })),
    Effect.ensuring(Effect.sync(() => assert.isTrue(met)))
  )
})

const remove = (key: ApiKey) => ApiKeyManager.use((keys) => keys.delete(key))
const regenerate = (key: ApiKey) => ApiKeyManager.use((keys) => keys.regenerate(key))
const nothing = () => Effect.void
const rotate = Rotation.rotate("tiles", { publish: () => Effect.void, grace: 0 })
const surveyed = Effect.map(AccessMatrix.make(), ({ keys }) =>
  keys.filter(({ type }) => type === "regular").map(({ name }) => name)
)
const reasonOf = <A, R>(effect: Effect.Effect<A, CartoError, R>) =>
  Effect.map(Effect.flip(effect), ({ reason }) => reason._tag)

layer(layerEmbedded({ postgis: false, accounts: [{ username: "demo", samples: true }] }))("a key under way", (it) => {
  for (const [what, answer] of [
    ["refused", (served) => served()],
    ["without its role", async () => cannotConnect()]
  ] as ReadonlyArray<readonly [string, (served: () => Promise<Response>) => Promise<Response>]>) {
    it.effect(`a key that is deleted while it is verified is reported as missing: ${what}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* reasonOf(meeting(rotate, remove, answer)), "ApiKeyNotFound")
        assert.deepStrictEqual(yield* names, [])
        assert.deepStrictEqual(yield* meeting(surveyed, remove, answer), [])
      })
    )
  }

  it.effect("rotate does not create a successor without grants if the key is deleted during its verification", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* reasonOf(meeting(rotate, remove, (served) => served(), "after")), "ApiKeyNotFound")
      assert.deepStrictEqual(yield* names, [])
    })
  )

  it.effect("a key that is regenerated while it is verified is verified with its new token", () =>
    Effect.gen(function* () {
      const next = yield* meeting(rotate, regenerate, (served) => served())
      assert.deepStrictEqual(yield* names, ["tiles~2"])
      yield* Sql.use((db) => db.query(sql`SELECT count(*) FROM tornadoes`)).pipe(Auth.withApiKey(next))
      assert.deepStrictEqual(yield* meeting(surveyed, regenerate, (served) => served()), ["tiles"])
    })
  )

  it.effect("a verification fails with the error of the server if the key still exists", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* reasonOf(meeting(rotate, nothing, async () => cannotConnect())), "ServerUnavailable")
      assert.deepStrictEqual(yield* names, ["tiles"])
      assert.strictEqual(yield* reasonOf(meeting(surveyed, nothing, async () => cannotConnect())), "ServerUnavailable")
    })
  )
})
