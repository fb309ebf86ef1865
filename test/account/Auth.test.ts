import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Redacted, Result } from "effect"
import { ApiKeyManager, Auth, Sql, sql } from "../../src/index.ts"
import { fromWire } from "../../src/account/apiKeyWire.ts"
import { json, masterToken, provideScript, result, scriptedFetch, wireKey } from "../support/scriptedFetch.ts"

const key = Redacted.make(masterToken)
const account = (options: Parameters<typeof Auth.layer>[0]) =>
  Effect.provide(
    Effect.map(Auth, (auth) => auth),
    Auth.layer(options)
  )
const refused = (options: Parameters<typeof Auth.layer>[0]) => Effect.flip(account(options))
const refusedUntyped = (options: object): ReturnType<typeof refused> => Reflect.apply(refused, undefined, [options])

describe("base URLs", () => {
  const cases: ReadonlyArray<readonly [string, string, string, string, string | undefined]> = [
    ["https://alice.carto.com", "alice", "https://alice.carto.com", "https://alice.carto.com", "public"],
    ["https://alice.carto.com/", "alice", "https://alice.carto.com", "https://alice.carto.com", "public"],
    [
      "https://acme.carto.com/u/mary",
      "mary",
      "https://acme.carto.com/u/mary",
      "https://acme.carto.com/user/mary",
      "mary"
    ],
    [
      "https://acme.carto.com/u/acme/",
      "acme",
      "https://acme.carto.com/u/acme",
      "https://acme.carto.com/user/acme",
      "public"
    ],
    [
      "https://maps.example.org/user/bob",
      "bob",
      "https://maps.example.org/user/bob",
      "https://maps.example.org/user/bob",
      undefined
    ],
    [
      "http://127.0.0.1:8080/user/demo",
      "demo",
      "http://127.0.0.1:8080/user/demo",
      "http://127.0.0.1:8080/user/demo",
      undefined
    ],
    [
      "http://localhost:8080/user/demo",
      "demo",
      "http://localhost:8080/user/demo",
      "http://localhost:8080/user/demo",
      undefined
    ]
  ]
  for (const [baseUrl, username, authUrl, sqlUrl, schema] of cases) {
    it.effect(`the base URL ${baseUrl} gives the account ${username} and its URLs`, () =>
      Effect.gen(function* () {
        const auth = yield* account({ baseUrl, apiKey: key })
        assert.deepStrictEqual(
          [auth.username, auth.authUrl, auth.sqlUrl, auth.schema],
          [username, authUrl, sqlUrl, schema]
        )
      })
    )
  }
  it.effect("a username alone gives the URL of the account at carto.com", () =>
    Effect.map(account({ username: "alice", apiKey: key }), ({ authUrl }) =>
      assert.strictEqual(authUrl, "https://alice.carto.com")
    )
  )
  it.effect("a username with an on-premises base URL gives the URL of that account", () =>
    Effect.map(account({ baseUrl: "https://maps.example.org", username: "bob", apiKey: key }), ({ authUrl }) =>
      assert.strictEqual(authUrl, "https://maps.example.org/user/bob")
    )
  )
  it.effect("http to another host is accepted if allowInsecureHttp is true", () =>
    Effect.map(account({ baseUrl: "http://alice.carto.com", apiKey: key, allowInsecureHttp: true }), ({ authUrl }) =>
      assert.strictEqual(authUrl, "http://alice.carto.com")
    )
  )

  const bad: ReadonlyArray<readonly [string, string, string]> = [
    ["", "baseUrl", "an empty string"],
    ["alice", "baseUrl", "a string of 5 characters"],
    ["ftp://alice.carto.com", "baseUrl", "https://"],
    ["http://alice.carto.com", "baseUrl", "clear text"],
    ["http://127.0.0.1.example.org/user/a", "baseUrl", "clear text"],
    ["https://carto.com", "baseUrl", "does not name an account"],
    ["https://localhost", "baseUrl", "does not name an account"],
    ["https://10.0.0.1", "baseUrl", "does not name an account"],
    ["https://alice.carto.com/dashboard", "baseUrl", "must end with the account"],
    ["https://alice:secret@alice.carto.com", "baseUrl", "credentials"],
    ["https://alice.carto.com/?api_key=secret", "baseUrl", "credentials, query"],
    ["https://host.example.org/user/Alice", "baseUrl", "a-z, 0-9"]
  ]
  for (const [baseUrl, field, words] of bad) {
    it.effect(`the base URL ${JSON.stringify(baseUrl)} is refused`, () =>
      Effect.map(refused({ baseUrl, apiKey: key }), ({ message, reason }) => {
        assert.strictEqual(reason.field, field)
        assert.include(message, words)
        assert.notInclude(message, "secret")
      })
    )
  }
  it.effect("options without a base URL and a username are refused", () =>
    Effect.map(refused({ apiKey: key }), ({ message }) => {
      assert.include(message, "Auth.layer: baseUrl is undefined: give the account's URL")
      assert.include(message, "or its username")
    })
  )
  it.effect("a username is refused if the base URL names another account", () =>
    Effect.map(refused({ baseUrl: "https://acme.carto.com/u/mary", username: "max", apiKey: key }), ({ reason }) =>
      assert.strictEqual(reason.field, "username")
    )
  )
})

describe("transport options", () => {
  const bad = [
    [{ timeout: "5s" }, 'timeout is "5s": give a duration, such as "30 seconds"'],
    [{ timeout: Number.NaN }, "timeout is NaN: give a duration"],
    [{ timeout: 0 }, "timeout is 0 millis: give a duration of more than zero"],
    [{ stallTimeout: -1 }, "stallTimeout is -1 millis: give a duration of zero or more"],
    [{ stallTimeout: { second: 5 } }, "stallTimeout is an object: give a duration"],
    [{ retry: true }, "retry is true: give false or a function"],
    [{ retry: 3 }, "retry is 3: give false or a function"],
    [{ maxBodySize: "1 MB" }, "maxBodySize is a string of 4 characters: give a number of bytes above 0"],
    [{ maxBodySize: Number.NaN }, "maxBodySize is NaN: give a number"],
    [{ transformClient: {} }, "transformClient is an object: give a function"]
  ] as const
  for (const [options, message] of bad) {
    it.effect(`Auth.layer refuses bad transport options before any request: ${message}`, () =>
      Effect.gen(function* () {
        // JavaScript callers are not held by the type
        const error = yield* refusedUntyped({ username: "alice", apiKey: key, ...options })
        assert.include(error.message, `Auth.layer: ${message}`)
      })
    )
  }
  it.effect("timeout and stallTimeout may be infinite", () =>
    Effect.map(
      account({ username: "alice", apiKey: key, timeout: "Infinity", stallTimeout: Infinity }),
      ({ username }) => assert.strictEqual(username, "alice")
    )
  )
  it.effect("a bad timeout of a call is refused before its request", () => {
    const script = scriptedFetch(json(result()))
    return Effect.gen(function* () {
      const error = yield* Effect.flip(Sql.use((db) => db.query(sql`SELECT 1`, { timeout: Number.NaN })))
      assert.include(error.message, "Sql.query: timeout is NaN: give a duration")
      assert.strictEqual(script.asked.length, 0)
    }).pipe(provideScript(script))
  })
})

describe("the key", () => {
  for (const [name, value] of [
    ["empty", ""],
    ["blank", "  "],
    ["with a line end", `${masterToken}\n`],
    ["not ASCII", "clé"]
  ] as const) {
    it.effect(`an API key that is ${name} is refused`, () =>
      Effect.map(refused({ username: "alice", apiKey: Redacted.make(value) }), ({ message, reason }) => {
        assert.strictEqual(reason.field, "apiKey")
        assert.notInclude(message, masterToken)
      })
    )
  }
  it.effect("an effect that gives the API key runs for each request", () => {
    let count = 0
    const script = scriptedFetch(json(result()))
    return Effect.gen(function* () {
      const db = yield* Sql
      yield* db.query(sql`SELECT 1`)
      yield* db.query(sql`SELECT 1`)
      assert.deepStrictEqual(
        script.asked.map(({ headers }) => atob(headers.get("authorization")?.slice(6) ?? "")),
        ["alice:k1", "alice:k2"]
      )
    }).pipe(provideScript(script, { apiKey: Effect.sync(() => Redacted.make(`k${(count += 1)}`)) }))
  })
  it.effect("a failure of the effect that gives the API key has its own reason, and nothing is sent", () => {
    const script = scriptedFetch(json(result()))
    return Effect.gen(function* () {
      const error = yield* Effect.flip(Sql.use((db) => db.query(sql`SELECT 1`)))
      assert.strictEqual(error.reason._tag, "CredentialsUnavailable")
      assert.strictEqual(script.asked.length, 0)
    }).pipe(provideScript(script, { apiKey: Effect.fail("vault is closed") }))
  })
  it.effect(
    "the key of withApiKey is used inside its effect only, and an empty key is refused before any request",
    () => {
      const script = scriptedFetch(json(result()))
      return Effect.gen(function* () {
        const db = yield* Sql
        yield* Auth.withApiKey(db.query(sql`SELECT 1`), Redacted.make("other"))
        yield* db.query(sql`SELECT 1`)
        const error = yield* Effect.flip(db.query(sql`SELECT 1`).pipe(Auth.withApiKey(Redacted.make(""))))
        assert.strictEqual(error.reason._tag, "InvalidInput")
        assert.deepStrictEqual(
          script.asked.map(({ headers }) => atob(headers.get("authorization")?.slice(6) ?? "")),
          ["alice:other", `alice:${masterToken}`]
        )
      }).pipe(provideScript(script))
    }
  )
})

describe("configuration", () => {
  const withEnv = (env: Record<string, string>) =>
    Effect.provide(
      Effect.map(Auth, (auth) => auth),
      Auth.layerConfig().pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))))
    )
  it.effect("layerConfig reads the account from CARTO_BASE_URL", () =>
    Effect.map(withEnv({ CARTO_BASE_URL: "https://acme.carto.com/u/mary", CARTO_API_KEY: "k" }), ({ username }) =>
      assert.strictEqual(username, "mary")
    )
  )
  it.effect("layerConfig reads the account from CARTO_USERNAME", () =>
    Effect.map(withEnv({ CARTO_USERNAME: "alice", CARTO_API_KEY: "k" }), ({ username }) =>
      assert.strictEqual(username, "alice")
    )
  )
  for (const [missing, env] of [
    ["CARTO_API_KEY", { CARTO_USERNAME: "alice" }],
    ["CARTO_API_KEY", { CARTO_USERNAME: "alice", CARTO_API_KEY: "" }],
    ["CARTO_BASE_URL", { CARTO_API_KEY: "k" }]
  ] as const) {
    it.effect(`layerConfig names the missing variable ${missing}: ${JSON.stringify(env)}`, () =>
      Effect.map(Effect.flip(withEnv(env)), ({ reason }) => assert.strictEqual(reason.field, missing))
    )
  }
})

describe("a key that is regenerated", () => {
  it.effect("after regenerate, calls use the new token, also calls that had been sent with the old one", () => {
    const next = "f".repeat(40)
    let current = masterToken
    const bearer = (headers: Headers) => atob(headers.get("authorization")?.slice(6) ?? "").slice("alice:".length)
    const script = scriptedFetch(({ headers, url }) => {
      if (bearer(headers) !== current) return new Response(null, { status: 401 })
      if (!url.endsWith("/token/regenerate")) return json(result())
      current = next
      return json(wireKey({ name: "Master", type: "master", token: next }))
    })
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const db = yield* Sql
      yield* Effect.all([keys.regenerate("Master"), ...Array.from({ length: 20 }, () => db.query(sql`SELECT 1`))], {
        concurrency: "unbounded"
      })
      yield* db.query(sql`SELECT 1`)
      assert.strictEqual(bearer(script.asked.at(-1)?.headers ?? new Headers()), next)
    }).pipe(provideScript(script))
  })
  it.effect("an ApiKey value can be used with withApiKey after it was regenerated", () => {
    const old = Result.getOrThrow(fromWire(wireKey()))
    const script = scriptedFetch(json(wireKey({ token: "newtoken" })), json(result()))
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      yield* keys.regenerate(old)
      yield* Sql.use((db) => db.query(sql`SELECT 1`)).pipe(Auth.withApiKey(old))
      assert.strictEqual(atob(script.asked[1]?.headers.get("authorization")?.slice(6) ?? ""), "alice:newtoken")
    }).pipe(provideScript(script))
  })
  it.effect("regenerate fails with Unauthenticated if the server refuses the key, and does not wait for itself", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(ApiKeyManager.use((keys) => keys.regenerate("Master")))
      assert.strictEqual(error.reason._tag, "Unauthenticated")
    }).pipe(provideScript(scriptedFetch(new Response(null, { status: 401 }))))
  )
})
