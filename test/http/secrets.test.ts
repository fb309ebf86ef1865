/** No token leaks into a log, a span, an error or a URL, whatever the server echoes. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { Emulator } from "../../src/emulator/index.ts"
import { ApiKeyManager, Auth, BatchSql, Carto, CopySql, Sql, sql } from "../../src/index.ts"
import { makeCanary, underCanary } from "../support/canary.ts"
import { json, wireKey } from "../support/scriptedFetch.ts"
import { scenario } from "../runtimes/scenario.ts"

const token = "SECRETSECRETSECRETSECRET"
const encoded = btoa(`alice:${token}`)
/** Of a key that is not the one in use. */
const other = "OTHEROTHEROTHEROTHEROT"

const sent = Stream.make(new TextEncoder().encode("1\n"))

/** Each sends a request and reads the response to its end. */
const operations: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown, Carto.CartoServices>]> = [
  ["ApiKeyManager.create", ApiKeyManager.use((keys) => keys.create({ name: "a", apis: ["sql"] }))],
  ["ApiKeyManager.get", ApiKeyManager.use((keys) => keys.get("a"))],
  ["ApiKeyManager.list", ApiKeyManager.use((keys) => keys.list())],
  ["ApiKeyManager.regenerate", ApiKeyManager.use((keys) => keys.regenerate("a"))],
  ["ApiKeyManager.delete", ApiKeyManager.use((keys) => keys.delete("a"))],
  ["ApiKeyManager.whoami", ApiKeyManager.use((keys) => keys.whoami)],
  ["Sql.query", Sql.use((db) => db.query(sql`SELECT 1`))],
  ["Sql.query by GET", Sql.use((db) => db.query(sql`SELECT 1`, { cacheable: true }))],
  ["Sql.stream", Sql.use((db) => Stream.runDrain(db.stream(sql`SELECT 1`)))],
  [
    "Sql.export",
    Sql.use((db) => Effect.flatMap(db.export(sql`SELECT 1`, { format: "csv" }), ({ bytes }) => Stream.runDrain(bytes)))
  ],
  ["CopySql.to", CopySql.use((copy) => Stream.runDrain(copy.to(sql`COPY (SELECT 1) TO STDOUT`)))],
  ["CopySql.toRows", CopySql.use((copy) => Stream.runDrain(copy.toRows(sql`SELECT 1`)))],
  ["CopySql.from", CopySql.use((copy) => copy.from(sql`COPY t FROM STDIN`, sent))],
  ["CopySql.fromRows", CopySql.use((copy) => copy.fromRows({ table: "t", columns: ["a"] }, Stream.make({ a: 1 })))],
  ["BatchSql.create", BatchSql.use((batch) => batch.create(sql`SELECT 1`))],
  ["BatchSql.get", BatchSql.use((batch) => batch.get("a"))],
  ["BatchSql.cancel", BatchSql.use((batch) => batch.cancel("a"))]
]

const echo = `${token} ${encoded} Basic ${encoded} ?api_key=${token}`
const responses: ReadonlyArray<readonly [string, () => Response]> = [
  ["plain text", () => new Response(echo, { status: 500 })],
  ["the page of a proxy", () => new Response(`<html>${echo}</html>`, { status: 404 })],
  [
    "an error of the SQL API",
    () => json({ error: [`relation "${echo}" does not exist`], detail: echo, hint: echo }, 400)
  ],
  ["an error of the Auth API", () => json({ errors: `Validation failed: ${echo}`, errors_cause: null }, 422)],
  ["rows that end with an error", () => json({ rows: [], time: 0, fields: {}, total_rows: 0, error: [echo] })],
  ["a malformed success", () => json({ what: echo })],
  [
    "a redirect",
    () => new Response(null, { status: 302, headers: { location: `https://x.example.org/${token}?k=${token}` } })
  ],
  ["a rate limit", () => json({ error: [echo] }, 429, { "retry-after": "1" })],
  ["a key of the wrong shape", () => json(wireKey({ token, name: 1 }))],
  ["a truncated list", () => new Response(`{"total":1,"result":[{"name":"a","token":"${other}`)],
  ["an error with a key in it", () => json({ errors: wireKey({ token: other }) }, 418)]
]

describe("tokens that a server echoes", () => {
  for (const [what, response] of responses) {
    it.effect.each(operations)(`%s shows no token in: ${what}`, ([, operation]) =>
      Effect.gen(function* () {
        const canary = makeCanary()
        let requests = 0
        const fetch = async () => {
          requests += 1
          return response()
        }
        const services = Carto.layer({
          baseUrl: "https://alice.carto.com",
          apiKey: Redacted.make(token),
          retry: false
        }).pipe(
          Layer.provide(FetchHttpClient.layer),
          Layer.provide(Layer.succeed(FetchHttpClient.Fetch, canary.watch(fetch)))
        )
        yield* underCanary(canary, Effect.provide(operation, services))
        assert.isAbove(requests, 0)
        for (const secret of [token, encoded, other]) assert.notInclude(canary.seen(), secret)
      })
    )
  }

  it.effect.each([
    ["a log", Effect.logDebug(`about ${token}`)],
    ["an error", Effect.fail(new Error(token))],
    ["the attribute of a span", Effect.withSpan(Effect.void, "span", { attributes: { key: token } })]
  ] as const)("the canary finds a token in %s", ([, leak]) =>
    Effect.gen(function* () {
      const canary = makeCanary()
      yield* underCanary<void, Error, never>(canary, leak)
      assert.include(canary.seen(), token)
    })
  )

  it.effect("the canary finds a token in a URL", () =>
    Effect.gen(function* () {
      const canary = makeCanary()
      yield* Effect.promise(() => canary.watch(async () => new Response())(`https://a.example.org/?api_key=${token}`))
      assert.include(canary.seen(), token)
    })
  )
})

layer(Emulator.layer({ postgis: false, accounts: [{ username: "alice", masterKey: token }] }), {
  timeout: "60 seconds"
})("tokens on the embedded CARTO", (it) => {
  it.effect("the scenario of the guide shows no token of the master key or of the keys that it creates", () =>
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
      yield* underCanary(canary, Effect.provide(scenario({}), services))
      const secrets = new Set(tokens.filter((found) => found !== Redacted.value(Auth.defaultPublic)))
      assert.isAtLeast(secrets.size, 4)
      for (const secret of secrets) assert.notInclude(canary.seen(), secret)
    })
  )
})
