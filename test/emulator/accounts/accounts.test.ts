import { assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "node:fs/promises"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Accounts } from "../../../src/emulator/accounts/accounts.ts"
import { ApiKeys } from "../../../src/emulator/accounts/keys/apiKeys.ts"
import { createAccount } from "../../../src/emulator/accounts/createAccount.ts"
import { Databases } from "../../../src/emulator/database.ts"
import { layerParts } from "../../../src/emulator/emulator.ts"
import { type EmulatorError, make } from "../../../src/emulator/index.ts"
import { KeyStore } from "../../../src/emulator/state/keyStore.ts"
import { Metadata } from "../../../src/emulator/state/metadata.ts"
import * as PgliteDatabases from "../../../src/emulator/pglite/pgliteDatabases.ts"
import { vi } from "vitest"

// A database takes seconds to start when the machine is busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const WithoutDatabases = layerParts({}).pipe(Layer.provide(Layer.mock(Databases, {})))

const WithPglite = layerParts({}).pipe(Layer.provide(PgliteDatabases.layer({ postgis: false })))

// Accounts that share a database, because each takes a second to start.
const organization = { name: "shared", role: "member" as const }

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`

const apis = [{ type: "apis", apis: ["sql"] }]

describe("new accounts", () => {
  for (const username of ["", "Alice", "al.ice", "-alice", "alice-", "al ice", "a".repeat(64), "zoë"]) {
    it.effect(`a new account is refused with the username ${JSON.stringify(username)}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(createAccount(yield* Metadata, { username }))
        assert.strictEqual(error._tag, "InvalidAccount")
        assert.include(error.message, JSON.stringify(username))
      }).pipe(Effect.provide(WithoutDatabases))
    )
  }

  it.effect("a new account is refused if it conflicts with an existing one", () =>
    Effect.gen(function* () {
      const metadata = yield* Metadata
      yield* createAccount(metadata, { username: "olga", organization: { name: "acme", role: "owner" } })
      const again = createAccount(metadata, { username: "olga" })
      const second = createAccount(metadata, { username: "max", organization: { name: "acme", role: "owner" } })
      assert.include((yield* Effect.flip(again)).message, "there is an account olga already")
      assert.include((yield* Effect.flip(second)).message, "has an owner already")
    }).pipe(Effect.provide(WithoutDatabases))
  )

  it.effect("one of two concurrent accounts with the same name is created", () =>
    Effect.gen(function* () {
      const metadata = yield* Metadata
      const create = Effect.result(createAccount(metadata, { username: "alice" }))
      const results = yield* Effect.all([create, create], { concurrency: "unbounded" })
      assert.deepStrictEqual(results.map(({ _tag }) => _tag).toSorted(), ["Failure", "Success"])
      assert.lengthOf(metadata.rows().accounts, 1)
    }).pipe(Effect.provide(WithoutDatabases))
  )

  it.effect("members of an organization share a database and have a schema each", () =>
    Effect.gen(function* () {
      const metadata = yield* Metadata
      const olga = yield* createAccount(metadata, { username: "olga", organization: { name: "acme", role: "owner" } })
      const mary = yield* createAccount(metadata, { username: "mary", organization: { name: "acme", role: "member" } })
      const bob = yield* createAccount(metadata, { username: "bob" })
      assert.strictEqual(mary.databaseName, olga.databaseName)
      assert.notStrictEqual(bob.databaseName, olga.databaseName)
      assert.deepStrictEqual([olga.schema, mary.schema, bob.schema], ["olga", "mary", "public"])
      assert.deepStrictEqual([mary.publicRole, bob.publicRole], [`cartodb_publicuser_${mary.id}`, "publicuser"])
    }).pipe(Effect.provide(WithoutDatabases))
  )
})

describe("published hashes", () => {
  it.effect("published hashes follow the flags of the account", () =>
    Effect.gen(function* () {
      const metadata = yield* Metadata
      const keyStore = yield* KeyStore
      const account = yield* createAccount(metadata, { username: "alice", masterKey: "m" })
      const key = {
        username: "alice",
        name: "x",
        type: "regular" as const,
        token: "t",
        grants: [
          { type: "apis", apis: ["do"] },
          { type: "data-observatory", datasets: ["a.b", 'c"d'] }
        ],
        databaseRole: "r",
        databasePassword: "p",
        createdAt: 0,
        updatedAt: 0
      }
      const set = (change: { readonly engineEnabled?: boolean; readonly state?: "active" | "locked" }) =>
        metadata.update((rows) => ({ ...rows, accounts: [{ ...account, ...change }] }))
      const published = () => ["m", "default_public", "t"].filter((token) => keyStore.get(`api_keys:alice:${token}`))
      yield* metadata.update((rows) => ({ ...rows, keys: [...rows.keys, key] }))
      assert.deepStrictEqual(keyStore.get("api_keys:alice:t"), {
        user: "alice",
        type: "regular",
        database_role: "r",
        database_password: "p",
        grants_do: "true",
        data_observatory_datasets: String.raw`["a.b", "c\"d"]`
      })
      yield* set({ engineEnabled: false })
      assert.deepStrictEqual(published(), ["m", "default_public"])
      yield* set({ state: "locked" })
      assert.deepStrictEqual(published(), [])
      assert.strictEqual(keyStore.get("rails:users:alice")?.["map_key"], "m")
      yield* set({})
      assert.deepStrictEqual(published(), ["m", "default_public", "t"])
    }).pipe(Effect.provide(WithoutDatabases))
  )
})

layer(WithPglite)("databases and keys", (it) => {
  it.effect("a database is opened once for concurrent requests", () =>
    Effect.gen(function* () {
      const accounts = yield* Accounts
      yield* createAccount(yield* Metadata, { username: "many" })
      const databases = yield* Effect.all(
        Array.from({ length: 5 }, () => accounts.database("many")),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(databases).size, 1)
      const error = yield* Effect.flip(accounts.database("nobody"))
      assert.strictEqual(error._tag, "AccountNotFound")
    })
  )

  it.effect("the schemas of two members are created concurrently", () =>
    Effect.gen(function* () {
      const accounts = yield* Accounts
      const team = { name: "team", role: "member" as const }
      for (const username of ["one", "two"]) yield* createAccount(yield* Metadata, { username, organization: team })
      const [one, two] = yield* Effect.all([accounts.database("one"), accounts.database("two")], {
        concurrency: "unbounded"
      })
      assert.strictEqual(one, two)
      const schemas = yield* one.superuser(
        "SELECT nspname FROM pg_namespace WHERE nspname IN ('one', 'two') ORDER BY 1"
      )
      assert.deepStrictEqual(schemas, [{ nspname: "one" }, { nspname: "two" }])
    })
  )

  it.effect("a key is granted on tables with any names, and on nothing else", () =>
    Effect.gen(function* () {
      const account = yield* createAccount(yield* Metadata, { username: "quotes", organization })
      const database = yield* (yield* Accounts).database("quotes")
      const apiKeys = yield* ApiKeys
      const names = ['"; DROP TABLE safe; --', "it's", "back\\slash", "$$x$$", "日本語 😀", "UPPER", "${x}"]
      yield* database.superuserTransaction([
        "CREATE TABLE quotes.safe (id int)",
        ...names.flatMap((name) => [
          `CREATE TABLE quotes.${quoteName(name)} (id serial)`,
          `ALTER TABLE quotes.${quoteName(name)} OWNER TO "${account.role}"`
        ])
      ])
      const tables = names.map((name) => ({ schema: "quotes", name, permissions: ["select"] }))
      const key = yield* apiKeys.create(account, { name: "x", grants: [...apis, { type: "database", tables }] })
      const held = (yield* apiKeys.held(account, [key])).get(key.databaseRole)
      assert.deepStrictEqual(held?.tables.map(({ name }) => name).toSorted(), names.toSorted())
    })
  )

  it.effect("a grant on a name that PostgreSQL would truncate or fold is refused", () =>
    Effect.gen(function* () {
      const account = yield* createAccount(yield* Metadata, { username: "cut", organization })
      const database = yield* (yield* Accounts).database("cut")
      const long = "t".repeat(63)
      yield* database.superuserTransaction([
        `CREATE TABLE cut.${long} (id int)`,
        `ALTER TABLE cut.${long} OWNER TO "${account.role}"`
      ])
      for (const name of [`${long}t`, `${long}\0`, `${long}\0x`, long.toUpperCase()]) {
        const tables = [{ schema: "cut", name, permissions: ["select"] }]
        const create = (yield* ApiKeys).create(account, { name: "x", grants: [...apis, { type: "database", tables }] })
        assert.deepInclude(yield* Effect.flip(create), {
          _tag: "ValidationFailed",
          messages: ["Grants can only grant table permissions you have"]
        })
      }
    })
  )

  it.effect("the account owns the tables of a deleted key", () =>
    Effect.gen(function* () {
      const account = yield* createAccount(yield* Metadata, { username: "heir", organization })
      const database = yield* (yield* Accounts).database("heir")
      const apiKeys = yield* ApiKeys
      const schemas = [{ name: "heir", permissions: ["create"] }]
      const key = yield* apiKeys.create(account, { name: "x", grants: [...apis, { type: "database", schemas }] })
      yield* database.superuserTransaction([
        "CREATE TABLE heir.made (id int)",
        `ALTER TABLE heir.made OWNER TO "${key.databaseRole}"`
      ])
      yield* apiKeys.delete(account, "x")
      const owners = yield* database.superuser(
        "SELECT r.rolname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE c.relname = 'made'"
      )
      assert.deepStrictEqual(owners, [{ rolname: account.role }])
      const roles = yield* database.superuser("SELECT 1 FROM pg_roles WHERE rolname = $1", [key.databaseRole])
      assert.deepStrictEqual(roles, [])
    })
  )

  it.effect("the grants of a key are checked again before it gets a new token", () =>
    Effect.gen(function* () {
      const account = yield* createAccount(yield* Metadata, { username: "again", organization })
      const database = yield* (yield* Accounts).database("again")
      const apiKeys = yield* ApiKeys
      yield* database.superuserTransaction([
        "CREATE TABLE again.gone (id int)",
        `ALTER TABLE again.gone OWNER TO "${account.role}"`
      ])
      const tables = [{ schema: "again", name: "gone", permissions: ["select"] }]
      const key = yield* apiKeys.create(account, { name: "x", grants: [...apis, { type: "database", tables }] })
      yield* database.superuserTransaction(["DROP TABLE again.gone"])
      const error = yield* Effect.flip(apiKeys.regenerate(account, "x"))
      assert.strictEqual(error._tag, "ValidationFailed")
      assert.deepStrictEqual(
        apiKeys.list("again").find(({ name }) => name === "x"),
        key
      )
    })
  )
})

describe("a folder", () => {
  const temporary = Effect.acquireRelease(
    Effect.promise(() => FileSystem.mkdtemp(join(tmpdir(), "effect-carto-"))),
    (folder) => Effect.promise(() => FileSystem.rm(folder, { recursive: true }))
  )

  it.effect("a folder keeps accounts, keys and tables", () =>
    Effect.gen(function* () {
      const folder = yield* temporary
      const options = { folder, accounts: [{ username: "alice" }], postgis: false }
      const first = yield* Effect.scoped(
        Effect.gen(function* () {
          const emulator = yield* make(options)
          yield* emulator.execute("alice", "CREATE TABLE kept AS SELECT 1 AS id")
          return emulator.account("alice")
        })
      )
      const emulator = yield* make(options)
      const second = emulator.account("alice")
      assert.strictEqual(second && Redacted.value(second.masterKey), first && Redacted.value(first.masterKey))
      assert.deepStrictEqual(yield* emulator.execute("alice", "SELECT id FROM kept"), [{ id: "1" }])
      const { mode } = yield* Effect.promise(() => FileSystem.stat(join(folder, "metadata", "metadata.json")))
      assert.strictEqual(mode & 0o777, 0o600)

      const third: EmulatorError = yield* Effect.flip(make({ ...options, accounts: [{ username: "bob" }] }))
      assert.strictEqual(third.reason._tag, "ConnectionError")
      assert.include(third.message, "in use by process")
    })
  )

  it.effect("an error about a damaged file does not show its content", () =>
    Effect.gen(function* () {
      const folder = yield* temporary
      yield* Effect.promise(() => FileSystem.mkdir(join(folder, "metadata")))
      yield* Effect.promise(() => FileSystem.writeFile(join(folder, "metadata", "metadata.json"), '{"keys":"s3cret"}'))
      const error: EmulatorError = yield* Effect.flip(make({ folder, postgis: false }))
      assert.strictEqual(error.reason._tag, "MetadataError")
      assert.notInclude(JSON.stringify(error) + error.message, "s3cret")
    })
  )
})
