import { FetchHttpClient } from "@effect/platform"
import { reveal, sql } from "carto"
import { accountFixture, Grants, serverFixture, type TestAccountService } from "carto/testing"
import { ConfigProvider, Effect, Fiber } from "effect"
import { createRequire } from "node:module"
import { inspect } from "node:util"
import { assert, test as base } from "vitest"
import { Carto } from "./Carto.ts"
import { Busy, strongest, Tornado } from "./Tornadoes.ts"

const test = base
  .extend("cartoServer", { scope: "worker" }, serverFixture())
  .extend(
    "carto",
    accountFixture({ samples: true, keys: { other: { tables: [Grants.table("storm_reports", ["select"])] } } })
  )

type Account = TestAccountService<"other">

/** The host, with a configuration and a network of the test. */
const run = <A, E>(
  account: Account,
  effect: Effect.Effect<A, E, Carto>,
  { fetch = account.fetch, token = reveal(account.masterKey) } = {}
) =>
  effect.pipe(
    Effect.provide(Carto.layer),
    Effect.provide(FetchHttpClient.layer),
    Effect.provideService(FetchHttpClient.Fetch, fetch),
    Effect.withConfigProvider(
      ConfigProvider.fromMap(
        new Map([
          ["CARTO_BASE_URL", account.baseUrl],
          ["CARTO_API_KEY", token]
        ])
      )
    ),
    Effect.runPromise
  )

test("two versions of Effect are in this process", () => {
  const version = (require: NodeJS.Require): string => require("effect/package.json").version
  const here = createRequire(import.meta.url)
  assert.match(version(here), /^3\./)
  assert.match(version(createRequire(here.resolve("carto/package.json"))), /^4\./)
})

test("rows come as the host's classes", async ({ carto }) => {
  const rows = await run(carto, strongest("Texas"))
  assert.strictEqual(rows.length, 3)
  assert.instanceOf(rows[0], Tornado)
})

test("failures are caught by their tags", async ({ carto }) => {
  assert.deepStrictEqual(await run(carto, strongest("Texas"), { token: reveal(carto.key("other")) }), [])
  carto.fail("rate-limited", { times: 1, retryAfter: 3600 })
  assert.instanceOf(await run(carto, Effect.flip(strongest("Texas"))), Busy)
  const wrong = await run(carto, Effect.flip(strongest("Texas")), { token: "wrong" })
  assert.strictEqual(wrong._tag, "Unauthenticated")
  assert.isFalse(inspect(wrong, { depth: 9 }).includes(reveal(carto.masterKey)))
})

test("rows that are not what they should be are the host's ParseError", async ({ carto }) => {
  await carto.client.sql.query(sql`ALTER TABLE tornadoes DROP CONSTRAINT tornadoes_magnitude_check`)
  await carto.client.sql.query(sql`UPDATE tornadoes SET magnitude = 9`)
  assert.strictEqual((await run(carto, Effect.flip(strongest("Texas"))))._tag, "ParseError")
})

test("interrupting aborts the request", async ({ carto }) => {
  const asked = Promise.withResolvers<AbortSignal>()
  const silent: typeof globalThis.fetch = (input, init) => {
    asked.resolve(new Request(input, init).signal)
    return new Promise(() => {})
  }
  const aborted = Effect.gen(function* () {
    const fiber = yield* Effect.fork(strongest("Texas"))
    const signal = yield* Effect.promise(() => asked.promise)
    yield* Fiber.interrupt(fiber)
    return signal.aborted
  })
  assert.isTrue(await run(carto, aborted, { fetch: silent }))
})
