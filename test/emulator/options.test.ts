import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { make, type RequestLogEntry } from "../../src/emulator/index.ts"

const entries: Array<RequestLogEntry> = []

const emulator = make({
  postgis: false,
  onRequest: (entry) => void entries.push(entry),
  accounts: [
    {
      username: "demo",
      masterKey: "chosen_master",
      seed: ["CREATE TABLE kept (a int)", "INSERT INTO kept VALUES (1), (2)"],
      statementTimeout: 50,
      rateLimits: { query: { burst: 1, count: 1, period: 60 } },
      keys: [
        {
          name: "reader",
          token: "chosen_reader",
          grants: [
            { type: "apis", apis: ["sql"] },
            { type: "database", tables: [{ schema: "public", name: "kept", permissions: ["select"] }] }
          ]
        }
      ]
    },
    { username: "owner", organization: { name: "acme", role: "owner" }, masterKey: "owner_master" },
    { username: "mary", organization: { name: "acme", role: "member" } }
  ]
})

const get = (fetch: typeof globalThis.fetch, url: string) =>
  Effect.promise(async () => {
    const response = await fetch(url)
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text === "" ? undefined : JSON.parse(text)
    }
  })

describe("the options of accounts", () => {
  it.live(
    "options of accounts set the tokens, data, keys and limits that the APIs use",
    () =>
      Effect.gen(function* () {
        const { account, fetch } = yield* emulator
        const sql = (q: string, key: string) =>
          get(fetch, `https://demo.carto.com/api/v2/sql?q=${encodeURIComponent(q)}&api_key=${key}`)
        const demo = account("demo")
        assert.strictEqual(demo === undefined ? "" : Redacted.value(demo.masterKey), "chosen_master")
        assert.deepStrictEqual((yield* sql("SELECT sum(a) FROM kept", "chosen_reader")).body.rows, [{ sum: 3 }])
        const late = yield* sql("SELECT pg_sleep(10)", "chosen_master")
        assert.deepStrictEqual([late.status, late.body.detail], [429, "datasource"])
        const limited = yield* sql("SELECT 1", "chosen_master")
        assert.deepStrictEqual([limited.status, limited.body.detail], [429, "rate-limit"])
        assert.deepStrictEqual(
          entries.map(({ host, method, path, status }) => [method, host, path, status]),
          [
            ["GET", "demo.carto.com", "/api/v2/sql", 200],
            ["GET", "demo.carto.com", "/api/v2/sql", 429],
            ["GET", "demo.carto.com", "/api/v2/sql", 429]
          ]
        )

        const api = (path: string, host = "demo.localhost:8080") => get(fetch, `http://${host}/api${path}`)
        const me = yield* api("/v3/me?api_key=chosen_master")
        assert.deepStrictEqual([me.status, me.body.user_data.username], [200, "demo"])
        assert.strictEqual((yield* api("/v3/me?api_key=chosen_reader")).status, 401)
        const list = yield* api("/v1/viz?type=table&api_key=chosen_master")
        assert.deepStrictEqual([list.body.total_entries, list.body.visualizations[0].table.name], [1, "kept"])
        assert.strictEqual((yield* api("/v1/viz/kept?api_key=chosen_master")).body.name, "kept")
        assert.strictEqual((yield* api("/v1/viz/absent?api_key=chosen_master")).status, 404)
        assert.strictEqual((yield* api("/v1/users/demo?api_key=chosen_master")).body.username, "demo")
        const members = yield* api("/v1/organization/acme/users?api_key=owner_master", "owner.carto.com")
        assert.deepStrictEqual(
          members.body.users.map(({ username }: { readonly username: string }) => username),
          ["owner", "mary"]
        )
        for (const path of ["/v1/imports", "/v2/nothing", "/v4/datasets", "/v3/visualizations"]) {
          const other = yield* api(path)
          assert.deepStrictEqual(
            [other.status, other.body],
            [404, { errors: [`the embedded CARTO does not have GET /api${path}`] }]
          )
        }
        const unknown = yield* get(fetch, "http://nobody.localhost/api/v3/api_keys")
        assert.deepStrictEqual(
          [unknown.status, unknown.headers.get("x-embedded-carto")],
          [401, 'there is no account "nobody"']
        )
        const keys = yield* get(fetch, "http://demo.localhost/api/v3/api_keys?api_key=chosen_master")
        assert.strictEqual(keys.status, 200)
      }).pipe(Effect.scoped),
    60_000
  )

  const wrong = [
    { statementTimeout: -1 },
    { exportTimeout: Number.NaN },
    { waitingJobs: 1.5 },
    { rateLimits: { query: { burst: 0, count: 0, period: 1 } } },
    { keys: [{ name: "x", token: "a b", grants: [] }] },
    { keys: [{ name: "x", grants: [{ type: "wrong" }] }] }
  ]
  for (const options of wrong) {
    it.live(`wrong options of accounts are refused by name: ${JSON.stringify(options)}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          Effect.scoped(make({ postgis: false, accounts: [{ username: "demo", ...options }] }))
        )
        assert.strictEqual(error.reason._tag, "InvalidAccount")
      })
    )
  }
})
