import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as KeyStore from "../../../src/emulator/state/keyStore.ts"
import * as Authentication from "../../../src/emulator/sql-api/authentication.ts"
import { parseForm } from "../../../src/emulator/sql-api/parameters.ts"

const makeKeyStore = (): KeyStore.KeyStoreService => {
  const keyStore = KeyStore.make()
  const key = (token: string, type: string, fields: KeyStore.Hash = { grants_sql: "true" }) =>
    keyStore.set(`api_keys:acme:${token}`, {
      user: "acme",
      type,
      database_role: `role_${token}`,
      database_password: "secret",
      ...fields
    })
  keyStore.set("rails:users:acme", { id: "501", database_name: "db", database_host: "host", map_key: "master" })
  key("master", "master")
  key("default_public", "default")
  key("read", "regular")
  key("maps", "regular", { grants_maps: "true" })
  key("odd", "regular", { grants_sql: "1" })
  key("others", "regular", { user: "bob", grants_sql: "true" })
  key("incomplete", "regular", { database_role: "", grants_sql: "true" })
  return keyStore
}

const basic = (user: string, token: string): string => `Basic ${btoa(`${user}:${token}`)}`

const authenticate = (given: {
  header?: string
  query?: string
  body?: string
  needsMaster?: boolean
  keyStore?: KeyStore.KeyStoreService
}) =>
  Effect.gen(function* () {
    const keyStore = given.keyStore ?? makeKeyStore()
    const account = yield* Authentication.account(keyStore, "acme")
    let accepted = false
    const outcome = yield* Authentication.authenticate({
      keyStore,
      account,
      authorization: given.header ?? null,
      query: parseForm(given.query ?? ""),
      body: parseForm(given.body ?? ""),
      needsMaster: given.needsMaster ?? false,
      onAccepted: () => {
        accepted = true
      }
    }).pipe(
      Effect.match({
        onFailure: ({ message, status }) => `${status} ${message}`,
        onSuccess: ({ isMaster, login, master }) => `${login.role}${isMaster ? " master" : ""} ${master.role}`
      })
    )
    return [outcome, accepted]
  })

describe("authenticate", () => {
  const cases: ReadonlyArray<readonly [string, Parameters<typeof authenticate>[0], string, boolean]> = [
    ["nothing", {}, "role_default_public role_master", true],
    ["a key in the query", { query: "api_key=read" }, "role_read role_master", true],
    ["map_key", { query: "map_key=master" }, "role_master master role_master", true],
    ["api_key over map_key", { query: "map_key=master&api_key=read" }, "role_read role_master", true],
    ["a key in the body", { body: "api_key=master" }, "role_master master role_master", true],
    ["query over body", { query: "api_key=read", body: "api_key=master" }, "role_read role_master", true],
    [
      "header over query, whose key decides the level",
      { header: basic("acme", "read"), query: "api_key=master" },
      "role_read master role_master",
      true
    ],
    ["a lower-case scheme", { header: basic("acme", "read").replace("Basic", "basic") }, "role_read role_master", true],
    [
      "Basic without a token",
      { header: basic("acme", ""), query: "api_key=read" },
      "role_default_public role_master",
      true
    ],
    ["another user name without a token", { header: basic("bob", "") }, "403 permission denied", false],
    ["an empty key", { query: "api_key=" }, "role_default_public role_master", true],
    ["Bearer", { header: "Bearer master" }, "role_default_public role_master", true],
    ["malformed Basic", { header: "Basic !!" }, "role_default_public role_master", true],
    ["another user name", { header: basic("bob", "master") }, "403 permission denied", false],
    ["an empty user name", { header: basic("", "master") }, "403 permission denied", false],
    ["an unknown token", { query: "api_key=zzz" }, "401 Unauthorized", false],
    ["a repeated key", { query: "api_key=master&api_key=master" }, "401 Unauthorized", false],
    ["an incomplete record", { query: "api_key=incomplete" }, "401 Unauthorized", false],
    ["a record of another account", { query: "api_key=others" }, "403 Forbidden", false],
    ["no sql grant", { query: "api_key=maps" }, "403 forbidden", false],
    ["a grant that is not true", { query: "api_key=odd" }, "403 forbidden", false],
    [
      "master where it is needed",
      { query: "api_key=master", needsMaster: true },
      "role_master master role_master",
      true
    ],
    ["nothing where master is needed", { needsMaster: true }, "403 permission denied", false],
    [
      "a regular key where master is needed",
      { query: "api_key=read", needsMaster: true },
      "403 permission denied",
      false
    ],
    ["an unknown token where master is needed", { query: "api_key=zzz", needsMaster: true }, "401 Unauthorized", false]
  ]
  for (const [name, given, outcome, accepted] of cases) {
    it.effect(`authenticate gives ${outcome} for: ${name}`, () =>
      Effect.gen(function* () {
        assert.deepEqual(yield* authenticate(given), [outcome, accepted])
      })
    )
  }
  it.effect("authenticate refuses every key of an account without a master key", () =>
    Effect.gen(function* () {
      const keyStore = makeKeyStore()
      keyStore.delete("api_keys:acme:master")
      assert.deepEqual(yield* authenticate({ keyStore, query: "api_key=read" }), ["401 Unauthorized", true])
      assert.deepEqual(yield* authenticate({ keyStore }), ["401 Unauthorized", true])
    })
  )
  it.effect(
    "authenticate gives 401 for a request without a key if the account has no default key, and accepts other keys",
    () =>
      Effect.gen(function* () {
        const keyStore = makeKeyStore()
        keyStore.delete("api_keys:acme:default_public")
        assert.deepEqual(yield* authenticate({ keyStore }), ["401 Unauthorized", true])
        assert.deepEqual(yield* authenticate({ keyStore, query: "api_key=read" }), ["role_read role_master", true])
      })
  )
  it.effect("authenticate checks the grant of the default key only if its token is given", () =>
    Effect.gen(function* () {
      const keyStore = makeKeyStore()
      const { grants_sql: _, ...rest } = keyStore.get("api_keys:acme:default_public") ?? {}
      keyStore.set("api_keys:acme:default_public", rest)
      assert.deepEqual(yield* authenticate({ keyStore }), ["role_default_public role_master", true])
      assert.deepEqual(yield* authenticate({ keyStore, query: "api_key=default_public" }), ["403 forbidden", false])
    })
  )
})

describe("account", () => {
  it.effect("account refuses an incomplete record", () =>
    Effect.gen(function* () {
      const keyStore = makeKeyStore()
      keyStore.set("rails:users:half", { id: "1", database_name: "db" })
      for (const name of ["half", "nobody"]) {
        const error = yield* Effect.flip(Authentication.account(keyStore, name))
        assert.strictEqual(error.status, 404)
        assert.include(error.message, `'${name}'`)
      }
    })
  )
  it.effect("account comes from the path or from the host", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Authentication.username("acme", "other.carto.com"), "acme")
      assert.strictEqual(yield* Authentication.username(undefined, "acme.carto.com"), "acme")
      assert.strictEqual(yield* Authentication.username(undefined, "127.0.0.1:8080"), "127")
      const error = yield* Effect.flip(Authentication.username(undefined, "localhost:80"))
      assert.deepEqual([error.status, error.message], [400, "No username found in hostname 'localhost:80'"])
    })
  )
})
