/** Makes accounts for tests, each with its tables, keys and faults. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Carto from "../../Carto.ts"
import type { CartoErrorOf, InvalidInput } from "../../errors/CartoError.ts"
import { cartoError } from "../../errors/internal/cartoError.ts"
import { type AccountOptions, type EmulatorError, make as makeEmulator } from "../../emulator/index.ts"
import type { ApiKey } from "../../account/ApiKey.ts"
import type { GrantsRequest } from "../../account/Grants.ts"
import { ApiKeyManager } from "../../keys/ApiKeyManager.ts"
import { connect } from "../../promise/index.ts"
import { compile } from "../../sql/internal/compile.ts"
import type { Statement } from "../../sql/Statement.ts"
import { makeFaults } from "../faults.ts"
import type { ServerOptions, TestAccountOptions } from "../options.ts"
import type { TestAccountError, TestAccountService, TestServerService } from "../service.ts"
import { type Backend, type BackendAccount, type LocalBackend, localBackend, sharedOrganization } from "./backend.ts"

/** The clock of a program without test services: the server's time continues while a test's stands still. */
const onLiveClock = Effect.provideService(Clock.Clock, Context.get(Context.empty(), Clock.Clock))

const seedTables = (backend: Backend, username: string, seed: Statement | ReadonlyArray<Statement>) =>
  Effect.forEach(
    Array.isArray(seed) ? seed : [seed],
    (statement) =>
      Effect.fromResult(compile(statement)).pipe(
        Effect.mapError((reason): CartoErrorOf<InvalidInput> => cartoError("TestAccount.seed", reason)),
        Effect.flatMap((text) => backend.execute(username, text))
      ),
    { discard: true }
  )

const createKeys = (requests: Readonly<Record<string, GrantsRequest>>) =>
  Effect.gen(function* () {
    const keys = yield* ApiKeyManager
    const made = yield* Effect.forEach(Object.entries(requests), ([name, grants]) => keys.create({ ...grants, name }))
    return new Map(made.map((key) => [key.name, key]))
  })

const keyOf =
  (keys: ReadonlyMap<string, ApiKey>) =>
  (name: string): ApiKey => {
    const found = keys.get(name)
    if (found === undefined) throw new Error(`the account was made without a key ${JSON.stringify(name)}`)
    return found
  }

/** The account as a test gets it: seeded, with its keys, a client and a layer. */
const furnish = (
  backend: Backend,
  { baseUrl, masterKey, schema, username }: BackendAccount,
  { keys = {}, retry = false, seed }: TestAccountOptions<string>
): Effect.Effect<TestAccountService, TestAccountError, Scope.Scope> =>
  Effect.gen(function* () {
    if (seed !== undefined) yield* seedTables(backend, username, seed)
    const { fail, fetch } = makeFaults(backend.fetch)
    const auth = { baseUrl, apiKey: masterKey, retry, schema }
    const layer = Carto.layer(auth).pipe(
      Layer.provide(FetchHttpClient.layer),
      Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetch)),
      Layer.orDie
    )
    const made = yield* Effect.provide(createKeys(keys), layer)
    const client = yield* Effect.acquireDisposable(Effect.sync(() => connect({ ...auth, fetch })))
    return { username, baseUrl, masterKey, key: keyOf(made), layer, client, fetch, fail }
  })

/** The options that the embedded CARTO knows. */
const accountOptions = (
  { keys: _keys, ownDatabase: _own, retry: _retry, seed: _seed, ...options }: TestAccountOptions<string>,
  username: string
): AccountOptions => ({ ...options, username: options.username ?? username })

/** The server of a backend. */
export const makeServerOf = (backend: Backend): TestServerService => {
  const account = (options: TestAccountOptions<string> = {}) =>
    Effect.gen(function* () {
      const own = accountOptions(options, `test-${yield* backend.nextNumber}`)
      const made = yield* backend.createAccount(
        options.ownDatabase === true ? own : { ...own, organization: { name: sharedOrganization, role: "member" } }
      )
      return yield* furnish(backend, made, options)
    }).pipe(onLiveClock)
  return {
    account,
    organization: ({ members, owner = {} }) =>
      Effect.gen(function* () {
        const name = `org-${yield* backend.nextNumber}`
        const member = (key: string, options: TestAccountOptions<string>, role: "member" | "owner") => {
          const username = role === "owner" ? name : `${name}-${key}`
          const own = { ...accountOptions(options, username), organization: { name, role } }
          return Effect.flatMap(backend.createAccount(own), (made) => furnish(backend, made, options))
        }
        const first = yield* member("", owner, "owner")
        const others = yield* Effect.forEach(Object.entries<TestAccountOptions<string>>(members), ([key, options]) =>
          Effect.map(member(key, options, "member"), (made) => [key, made] as const)
        )
        const made = new Map<string, TestAccountService>(others)
        return {
          name,
          owner: first,
          member: (key: string) => {
            const found = made.get(key)
            if (found === undefined) throw new Error(`the organization has no member ${JSON.stringify(key)}`)
            return found
          }
        }
      }).pipe(onLiveClock)
  }
}

/** The backend of an emulator that stops with the scope. */
export const makeLocalBackend = (
  options: ServerOptions = {}
): Effect.Effect<LocalBackend, EmulatorError, Scope.Scope> =>
  makeEmulator({
    ...options,
    postgis: options.postgis ?? false,
    accounts: [{ username: sharedOrganization, organization: { name: sharedOrganization, role: "owner" } }]
  }).pipe(Effect.map(localBackend), onLiveClock)
