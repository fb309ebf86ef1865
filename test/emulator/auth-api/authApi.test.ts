import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Accounts } from "../../../src/emulator/accounts/accounts.ts"
import { ApiKeys } from "../../../src/emulator/accounts/keys/apiKeys.ts"
import { layerParts, makeFromParts } from "../../../src/emulator/emulator.ts"
import { type AccountOptions, Emulator } from "../../../src/emulator/index.ts"
import { Metadata } from "../../../src/emulator/state/metadata.ts"
import * as PgliteDatabases from "../../../src/emulator/pglite/pgliteDatabases.ts"
import { vi } from "vitest"

// A database takes seconds to start when the machine is busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const Parts = layerParts({}).pipe(Layer.provide(PgliteDatabases.layer({ postgis: false })))
const Running = Layer.effect(Emulator, makeFromParts({ accounts: [] })).pipe(Layer.provideMerge(Parts))

const apis = { type: "apis", apis: ["sql"] }

interface Options {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** The Basic header's token; the master key by default, and none when empty. */
  readonly token?: string
}

const memberOf = (name: string, role: "owner" | "member") => ({ name, role })

/** An account of the test's own, and how to send requests as it. All share a database unless they say otherwise. */
const account = Effect.fnUntraced(function* (options: AccountOptions) {
  const emulator = yield* Emulator
  const { baseUrl, masterKey, username } = yield* emulator.createAccount({
    organization: memberOf("shared", "member"),
    ...options
  })
  const send = ({ body, headers, method, token = Redacted.value(masterKey) }: Options = {}, path = "") => {
    const basic = { authorization: `Basic ${Buffer.from(`${username}:${token}`).toString("base64")}` }
    return Effect.promise(async () => {
      const response = await emulator.fetch(`${baseUrl}/api/v3/api_keys${path}`, {
        method: method ?? (body === undefined ? "GET" : "POST"),
        headers: {
          ...(token === "" ? {} : basic),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: text.startsWith("{") ? JSON.parse(text) : undefined
      }
    })
  }
  return { username, send, masterKey: Redacted.value(masterKey) }
})

layer(Running)("the Auth API", (it) => {
  it.effect("one of two concurrent creates with the same name succeeds", () =>
    Effect.gen(function* () {
      const { send } = yield* account({ username: "twice" })
      const create = send({ body: { name: "x", grants: [apis] } })
      const answers = yield* Effect.all([create, create], { concurrency: "unbounded" })
      assert.deepStrictEqual(answers.map(({ status }) => status).toSorted(), [201, 422])
      assert.include(
        answers.map(({ json }) => json.errors),
        "Validation failed: Name has already been taken"
      )
    })
  )

  it.effect("concurrent creates do not exceed the quota of keys", () =>
    Effect.gen(function* () {
      const { send } = yield* account({ username: "quota", keyQuota: 2 })
      const answers = yield* Effect.all(
        ["a", "b", "c", "d"].map((name) => send({ body: { name, grants: [apis] } })),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(answers.map(({ status }) => status).toSorted(), [201, 201, 403, 403])
      assert.strictEqual((yield* send({}, "?type=regular")).json.total, 2)
    })
  )

  it.effect("create checks the quota before everything else", () =>
    Effect.gen(function* () {
      const { send } = yield* account({ username: "full", keyQuota: 0 })
      for (const body of [{}, { name: "Master", grants: "x" }, { name: "x", grants: [1] }]) {
        const { json, status } = yield* send({ body })
        assert.deepStrictEqual([status, json.errors], [403, "You have reached the limit of API keys for your plan"])
      }
    })
  )

  it.effect("an unexpected value fails as in CARTO's application", () =>
    Effect.gen(function* () {
      const { send } = yield* account({ username: "odd" })
      const requests = [
        send({ body: { name: "x", grants: [apis, "x"] } }),
        send({}, "?type[]=regular"),
        send({}, "?page[]=1")
      ]
      for (const { json, status } of yield* Effect.all(requests)) {
        assert.deepStrictEqual([status, json], [500, { status: "500", error: "Internal Server Error" }])
      }
    })
  )

  it.effect("an apis section without its list is refused after all other checks", () =>
    Effect.gen(function* () {
      const { send } = yield* account({ username: "bare" })
      const bare = yield* send({ body: { name: "x", grants: [{ type: "apis" }] } })
      assert.deepStrictEqual([bare.status, bare.json.errors], [422, 'apis array is needed for type "apis"'])
      const unnamed = yield* send({ body: { grants: [{ type: "apis" }] } })
      assert.strictEqual(unnamed.json.errors, "Validation failed: Name can't be blank")
    })
  )

  it.effect("nulls in lists are dropped, and a name that is not a string is accepted", () =>
    Effect.gen(function* () {
      const { send } = yield* account({ username: "nulls" })
      const { json } = yield* send({ body: { name: 123, grants: [null, { type: "apis", apis: [null, "sql"] }] } })
      assert.deepStrictEqual([json.name, json.grants[0].apis], ["123", ["sql"]])
    })
  )

  it.effect("errors of permissions are reported after those of the name", () =>
    Effect.gen(function* () {
      const { send } = yield* account({ username: "after" })
      const schemas = [{ name: "nowhere", permissions: ["create"] }]
      const { json } = yield* send({ body: { name: "Master", grants: [apis, { type: "database", schemas }] } })
      assert.strictEqual(
        json.errors,
        "Validation failed: Name has already been taken, Name api_key name cannot be Master nor Default public, " +
          "Grants can only grant schema permissions you have"
      )
    })
  )

  it.effect("a response to an unknown path has the format of the Accept header", () =>
    Effect.gen(function* () {
      const { send } = yield* account({ username: "accept" })
      const json = yield* send({ method: "PUT", headers: { accept: "application/json" } })
      const page = yield* send({ method: "PUT", headers: { accept: "application/json, text/html" } })
      const broken = yield* send({}, "?a=%zz")
      assert.deepStrictEqual([json.status, json.json], [404, { status: "404", error: "Not Found" }])
      assert.deepStrictEqual([page.status, page.headers.get("content-type")], [404, "text/html; charset=utf-8"])
      assert.strictEqual(broken.status, 400)
    })
  )

  it.effect("JSONP wraps successful responses only", () =>
    Effect.gen(function* () {
      const { send } = yield* account({ username: "jsonp" })
      const good = yield* send({}, "/Master?callback=cb")
      assert.match(good.text, /^\/\*\*\/cb\(\{"name":"Master".*\}\)$/)
      assert.strictEqual(good.headers.get("content-type"), "text/javascript; charset=utf-8")
      assert.deepStrictEqual((yield* send({}, "/none?callback=cb")).json.errors, "API key not found: none")
      const created = yield* send({ body: { name: "x", grants: [apis] } }, "?callback=a.b")
      assert.deepStrictEqual([created.status, created.json], [400, { errors: { callback: "Invalid callback format" } }])
      assert.strictEqual((yield* send({}, "/x")).status, 200)
    })
  )

  it.effect("HEAD has the response of GET without a body", () =>
    Effect.gen(function* () {
      const { send } = yield* account({ username: "head" })
      const { headers, status, text } = yield* send({ method: "HEAD" }, "/Master")
      assert.deepStrictEqual([status, text], [200, ""])
      assert.strictEqual(headers.get("x-frame-options"), "DENY")
      assert.strictEqual(headers.get("x-content-type-options"), "nosniff")
      assert.strictEqual(headers.get("x-xss-protection"), "1; mode=block")
    })
  )

  it.effect("links to pages keep all parameters in order", () =>
    Effect.gen(function* () {
      const { masterKey, send } = yield* account({ username: "links" })
      for (const name of ["é x", "b"]) yield* send({ body: { name, grants: [apis] } })
      const { json } = yield* send(
        { token: "" },
        `?type=regular&per_page=1&page=2&order=name&x[]=1&api_key=${masterKey}`
      )
      const page = (number: number) => ({
        href: `https://links.carto.com/api/v3/api_keys?api_key=${masterKey}&order=name&page=${number}&per_page=1&type=regular&x%5B%5D=1`
      })
      assert.deepStrictEqual(json._links, { first: page(1), prev: page(1), last: page(2) })
      assert.strictEqual(json.result[0]._links.self, "https://links.carto.com/api/v3/api_keys/%25C3%25A9+x")
    })
  )

  it.effect("links have both path segments if the request names the account", () =>
    Effect.gen(function* () {
      const { masterKey } = yield* account({ username: "named" })
      const emulator = yield* Emulator
      const url = `https://carto.example/u/named/api/v3/api_keys?type=regular&api_key=${masterKey}`
      const json = yield* Effect.promise(async () => (await emulator.fetch(url)).json())
      assert.strictEqual(
        json._links.last.href,
        `https://carto.example/user/named/u/named/api/v3/api_keys?api_key=${masterKey}&page=0&per_page=20&type=regular`
      )
    })
  )

  it.effect("regenerate moves the key to the end of the list and replaces only its token", () =>
    Effect.gen(function* () {
      const { send } = yield* account({ username: "order" })
      const [first] = yield* Effect.forEach(["a", "b"], (name) => send({ body: { name, grants: [apis] } }))
      const again = yield* send({ method: "POST" }, "/a/token/regenerate")
      assert.notStrictEqual(again.json.token, first?.json.token)
      assert.deepStrictEqual({ ...again.json, token: "" }, { ...first?.json, token: "" })
      const { json } = yield* send({}, "?type=regular")
      assert.deepStrictEqual(
        json.result.map(({ name }: { name: string }) => name),
        ["b", "a"]
      )
      assert.strictEqual((yield* send({ token: first?.json.token })).status, 401)
    })
  )

  it.effect("regenerate refuses the default key, and a key whose table was dropped", () =>
    Effect.gen(function* () {
      const { send, username } = yield* account({ username: "stale" })
      const emulator = yield* Emulator
      yield* emulator.execute(username, "CREATE TABLE t (id int)")
      const tables = [{ schema: username, name: "t", permissions: ["select"] }]
      yield* send({ body: { name: "x", grants: [apis, { type: "database", tables }] } })
      yield* emulator.execute(username, "DROP TABLE t")
      for (const name of ["Default%20public", "x"]) {
        const { json, status } = yield* send({ method: "POST" }, `/${name}/token/regenerate`)
        assert.deepStrictEqual([status, json], [422, { status: "422", error: "Unprocessable Entity" }])
      }
    })
  )

  it.effect("an account that is locked, in maintenance, not activated or without API keys is not served", () =>
    Effect.gen(function* () {
      const { send, username } = yield* account({ username: "hidden" })
      const metadata = yield* Metadata
      const row = (yield* Accounts).find(username)
      const become = (change: object) =>
        metadata.update((rows) => ({
          ...rows,
          accounts: rows.accounts.map((known) => (known.username === username && row ? { ...row, ...change } : known))
        }))
      const answers = Effect.map(Effect.all([send(), send({ token: "wrong" })]), (list) =>
        list.map(({ status, text }) => `${status}${text}`)
      )
      yield* become({ state: "locked" })
      assert.deepStrictEqual(yield* answers, ["404", "404"])
      yield* become({ state: "maintenance" })
      assert.deepStrictEqual(yield* answers, ["404", "404"])
      yield* become({ state: "not-activated" })
      assert.deepStrictEqual(yield* answers, ["403", "401"])
      yield* become({ engineEnabled: false })
      assert.deepStrictEqual(yield* answers, ["404", "401"])
    })
  )

  it.effect("a session has the rights of the master key, unless a credential restricts reading", () =>
    Effect.gen(function* () {
      const { send, username } = yield* account({ username: "dashboard" })
      const emulator = yield* Emulator
      const headers = { cookie: `theme=dark; ${yield* emulator.openSession(username)}` }
      const created = yield* send({ token: "", headers, body: { name: "x", grants: [apis] } })
      assert.strictEqual(created.status, 201)
      assert.strictEqual((yield* send({ token: "wrong", headers })).json.total, 3)
      assert.strictEqual((yield* send({ token: created.json.token, headers })).json.total, 1)
      assert.strictEqual((yield* send({ method: "DELETE", token: created.json.token, headers }, "/x")).status, 204)
      assert.strictEqual((yield* send({ token: "", headers: { cookie: "_cartodb_session=dashboard" } })).status, 401)
      const other = { cookie: yield* emulator.openSession("somebody") }
      assert.strictEqual((yield* send({ token: "", headers: other })).status, 401)
    })
  )

  it.effect("a regular key of an administrator cannot read the keys of another member", () =>
    Effect.gen(function* () {
      const { send } = yield* account({ username: "boss", organization: memberOf("team", "owner") })
      yield* account({ username: "worker", organization: memberOf("team", "member") })
      const { json } = yield* send({ body: { name: "x", grants: [apis] } })
      const token = json.token
      assert.strictEqual((yield* send({ token }, "?target_user=worker")).json.total, 0)
      assert.strictEqual((yield* send({ token }, "/Master?target_user=worker")).status, 404)
      assert.strictEqual((yield* send({}, "?target_user=worker")).json.total, 2)
      // The form of the list's parameters comes before the target, its type after.
      assert.strictEqual((yield* send({}, "?target_user=nobody&page=0")).status, 400)
      assert.strictEqual((yield* send({}, "?target_user=nobody&type=x")).status, 404)
    })
  )

  it.effect("a key of the OAuth flow is never shown", () =>
    Effect.gen(function* () {
      const { send, username } = yield* account({ username: "oauth" })
      const row = (yield* Accounts).find(username)
      if (row === undefined) return assert.fail("no account")
      const key = yield* (yield* ApiKeys).create(row, { name: "app", grants: [apis], type: "oauth" })
      assert.strictEqual((yield* send({ token: key.token })).json.total, 0)
      assert.strictEqual((yield* send({}, "/app")).status, 404)
      assert.strictEqual((yield* send({ method: "POST" }, "/app/token/regenerate")).status, 404)
      const taken = yield* send({ body: { name: "app", grants: [apis] } })
      assert.strictEqual(taken.json.errors, "Validation failed: Name has already been taken")
    })
  )
})
