/** Accounts of an embedded CARTO that a test has to itself. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { ApiKey } from "../account/ApiKey.ts"
import { ApiKeyManager, type CreateReason } from "../keys/ApiKeyManager.ts"
import type { AuthOptions } from "../account/Auth.ts"
import * as Carto from "../Carto.ts"
import type { CartoErrorOf, InvalidInput } from "../errors/CartoError.ts"
import { type EmulatorAccount, type EmulatorService, make as makeEmulator } from "../emulator/emulator.ts"
import type { EmulatorError } from "../emulator/emulatorError.ts"
import type { GrantsRequest } from "../account/Grants.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { type Client, connect } from "../promise/index.ts"
import { compile, type Statement } from "../sql/Statement.ts"
import { type Faults, makeFaults } from "./faults.ts"

export interface ServerOptions {
  /** Whether databases have PostGIS, which makes the first test wait longer. Default `false`. */
  readonly postgis?: boolean | "if-installed" | undefined
}

export interface TestAccountOptions<Keys extends string = never> {
  /** Whether it has the sample tables `tornadoes` and `storm_reports`. Default `false`. */
  readonly samples?: boolean | undefined
  /** Runs as the account itself: its tables and what is in them. */
  readonly seed?: Statement | ReadonlyArray<Statement> | undefined
  /** Regular keys, made after the tables, by the names they are to have. */
  readonly keys?: Readonly<Record<Keys, GrantsRequest>> | undefined
  /**
   * A database to itself, in which the account's schema is `public`: it takes 0.3 s and 110 MB. By default it is a
   * member of an organisation, whose members share a database and see nothing of each other.
   */
  readonly ownDatabase?: boolean | undefined
  /** Of `layer` and `client`. Default `false`: what is made to fail fails at once. */
  readonly retry?: AuthOptions["retry"]
}

export type TestAccountError = EmulatorError | CartoErrorOf<CreateReason | InvalidInput>

export interface TestAccountService<Keys extends string = string> extends Faults {
  readonly username: string
  readonly baseUrl: string
  /** As it was when the account was made. */
  readonly masterKey: Redacted.Redacted<string>
  /** One of the keys that were asked for. */
  readonly key: (name: Keys) => ApiKey
  /** The account under its master key, as Effect services. */
  readonly layer: Layer.Layer<Carto.CartoServices>
  /** The same in promises. */
  readonly client: Client
}

export interface TestServerService {
  /** An account that nobody else has. */
  readonly account: <Keys extends string = never>(
    options?: TestAccountOptions<Keys>
  ) => Effect.Effect<TestAccountService<Keys>, TestAccountError, Scope.Scope>
}

const organization = "tests"

/** Of a program without test services: the server's time goes on while a test's stands still. */
const onLiveClock = Effect.provideService(Clock.Clock, Context.get(Context.empty(), Clock.Clock))

const create = (emulator: EmulatorService, username: string, { ownDatabase, samples }: TestAccountOptions) =>
  ownDatabase === true
    ? emulator.createAccount({ username, samples })
    : Effect.map(
        emulator.createAccount({ username, samples, organization: { name: organization, role: "member" } }),
        (account): EmulatorAccount => ({ ...account, baseUrl: `https://${organization}.carto.com/u/${username}` })
      )

const seedTables = (emulator: EmulatorService, username: string, seed: Statement | ReadonlyArray<Statement>) =>
  Effect.forEach(
    Array.isArray(seed) ? seed : [seed],
    (statement) =>
      Effect.fromResult(compile(statement)).pipe(
        Effect.mapError((reason) => cartoError("TestAccount.seed", reason)),
        Effect.flatMap((text) => emulator.execute(username, text))
      ),
    { discard: true }
  )

const createKeys = (requests: Readonly<Record<string, GrantsRequest>>) =>
  Effect.gen(function* () {
    const keys = yield* ApiKeyManager
    const made = yield* Effect.forEach(Object.entries(requests), ([name, grants]) => keys.create({ ...grants, name }))
    return new Map(made.map((key) => [key.name, key]))
  })

export const makeServer = (options: ServerOptions = {}): Effect.Effect<TestServerService, EmulatorError, Scope.Scope> =>
  Effect.gen(function* () {
    const emulator = yield* makeEmulator({
      postgis: options.postgis ?? false,
      accounts: [{ username: organization, organization: { name: organization, role: "owner" } }]
    })
    let count = 0
    return {
      account: Effect.fnUntraced(function* (options = {}) {
        const { baseUrl, masterKey, username } = yield* create(emulator, `test-${++count}`, options)
        if (options.seed !== undefined) yield* seedTables(emulator, username, options.seed)
        const { fail, fetch } = makeFaults(emulator.fetch)
        const auth = { baseUrl, apiKey: masterKey, retry: options.retry ?? false }
        const layer = Carto.layer(auth).pipe(
          Layer.provide(FetchHttpClient.layer),
          Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetch)),
          Layer.orDie
        )
        const keys = yield* Effect.provide(createKeys(options.keys ?? {}), layer)
        const client = yield* Effect.acquireDisposable(Effect.sync(() => connect({ ...auth, fetch })))
        const key = (name: string) => {
          const found = keys.get(name)
          if (found === undefined) throw new Error(`the account was made without a key ${JSON.stringify(name)}`)
          return found
        }
        return { username, baseUrl, masterKey, key, layer, client, fetch, fail }
      }, onLiveClock)
    } satisfies TestServerService
  }).pipe(onLiveClock)
