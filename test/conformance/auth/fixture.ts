/** Sets an emulator to the initial state of a case. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Account } from "../../../src/emulator/accounts/account.ts"
import { Accounts } from "../../../src/emulator/accounts/accounts.ts"
import { ApiKeys } from "../../../src/emulator/accounts/keys/apiKeys.ts"
import { type AccountOptions, createAccount } from "../../../src/emulator/accounts/createAccount.ts"
import type { Database, Login, Message } from "../../../src/emulator/database.ts"
import { Metadata } from "../../../src/emulator/state/metadata.ts"
import type { Given, Key, PerUser, Statements } from "./case.ts"

const organization = (role: "owner" | "admin" | "member") => ({ name: "acme", role })

const accountsOf: Readonly<Record<Given["fixture"], ReadonlyArray<AccountOptions>>> = {
  solo: [{ username: "alice" }, { username: "bob" }],
  org: [
    { username: "olga", organization: organization("owner") },
    { username: "adam", organization: organization("admin") },
    { username: "mary", organization: organization("member") },
    { username: "max", organization: organization("member") },
    { username: "eve" },
    { username: "bob" }
  ]
}

const sqlAndMaps = [{ type: "apis", apis: ["sql", "maps"] }]

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** The account of a fixture; there being none is a mistake in the case. */
export const accountOf = (username: string): Effect.Effect<Account, never, Accounts> =>
  Accounts.use((accounts) => {
    const account = accounts.find(username)
    return account === undefined ? Effect.die(new Error(`no account ${username}`)) : Effect.succeed(account)
  })

/** The login of an account, or of one of its keys. */
export const loginOf = (username: string, key?: string): Effect.Effect<Login, never, Accounts | ApiKeys> =>
  Effect.gen(function* () {
    const account = yield* accountOf(username)
    if (key === undefined) return { role: account.role, password: account.rolePassword }
    const found = (yield* ApiKeys).list(username).find(({ name }) => name === key)
    return found === undefined
      ? yield* Effect.die(new Error(`no key ${key}`))
      : { role: found.databaseRole, password: found.databasePassword }
  })

/** The messages of a text that runs as a role. */
export const runAs = (database: Database, login: Login, sql: string): Effect.Effect<ReadonlyArray<Message>, never> =>
  Effect.orDie(Stream.runCollect(database.run({ login, sql })))

const mustRun = Effect.fnUntraced(function* (database: Database, login: Login, sql: string) {
  const failure = (yield* runAs(database, login, sql)).find((message) => message._tag === "Failure")
  if (failure !== undefined) return yield* Effect.die(new Error(`${failure.report.message}: ${sql}`))
})

/** Runs the statements of a case in an account's database. */
export const runStatements: (
  username: string,
  statements: Statements
) => Effect.Effect<void, never, Accounts | ApiKeys> = Effect.fnUntraced(function* (
  username,
  { sql = [], sqlAdmin = [], sqlAs = {} }
) {
  if (sql.length + sqlAdmin.length + Object.keys(sqlAs).length === 0) return
  const { schema } = yield* accountOf(username)
  const database = yield* Effect.orDie((yield* Accounts).database(username))
  const path = `SET LOCAL search_path = ${quote(schema)}, cartodb, public`
  for (const statement of sqlAdmin) yield* Effect.orDie(database.superuserTransaction([path, statement]))
  for (const statement of sql) yield* mustRun(database, yield* loginOf(username), statement)
  for (const [key, list] of Object.entries(sqlAs)) {
    for (const statement of list) yield* mustRun(database, yield* loginOf(username, key), statement)
  }
})

const createKeys = Effect.fnUntraced(function* (username: string, keys: ReadonlyArray<Key>) {
  const account = yield* accountOf(username)
  const apiKeys = yield* ApiKeys
  yield* Effect.forEach(keys, ({ grants = sqlAndMaps, name, type = "regular" }) =>
    Effect.orDie(apiKeys.create(account, { name, grants, type }))
  )
})

const createTables = Effect.fnUntraced(function* (username: string) {
  const database = yield* Effect.orDie((yield* Accounts).database(username))
  const tables = ["t1", "t2"].map((name) => `CREATE TABLE ${name} (cartodb_id serial PRIMARY KEY, name text)`)
  yield* mustRun(database, yield* loginOf(username), tables.join(";"))
})

const createSchemas = Effect.fnUntraced(function* (username: string, schemas: ReadonlyArray<string>) {
  if (schemas.length === 0) return
  const { role } = yield* accountOf(username)
  const database = yield* Effect.orDie((yield* Accounts).database(username))
  const statements = schemas.map((schema) => `CREATE SCHEMA ${quote(schema)} AUTHORIZATION ${quote(role)}`)
  yield* Effect.orDie(database.superuserTransaction(statements))
})

/** Makes tables of an account readable to the public. */
export const publishTables: (
  username: string,
  tables: ReadonlyArray<string>
) => Effect.Effect<void, never, Accounts | ApiKeys> = Effect.fnUntraced(function* (username, tables) {
  const { publicRole } = yield* accountOf(username)
  yield* runStatements(username, { sql: tables.map((table) => `GRANT SELECT ON ${table} TO ${quote(publicRole)}`) })
})

const isPerUser = <A extends boolean | number | null>(value: PerUser<A>): value is { readonly [username: string]: A } =>
  typeof value === "object" && value !== null

const of = <A extends boolean | number | null>(
  value: PerUser<A> | undefined,
  addressed: string,
  username: string
): A | undefined => {
  if (value === undefined) return undefined
  if (isPerUser(value)) return new Map(Object.entries(value)).get(username)
  return addressed === username ? value : undefined
}

const second = 1000

/** Sets the flags, and the dates as if the keys had been made one second apart and long enough ago. */
const adjustRows = Effect.fnUntraced(function* (given: Given, addressed: string) {
  const now = yield* Clock.currentTimeMillis
  const metadata = yield* Metadata
  yield* Effect.orDie(
    metadata.update((rows) => ({
      organizations: rows.organizations,
      accounts: rows.accounts.map((account) => ({
        ...account,
        engineEnabled: of(given.engineEnabled, addressed, account.username) ?? account.engineEnabled,
        state: of(given.locked, addressed, account.username) === true ? "locked" : account.state,
        keyQuota: of(given.quota, addressed, account.username) ?? account.keyQuota
      })),
      keys: rows.keys.map((key, index) => {
        const date = now - (rows.keys.length - index) * second
        return { ...key, createdAt: date, updatedAt: date }
      })
    }))
  )
})

/**
 * Makes the given accounts, tables and keys. `addressed` is the account that the case is about. Statements come after,
 * because they may name roles.
 */
export const arrange: (given: Given, addressed: string) => Effect.Effect<void, never, Accounts | ApiKeys | Metadata> =
  Effect.fnUntraced(function* (given, addressed) {
    const metadata = yield* Metadata
    const accounts = accountsOf[given.fixture]
    yield* Effect.forEach(accounts, (options) => Effect.orDie(createAccount(metadata, options)))
    const owners = given.fixture === "solo" ? ["alice"] : ["olga", "adam", "mary", "max", "eve"]
    for (const username of owners) yield* createTables(username)
    if (given.fixture === "org") {
      for (const username of owners) yield* createKeys(username, [{ name: `${username}-key` }])
    }
    yield* createSchemas(addressed, given.schemas ?? [])
    yield* createKeys(addressed, given.keys ?? [])
    for (const [username, keys] of Object.entries(given.otherKeys ?? {})) yield* createKeys(username, keys)
    yield* adjustRows(given, addressed)
  })
