import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Redacted, Stream } from "effect"
import { ApiKeyManager, type CartoError, Grants } from "../../src/index.ts"
import { hostile, randomFrom } from "../support/hostile.ts"
import { json, masterToken, provideScript, scriptedFetch, wireKey } from "../support/scriptedFetch.ts"

const errors = (text: string, status: number) => json({ errors: text, errors_cause: null }, status)
const empty = (status: number) => new Response(null, { status })
const page = (names: ReadonlyArray<string>, total: number, next: boolean) =>
  json({
    total,
    count: names.length,
    result: names.map((name) => ({ ...wireKey({ name }), _links: { self: "https://alice.carto.com/broken+link" } })),
    _links: { first: { href: "f" }, last: { href: "l" }, ...(next ? { next: { href: "n" } } : {}) }
  })

const pathOf = (url: string | undefined) => new URL(url ?? "").pathname

describe("create", () => {
  it.effect("create sends the request of the guide, with the account's own schema and both APIs by default", () => {
    const script = scriptedFetch(json(wireKey(), 201))
    return Effect.gen(function* () {
      const key = yield* ApiKeyManager.use((keys) =>
        keys.create({ name: "tornadoes api key", tables: [Grants.table("tornadoes", ["select"])] })
      )
      const [asked] = script.asked
      assert.strictEqual(asked?.method, "POST")
      assert.strictEqual(pathOf(asked?.url), "/api/v3/api_keys")
      assert.deepStrictEqual(JSON.parse(asked?.body ?? ""), {
        name: "tornadoes api key",
        grants: [
          { type: "apis", apis: ["sql", "maps"] },
          { type: "database", tables: [{ schema: "public", name: "tornadoes", permissions: ["select"] }] }
        ]
      })
      assert.strictEqual(Redacted.value(key.token), "abcdefghijklmnopqrstuv")
      assert.strictEqual(key.createdAt.toISOString(), "2018-02-08T14:24:41.000Z")
    }).pipe(provideScript(script))
  })
  it.effect("create sends all five sections of grants", () => {
    const script = scriptedFetch(json(wireKey(), 201))
    return Effect.gen(function* () {
      yield* ApiKeyManager.use((keys) =>
        keys.create({
          name: "all",
          apis: ["sql", "do"],
          tables: [Grants.table("t", ["select", "insert"], { schema: "s" })],
          schemas: [Grants.schema("s")],
          tableMetadata: true,
          services: ["geocoding"],
          user: ["profile"],
          datasets: ["carto-do.a.b"],
          targetUser: "mary"
        })
      )
      assert.strictEqual(new URL(script.asked[0]?.url ?? "").search, "?target_user=mary")
      assert.deepStrictEqual(JSON.parse(script.asked[0]?.body ?? "").grants, [
        { type: "apis", apis: ["sql", "do"] },
        {
          type: "database",
          tables: [{ schema: "s", name: "t", permissions: ["select", "insert"] }],
          schemas: [{ name: "s", permissions: ["create"] }],
          table_metadata: []
        },
        { type: "dataservices", services: ["geocoding"] },
        { type: "user", data: ["profile"] },
        { type: "data-observatory", datasets: ["carto-do.a.b"] }
      ])
    }).pipe(provideScript(script))
  })
  it.effect("create asks once for the schema of an on-premises account", () => {
    const schema = json({ rows: [{ schema: "bob" }], time: 0, fields: {}, total_rows: 1 })
    const script = scriptedFetch(schema, json(wireKey(), 201))
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const tables = [Grants.table("t", ["select"])]
      yield* keys.create({ name: "a", tables })
      yield* keys.create({ name: "b", tables })
      assert.deepStrictEqual(
        script.asked.map(({ url }) => pathOf(url)),
        ["/user/bob/api/v2/sql", "/user/bob/api/v3/api_keys", "/user/bob/api/v3/api_keys"]
      )
      assert.strictEqual(JSON.parse(script.asked[2]?.body ?? "").grants[1].tables[0].schema, "bob")
    }).pipe(provideScript(script, { baseUrl: "https://maps.example.org/user/bob" }))
  })

  const good = { name: "a", apis: ["sql"] } as const
  const bad: ReadonlyArray<readonly [string, unknown, string]> = [
    ["a blank name", { ...good, name: "  " }, "name"],
    ["no name", { apis: ["sql"] }, "name"],
    ["a reserved name", { ...good, name: "Master" }, "name"],
    ["the other reserved name", { ...good, name: "Default public" }, "name"],
    ["a name with /", { ...good, name: "a/b" }, "name"],
    ["the name .", { ...good, name: "." }, "name"],
    ["the name ..", { ...good, name: ".." }, "name"],
    ["a name with NUL", { ...good, name: "a\0" }, "name"],
    ["half a surrogate pair in the name", { ...good, name: "\udc00" }, "name"],
    ["an unknown API", { ...good, apis: ["sql", "imports"] }, "apis[1]"],
    ["apis that are not a list", { ...good, apis: "sql" }, "apis"],
    ["an unknown permission", { ...good, tables: [{ name: "t", permissions: ["read"] }] }, "tables[0].permissions[0]"],
    ["upper case", { ...good, tables: [{ name: "t", permissions: ["SELECT"] }] }, "tables[0].permissions[0]"],
    ["no permissions", { ...good, tables: [{ name: "t", permissions: [] }] }, "tables[0].permissions"],
    ["permissions missing", { ...good, tables: [{ name: "t" }] }, "tables[0].permissions"],
    ["an empty list of tables", { ...good, tables: [] }, "tables"],
    ["a table as a string", { ...good, tables: ["public.tornadoes"] }, "tables[0]"],
    ["a dotted table", { ...good, tables: [{ name: "public.t", permissions: ["select"] }] }, "tables[0].name"],
    ["a blank table", { ...good, tables: [{ name: " ", permissions: ["select"] }] }, "tables[0].name"],
    ["one table without a list", { ...good, tables: { name: "t", permissions: ["select"] } }, "tables"],
    [
      "an unknown schema permission",
      { ...good, schemas: [{ name: "s", permissions: ["usage"] }] },
      "schemas[0].permissions[0]"
    ],
    ["an unknown service", { ...good, services: ["weather"] }, "services[0]"],
    ["an empty list of services", { ...good, services: [] }, "services"],
    ["unknown user data", { ...good, user: ["email"] }, "user[0]"],
    ["metadata that is not a flag", { ...good, tableMetadata: [] }, "tableMetadata"],
    ["a blank target user", { ...good, targetUser: "" }, "targetUser"]
  ]
  for (const [name, options, field] of bad) {
    it.effect(`create refuses ${name} before any request`, () => {
      const script = scriptedFetch(new Error("asked"))
      return Effect.gen(function* () {
        // what a caller without types may give
        const untyped: never = options as never
        const error = yield* Effect.flip(ApiKeyManager.use((keys) => keys.create(untyped)))
        assert.strictEqual(error.reason._tag, "InvalidInput")
        assert.strictEqual("field" in error.reason && error.reason.field, field)
        assert.strictEqual(script.asked.length, 0)
      }).pipe(provideScript(script))
    })
  }
  it.effect("create accepts an empty list of APIs, as the server does", () => {
    const script = scriptedFetch(json(wireKey(), 201))
    return Effect.gen(function* () {
      yield* ApiKeyManager.use((keys) => keys.create({ name: "a", apis: [] }))
      assert.deepStrictEqual(JSON.parse(script.asked[0]?.body ?? "").grants, [{ type: "apis", apis: [] }])
    }).pipe(provideScript(script))
  })

  const uuid = "in schema 7a1b7d3f-2b7c-5a0e-8f5d-9a3c1f2e4b6d#"
  const answers: ReadonlyArray<readonly [string, ReadonlyArray<Response>, string, string]> = [
    [
      "a name that is taken",
      [errors("Validation failed: Name has already been taken", 422)],
      "ApiKeyNameTaken",
      "already exists"
    ],
    ["the quota", [errors("You have reached the limit of API keys for your plan", 403)], "ApiKeyQuotaReached", "plan"],
    ["a refusal by PostgreSQL", [errors("Unexpected error", 422)], "GrantRefused", "Unexpected error"],
    [
      "grants that the server's schema refuses",
      [
        errors(
          `Validation failed: Grants The property '#/1/tables/0/permissions/0' value "read" did not match one of the following values: insert, select, update, delete ${uuid}`,
          422
        )
      ],
      "InvalidGrants",
      "grants[1].tables[0].permissions[0]"
    ],
    [
      "text of the request inside the server's message",
      [
        errors(
          `Validation failed: Grants The property '#/0/apis/0' value "x, Name has already been taken, y" did not match one of the following values: sql, maps, do ${uuid}`,
          422
        )
      ],
      "InvalidGrants",
      "grants[0].apis[0]"
    ],
    [
      "a grant that is not held, unexplained",
      [errors("Validation failed: Grants can only grant table permissions you have", 422), empty(403)],
      "GrantNotHeld",
      "insert on public.t"
    ],
    [
      "a schema grant that is not held",
      [errors("Validation failed: Grants can only grant schema permissions you have", 422)],
      "GrantNotHeld",
      "create in schema s"
    ],
    ["a key that is not master", [empty(401), page(["regular one"], 1, false)], "MasterKeyRequired", "regular"],
    ["a key that does not exist", [empty(401), empty(401)], "Unauthenticated", "alice"],
    ["an account without the Auth API", [empty(404)], "AuthApiDisabled", "closed to this account"],
    ["an account that is not activated", [empty(403)], "AccountNotActivated", "activated"],
    [
      "an error nested deeper than the stack",
      [new Response(`{"errors":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`, { status: 422 })],
      "ResponseMalformed",
      "422"
    ],
    ["HTML of a proxy", [new Response("<html>no</html>", { status: 404 })], "ResponseMalformed", "404"],
    [
      "a server error after which the key does not exist",
      [new Response("oops", { status: 502 }), errors("API key not found: n", 404)],
      "ServerUnavailable",
      "oops"
    ],
    ["a server error that persists", [new Response("oops", { status: 502 })], "OutcomeUnknown", "oops"],
    [
      "a key without a token",
      [json(wireKey({ token: null }), 201), errors("API key not found: n", 404)],
      "ResponseMalformed",
      "token of an API key"
    ],
    ["too many calls", [new Response("", { status: 429, headers: { "retry-after": "7" } })], "RateLimited", "7 s"]
  ]
  for (const [name, script, tag, words] of answers) {
    it.effect(`create fails with ${tag} for ${name}`, () =>
      Effect.gen(function* () {
        const error: CartoError = yield* Effect.flip(
          ApiKeyManager.use((keys) =>
            keys.create({ name: "n", tables: [Grants.table("t", ["insert"])], schemas: [Grants.schema("s")] })
          )
        )
        assert.strictEqual(error.reason._tag, tag)
        assert.include(error.message, words)
      }).pipe(provideScript(scriptedFetch(...script)))
    )
  }
  it.effect("create reports which table is in another schema", () => {
    const rows = [
      { schema: "public", name: "a", held: ["select"] },
      { schema: "mary", name: "b", held: [] },
      { schema: "public", name: "c", held: [] }
    ]
    const script = scriptedFetch(
      errors("Validation failed: Grants can only grant table permissions you have", 422),
      json({ rows, time: 0, fields: {}, total_rows: 3 })
    )
    return Effect.gen(function* () {
      const error = yield* Effect.flip(
        ApiKeyManager.use((keys) =>
          keys.create({ name: "n", tables: ["a", "b", "c"].map((name) => Grants.table(name, ["select"])) })
        )
      )
      assert.deepStrictEqual("lacking" in error.reason && error.reason.lacking, [
        "select on public.b",
        "select on public.c"
      ])
      assert.include(error.message, "b is in schema mary, not public")
    }).pipe(provideScript(script))
  })
})

describe("list", () => {
  const names = (script: ReturnType<typeof scriptedFetch>, options?: Parameters<ApiKeyManager["Service"]["list"]>[0]) =>
    ApiKeyManager.use((keys) => keys.list(options)).pipe(
      Effect.map((all) => all.map(({ name }) => name)),
      provideScript(script)
    )
  it.effect(
    "list asks for all keys in one response if there are more than on the first page, in the server's order",
    () => {
      const script = scriptedFetch(page(["Master", "b"], 3, true), page(["Master", "b", "a"], 3, false))
      return Effect.gen(function* () {
        assert.deepStrictEqual(yield* names(script, { pageSize: 2, type: ["master", "regular"], order: "name" }), [
          "Master",
          "b",
          "a"
        ])
        assert.deepStrictEqual(
          script.asked.map(({ url }) => Object.fromEntries(new URL(url).searchParams)),
          [
            { per_page: "2", type: "master,regular", order: "name", page: "1" },
            { per_page: "6", type: "master,regular", order: "name", page: "1" }
          ]
        )
      })
    }
  )
  it.effect("list ends if the total is overstated", () =>
    Effect.map(names(scriptedFetch(page(["a"], 99, true), page([], 99, true))), (all) =>
      assert.deepStrictEqual(all, ["a"])
    )
  )
  it.effect("list ends if a page repeats", () =>
    Effect.map(names(scriptedFetch(page(["a", "b"], 99, true))), (all) => assert.deepStrictEqual(all, ["a", "b"]))
  )
  it.effect("list ends if the list shrinks", () =>
    Effect.map(names(scriptedFetch(page(["a", "b"], 4, true), page(["c"], 3, false))), (all) =>
      assert.deepStrictEqual(all, ["a", "b", "c"])
    )
  )
  it.effect("list continues if the total is understated", () =>
    Effect.map(names(scriptedFetch(page(["a"], 1, true), page(["b"], 1, false))), (all) =>
      assert.deepStrictEqual(all, ["a", "b"])
    )
  )
  it.effect("stream sends only the requests that it needs", () => {
    const script = scriptedFetch(page(["a"], 3, true), page(["b"], 3, true), page(["c"], 3, false))
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const first = yield* Stream.runHead(keys.stream({ pageSize: 1 }))
      assert.strictEqual(Option.getOrUndefined(first)?.name, "a")
      assert.strictEqual(script.asked.length, 1)
    }).pipe(provideScript(script))
  })
  it.effect("two concurrent lists do not affect each other", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const both = yield* Effect.all([keys.list({ pageSize: 1 }), keys.list({ pageSize: 1, type: "regular" })], {
        concurrency: 2
      })
      assert.deepStrictEqual(
        both.map((all) => all.map(({ name }) => name)),
        [
          ["a1", "a2", "a3"],
          ["r1", "r2", "r3"]
        ]
      )
    }).pipe(
      provideScript(
        scriptedFetch(({ url }) => {
          const { searchParams } = new URL(url)
          const kind = searchParams.has("type") ? "r" : "a"
          const size = Number(searchParams.get("per_page"))
          return page([`${kind}1`, `${kind}2`, `${kind}3`].slice(0, size), 3, size < 3)
        })
      )
    )
  )
  for (const [name, options, field] of [
    ["an unknown type", { type: "oauth" }, "type"],
    ["an empty list of types", { type: [] }, "type"],
    ["an unknown order", { order: "created_at" }, "order"],
    ["a page size of 0", { pageSize: 0 }, "pageSize"]
  ] as const) {
    it.effect(`list refuses ${name} before any request`, () => {
      const script = scriptedFetch(new Error("asked"))
      return Effect.gen(function* () {
        const error = yield* Effect.flip(ApiKeyManager.use((keys) => keys.list(options as never)))
        assert.strictEqual("field" in error.reason && error.reason.field, field)
        assert.strictEqual(script.asked.length, 0)
      }).pipe(provideScript(script))
    })
  }
})

describe("items", () => {
  it.effect("get fails and getOption returns none if the key does not exist", () => {
    const script = scriptedFetch(
      json(wireKey({ created_at: "2018-02-08 14:24:41 +0000" })),
      errors("API key not found: gone", 404),
      errors("API key not found: gone", 404)
    )
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const key = yield* keys.get("tornadoes api key")
      assert.strictEqual(key.createdAt.toISOString(), "2018-02-08T14:24:41.000Z")
      const error = yield* Effect.flip(keys.get("gone"))
      assert.strictEqual(error.reason._tag, "ApiKeyNotFound")
      assert.isTrue(Option.isNone(yield* keys.getOption("gone")))
    }).pipe(provideScript(script))
  })
  it.effect("names are percent-encoded once and never leave the host or the path", () => {
    const script = scriptedFetch(json(wireKey()))
    const names = [
      "a b",
      "a/b",
      "../me",
      "a?b#c",
      "100%",
      "a+b",
      "é☃",
      "//host",
      "https://host/x",
      "a\\b",
      "x.json",
      "%2e%2e"
    ]
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      for (const name of names) yield* keys.get(name)
      for (const [index, name] of names.entries()) {
        const url = new URL(script.asked[index]?.url ?? "")
        assert.strictEqual(url.origin, "https://alice.carto.com")
        assert.strictEqual(url.pathname, `/api/v3/api_keys/${encodeURIComponent(name)}`)
        assert.strictEqual(url.search, "")
      }
    }).pipe(provideScript(script))
  })
  it.effect("each of 3,000 hostile names is decoded from the path unchanged", () => {
    const script = scriptedFetch(({ method, url }) =>
      method === "DELETE" ? empty(204) : json(wireKey({ name: new URL(url).pathname }))
    )
    const random = randomFrom(7)
    const names = Array.from({ length: 3000 }, () => `${hostile(random)}${String.fromCodePoint(0x21 + random(0xd000))}`)
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      for (const name of names) {
        if (name === "." || name === "..") continue
        yield* keys.get(name)
        yield* keys.delete(name)
        yield* keys.regenerate(name)
        const [got, deleted, regenerated] = script.asked.slice(-3).map(({ url }) => new URL(url))
        for (const url of [got, deleted, regenerated]) {
          assert.strictEqual(url?.origin, "https://alice.carto.com")
          assert.strictEqual(`${url?.search}${url?.hash}`, "")
        }
        const segments = regenerated?.pathname.split("/") ?? []
        assert.deepStrictEqual(segments.toSpliced(4, 1), ["", "api", "v3", "api_keys", "token", "regenerate"])
        assert.strictEqual(decodeURIComponent(segments[4] ?? ""), name)
        assert.strictEqual(decodeURIComponent(got?.pathname.slice("/api/v3/api_keys/".length) ?? ""), name)
        assert.strictEqual(got?.pathname, deleted?.pathname)
      }
    }).pipe(provideScript(script))
  })
  it.effect("a dot is sent as %2E when a key is regenerated", () => {
    const script = scriptedFetch(json(wireKey({ name: "my.key" })))
    return Effect.gen(function* () {
      yield* ApiKeyManager.use((keys) => keys.regenerate("my.key"))
      assert.strictEqual(script.asked[0]?.url, "https://alice.carto.com/api/v3/api_keys/my%2Ekey/token/regenerate")
    }).pipe(provideScript(script))
  })
  it.effect("a key named . is found in the list, and cannot be deleted by URL", () => {
    const script = scriptedFetch(page(["a", "."], 2, false))
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      assert.strictEqual((yield* keys.get(".")).name, ".")
      const error = yield* Effect.flip(keys.delete("."))
      assert.strictEqual(error.reason._tag, "InvalidInput")
      assert.strictEqual(script.asked.length, 1)
    }).pipe(provideScript(script))
  })
  it.effect("delete accepts 204 and 200", () => {
    const script = scriptedFetch(empty(204), json({}, 200))
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      yield* keys.delete("a")
      yield* keys.delete("a")
      assert.deepStrictEqual(
        script.asked.map(({ method }) => method),
        ["DELETE", "DELETE"]
      )
    }).pipe(provideScript(script))
  })
  it.effect("master and default keys are not deleted, the default key is not regenerated, and nothing is sent", () => {
    const script = scriptedFetch(new Error("asked"))
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const effects = [
        keys.delete("Master"),
        keys.delete("Default public"),
        Effect.asVoid(keys.regenerate("Default public"))
      ]
      for (const effect of effects) {
        const error: CartoError = yield* Effect.flip<void, CartoError, never>(effect)
        assert.strictEqual(error.reason._tag, "ApiKeyProtected")
      }
      assert.strictEqual(script.asked.length, 0)
    }).pipe(provideScript(script))
  })
  it.effect("a key whose table is gone cannot be regenerated", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(ApiKeyManager.use((keys) => keys.regenerate("a")))
      assert.strictEqual(error.reason._tag, "RegenerateRefused")
      assert.include(error.message, "create a key with the grants that are left")
    }).pipe(provideScript(scriptedFetch(json({ status: "422", error: "Unprocessable Entity" }, 422))))
  )
  it.effect("get of a member's key fails with TargetUserForbidden or TargetUserNotFound", () => {
    const script = scriptedFetch(
      errors("You don't have permission to access that resource", 403),
      errors("User 'eve' not found in the organization 'acme'", 404)
    )
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const refused = yield* Effect.flip(keys.get("a", { targetUser: "mary" }))
      const unknown = yield* Effect.flip(keys.get("a", { targetUser: "eve" }))
      assert.deepStrictEqual([refused.reason._tag, unknown.reason._tag], ["TargetUserForbidden", "TargetUserNotFound"])
    }).pipe(provideScript(script))
  })
  it.effect("whoami returns the key in use, and isValid reports whether a token works", () => {
    const script = scriptedFetch(page(["Master"], 3, true), page([], 0, false), page(["a"], 1, false), empty(401))
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      assert.strictEqual((yield* keys.whoami).name, "Master")
      assert.strictEqual((yield* Effect.flip(keys.whoami)).reason._tag, "HiddenApiKey")
      assert.isTrue(yield* keys.isValid(Redacted.make("a")))
      assert.isFalse(yield* keys.isValid(Redacted.make("b")))
    }).pipe(provideScript(script))
  })
  it.effect("unknown grants, types and fields of a key are kept and can be read", () => {
    const grants = [
      { type: "apis", apis: ["sql", "imports"] },
      {
        type: "database",
        tables: [{ schema: "s", name: "t", owner: true, permissions: ["truncate"], note: 1 }],
        schemas: [{ name: "s", permissions: ["usage"] }]
      },
      { type: "weather", stations: [1] }
    ]
    return Effect.gen(function* () {
      const key = yield* ApiKeyManager.use((keys) => keys.get("a"))
      assert.strictEqual(key.type, "temporary")
      assert.deepStrictEqual(key.extra, { expires: "never" })
      assert.deepStrictEqual(key.grants.apis, ["sql", "imports"])
      assert.deepStrictEqual(key.grants.tables, [{ schema: "s", name: "t", owner: true, permissions: ["truncate"] }])
      assert.deepStrictEqual(key.grants.sections, grants)
    }).pipe(provideScript(scriptedFetch(json(wireKey({ type: "temporary", expires: "never", grants })))))
  })
})

describe("secrets", () => {
  it.effect("the API key is sent in the header only, and fetch does not follow redirects", () => {
    const script = scriptedFetch(json(wireKey(), 201))
    return Effect.gen(function* () {
      yield* ApiKeyManager.use((keys) => keys.create({ name: "a", apis: ["sql"] }))
      const [asked] = script.asked
      assert.strictEqual(asked?.headers.get("authorization"), `Basic ${btoa(`alice:${masterToken}`)}`)
      assert.notInclude(`${asked?.url} ${asked?.body}`, masterToken)
      assert.strictEqual(asked?.redirect, "manual")
      assert.isNull(asked?.headers.get("traceparent") ?? null)
      assert.isNull(asked?.headers.get("b3") ?? null)
    }).pipe(provideScript(script))
  })
})
