/** No key comes out: not in a log, a span, an error or a URL, whatever happens and whatever the server echoes. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { Emulator } from "../src/emulator/index.ts"
import { ApiKeyManager, Auth, BatchSql, Carto, CopySql, Sql, sql } from "../src/index.ts"
import { makeCanary, underCanary } from "./support/canary.ts"
import { json, wireKey } from "./support/scriptedFetch.ts"
import { scenario } from "./runtimes/scenario.ts"

const token = "SECRETSECRETSECRETSECRET"
const encoded = btoa(`alice:${token}`)
/** Of a key that is not the one in use. */
const other = "OTHEROTHEROTHEROTHEROT"

const operations: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown, Carto.CartoServices>]> = [
  ["create", ApiKeyManager.use((keys) => keys.create({ name: "a", apis: ["sql"] }))],
  ["get", ApiKeyManager.use((keys) => keys.get("a"))],
  ["list", ApiKeyManager.use((keys) => keys.list())],
  ["regenerate", ApiKeyManager.use((keys) => keys.regenerate("a"))],
  ["delete", ApiKeyManager.use((keys) => keys.delete("a"))],
  ["query", Sql.use((db) => db.query(sql`SELECT 1`))],
  ["query by GET", Sql.use((db) => db.query(sql`SELECT 1`, { cacheable: true }))],
  ["export", Sql.use((db) => db.export(sql`SELECT 1`, { format: "csv" }))],
  ["copy", CopySql.use((copy) => copy.toRows(sql`SELECT 1`).pipe((stream) => Effect.succeed(stream)))],
  ["job", BatchSql.use((batch) => batch.create(sql`SELECT 1`))]
]

const echo = `${token} ${encoded} Basic ${encoded} ?api_key=${token}`
const answers: ReadonlyArray<readonly [string, () => Response]> = [
  ["text", () => new Response(echo, { status: 500 })],
  ["a proxy's page", () => new Response(`<html>${echo}</html>`, { status: 404 })],
  [
    "an error of the SQL API",
    () => json({ error: [`relation "${echo}" does not exist`], detail: echo, hint: echo }, 400)
  ],
  ["an error of the Auth API", () => json({ errors: `Validation failed: ${echo}`, errors_cause: null }, 422)],
  ["rows that broke off", () => json({ rows: [], time: 0, fields: {}, total_rows: 0, error: [echo] })],
  ["a success that is malformed", () => json({ what: echo })],
  [
    "a redirect",
    () => new Response(null, { status: 302, headers: { location: `https://x.example.org/${token}?k=${token}` } })
  ],
  ["a rate limit", () => json({ error: [echo] }, 429, { "retry-after": "1" })],
  ["a key", () => json(wireKey({ token, name: 1 }))],
  ["a list that broke off", () => new Response(`{"total":1,"result":[{"name":"a","token":"${other}`)],
  ["an error that holds a key", () => json({ errors: wireKey({ token: other }) }, 418)]
]

describe("a server that echoes the key", () => {
  for (const [what, answer] of answers) {
    for (const [name, operation] of operations) {
      it.effect(`in ${what}: ${name}`, () =>
        Effect.gen(function* () {
          const canary = makeCanary()
          const services = Carto.layer({
            baseUrl: "https://alice.carto.com",
            apiKey: Redacted.make(token),
            retry: false
          }).pipe(
            Layer.provide(FetchHttpClient.layer),
            Layer.provide(
              Layer.succeed(
                FetchHttpClient.Fetch,
                canary.watch(async () => answer())
              )
            )
          )
          yield* underCanary(canary, Effect.provide(operation, services))
          assert.notInclude(canary.seen(), token)
          assert.notInclude(canary.seen(), encoded)
          assert.notInclude(canary.seen(), other)
        })
      )
    }
  }
  it.effect("the canary itself sees a secret that does come out", () =>
    Effect.gen(function* () {
      for (const leak of [
        Effect.logDebug(`about ${token}`),
        Effect.fail(new Error(token)),
        Effect.withSpan(Effect.void, "span", { attributes: { key: token } })
      ]) {
        const canary = makeCanary()
        yield* underCanary<void, Error, never>(canary, leak)
        assert.include(canary.seen(), token)
      }
    })
  )
})

layer(Emulator.layer({ postgis: false, accounts: [{ username: "alice", masterKey: token }] }), {
  timeout: "60 seconds"
})("on the embedded CARTO", (it) => {
  it.effect("the guide's whole story shows no token, neither the master's nor that of a key it makes", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator
      const canary = makeCanary()
      yield* emulator.execute(
        "alice",
        `CREATE TABLE storms AS SELECT 'a' || i AS name, date_part('year', now())::int - i % 3 AS year FROM generate_series(1, 9) i;
           CREATE TABLE secrets (id int); CREATE TABLE copies (name text, year int); CREATE TABLE places (id int); GRANT SELECT ON places TO publicuser`
      )
      const tokens: Array<string> = []
      const fetch: typeof globalThis.fetch = async (input, init) => {
        const response = await emulator.fetch(input, init)
        for (const [, found = ""] of (await response.clone().text()).matchAll(/"token":"([^"]+)"/g)) tokens.push(found)
        return response
      }
      const services = Carto.layer({
        baseUrl: "https://alice.carto.com",
        apiKey: Redacted.make(token),
        retry: false
      }).pipe(
        Layer.provide(FetchHttpClient.layer),
        Layer.provide(Layer.succeed(FetchHttpClient.Fetch, canary.watch(fetch)))
      )
      yield* underCanary(canary, Effect.provide(scenario, services))
      const secrets = new Set(tokens.filter((found) => found !== Redacted.value(Auth.defaultPublic)))
      assert.isAtLeast(secrets.size, 4)
      for (const secret of secrets) assert.notInclude(canary.seen(), secret)
    })
  )
})
