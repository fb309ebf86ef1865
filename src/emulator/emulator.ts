/**
 * An embedded CARTO: accounts with API keys, an Auth API and a SQL API, on a PostgreSQL in which every key is a role.
 * For development and tests only.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import { AccountNotFound, Accounts } from "./accounts/accounts.ts"
import { ApiKeys } from "./accounts/keys/apiKeys.ts"
import type { Account } from "./accounts/account.ts"
import { publishLimits } from "./accounts/accountLimits.ts"
import { type AccountOptions, createAccount, InvalidAccount, type KeyOptions } from "./accounts/createAccount.ts"
import { Sessions } from "./accounts/sessions.ts"
import * as AuthApi from "./auth-api/authApi.ts"
import { isAuthApi } from "./auth-api/routes.ts"
import type { ConnectionError, Databases } from "./database.ts"
import { lastRows, refuseFailure, type Rows } from "./shared/results.ts"
import { EmulatorError, type EmulatorErrorReason } from "./emulatorError.ts"
import { KeyStore } from "./state/keyStore.ts"
import { Metadata, type MetadataError } from "./state/metadata.ts"
import { tornadoes } from "./samples/tornadoes.ts"
import * as AccountApi from "./account-api/accountApi.ts"
import { isSqlApi } from "./sql-api/routes.ts"
import * as SqlApi from "./sql-api/sqlApi.ts"
import { hasPostgis } from "./pglite/packages.ts"
import * as PgliteDatabases from "./pglite/pgliteDatabases.ts"
import * as PostgresDatabases from "./postgres/postgresDatabases.ts"

/** A request and its response in the request log. */
export interface RequestLogEntry {
  /** The HTTP method. */
  readonly method: string
  /** The host, with its port. */
  readonly host: string
  /** The path without the query string, which may contain tokens. */
  readonly path: string
  /** The HTTP status of the response. */
  readonly status: number
  /** The time from the request to the start of its response. */
  readonly milliseconds: number
}

/** Options of the emulator. */
export interface EmulatorOptions {
  /**
   * The accounts. The database of the first account is opened when the emulator starts.
   *
   * @default one account, `demo`, with the sample tables
   */
  readonly accounts?: ReadonlyArray<AccountOptions> | undefined
  /**
   * The folder that stores accounts, keys and databases. Accounts already in the folder stay unchanged, regardless of
   * their options in `accounts`. Only their limits come from `accounts`.
   *
   * @default everything stays in memory
   */
  readonly folder?: string | undefined
  /**
   * A PostgreSQL server, version 15 or later, on which to create the databases:
   * `postgres://USER:PASSWORD@HOST:PORT/DATABASE` of a superuser. Requires the package `pg`.
   *
   * If `folder` is set, the databases remain after the emulator stops, and the folder belongs to that server. If
   * `folder` is not set, the databases and their roles are dropped.
   *
   * @default PGlite creates the databases
   */
  readonly database?: string | Redacted.Redacted | undefined
  /**
   * Whether that server may be on another machine.
   *
   * @default false
   */
  readonly allowRemoteDatabase?: boolean | undefined
  /**
   * Whether databases have PostGIS, which requires `@electric-sql/pglite-postgis`, or the extension on the server.
   *
   * @default "if-installed"
   */
  readonly postgis?: boolean | "if-installed" | undefined
  /**
   * Whether each PGlite database runs in its own thread (`node:worker_threads`). Without a thread, an endless statement
   * cannot be stopped, and other requests wait while a statement runs.
   *
   * @default true
   */
  readonly worker?: boolean | undefined
  /** Called after each response, for a log. The entry contains no token and no statement. */
  readonly onRequest?: ((entry: RequestLogEntry) => void) | undefined
  /**
   * The part of an account's host after the account's name.
   *
   * @default ".carto.com"
   */
  readonly sessionDomain?: string | undefined
}

/** An account of the emulator, as a client needs it. */
export interface EmulatorAccount {
  /** The name of the account. */
  readonly username: string
  /** The URL of the account, for `baseUrl` of a client. */
  readonly baseUrl: string
  /** The token of the Master key at the time when the account was looked up. */
  readonly masterKey: Redacted.Redacted
}

/** A running emulator. */
export interface EmulatorService {
  /** Responds as the hosts of all accounts, without a network. Pass it to a client as `FetchHttpClient.Fetch`. */
  readonly fetch: typeof globalThis.fetch
  /** Responds to one request to any account. */
  readonly handler: (request: Request) => Promise<Response>
  /** Looks up an account by its name. Returns undefined if the account does not exist. */
  readonly account: (username: string) => EmulatorAccount | undefined
  /** Adds an account. Its database is created on first use. */
  readonly createAccount: (options: AccountOptions) => Effect.Effect<EmulatorAccount, EmulatorError>
  /** Runs SQL as the account's own role. Returns the rows of the last result, with values as PostgreSQL's text. */
  readonly execute: (username: string, sql: string) => Effect.Effect<Rows, EmulatorError>
  /** Opens a dashboard session of an account. The result is the `Cookie` header of the session. */
  readonly openSession: (username: string) => Effect.Effect<string>
}

/** The services of the emulator, except its databases. */
export type Parts = Accounts | ApiKeys | KeyStore | Metadata | Sessions

/** The layer of the emulator's parts. The metadata is stored in `folder`. */
export const layerParts = (options: {
  readonly folder?: string | undefined
}): Layer.Layer<Parts, MetadataError | ConnectionError, Databases> => {
  const { folder } = options
  // The databases lock the folder themselves, so the metadata has its own subfolder.
  const metadata = Metadata.layer(folder === undefined ? undefined : join(folder, "metadata")).pipe(
    Layer.provideMerge(KeyStore.layer)
  )
  return Layer.mergeAll(ApiKeys.layer, Sessions.layer).pipe(
    Layer.provideMerge(Accounts.layer),
    Layer.provideMerge(metadata)
  )
}

const refuseKey = (name: string, problem: string): Effect.Effect<never, InvalidAccount> =>
  Effect.fail(new InvalidAccount({ message: `the key ${JSON.stringify(name)} cannot be made: ${problem}` }))

const failWith =
  (operation: string) =>
  <A, E extends EmulatorErrorReason, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, EmulatorError, R> =>
    Effect.mapError(effect, (reason) => new EmulatorError({ operation, reason }))

const abortOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true })
  })

/** Makes the emulator from its parts. Background work stops with the scope. */
export const makeFromParts = (
  options: EmulatorOptions = {}
): Effect.Effect<EmulatorService, EmulatorError, Parts | Scope.Scope> =>
  Effect.gen(function* () {
    const {
      accounts: accountOptions = [{ username: "demo", samples: true }],
      onRequest,
      sessionDomain = ".carto.com"
    } = options
    const accounts = yield* Accounts
    const metadata = yield* Metadata
    const apiKeys = yield* ApiKeys
    const sessions = yield* Sessions
    const parts = yield* Effect.context<Accounts | ApiKeys>()
    const authApi = yield* AuthApi.make({ sessionDomain })
    const sqlApi = yield* SqlApi.make
    const runPromise = Effect.runPromiseWith(yield* Effect.context<never>())

    const account = (username: string): EmulatorAccount | undefined => {
      const master = apiKeys.list(username).find(({ type }) => type === "master")
      return master === undefined
        ? undefined
        : { username, baseUrl: `https://${username}${sessionDomain}`, masterKey: Redacted.make(master.token) }
    }

    const keyStore = yield* KeyStore

    const runAsAccount = Effect.fnUntraced(function* (username: string, sql: string) {
      const database = yield* accounts.database(username)
      const found = accounts.find(username)
      if (found === undefined) return yield* new AccountNotFound({ username })
      const login = { role: found.role, password: found.rolePassword }
      const messages = yield* Stream.runCollect(database.run({ login, sql, mayAlterRoles: true }))
      yield* refuseFailure(messages, sql)
      return lastRows(messages)
    })

    const createKey = (account: Account, { grants, name, token }: KeyOptions) =>
      apiKeys.create(account, { name, grants: [...grants], token }).pipe(
        Effect.catchTags({
          ValidationFailed: ({ messages }) => refuseKey(name, messages.join(", ")),
          QuotaReached: ({ quota }) => refuseKey(name, `the account may have ${quota} keys`),
          Unprocessable: ({ message }) => refuseKey(name, message),
          MalformedGrant: ({ index }) => refuseKey(name, `grants[${index}] is not an object`)
        })
      )

    const create = Effect.fnUntraced(function* (accountOptions: AccountOptions) {
      const account_ = yield* createAccount(metadata, accountOptions)
      const { role, schema, username } = account_
      publishLimits(keyStore, username, accountOptions)
      if (accountOptions.samples === true) {
        const database = yield* accounts.database(username)
        yield* database.superuserTransaction([tornadoes({ schema, owner: role, postgis: database.postgis })])
      }
      const { keys = [], seed = [] } = accountOptions
      for (const sql of typeof seed === "string" ? [seed] : seed) yield* runAsAccount(username, sql)
      for (const key of keys) yield* createKey(account_, key)
      return account(username) ?? (yield* new AccountNotFound({ username }))
    }, failWith("createAccount"))

    const respond = (request: Request, path: string): Effect.Effect<Response> => {
      if (isAuthApi(path)) return authApi.handle(request)
      return isSqlApi(request.method, path) || !AccountApi.isVersioned(path)
        ? sqlApi.handle(request)
        : Effect.provide(AccountApi.handle(request), parts)
    }

    const handle = (request: Request): Effect.Effect<Response> => respond(request, new URL(request.url).pathname)

    const handler = async (request: Request): Promise<Response> => {
      const startedAt = performance.now()
      const response = await runPromise(Effect.suspend(() => handle(request)))
      const { host, pathname } = new URL(request.url)
      onRequest?.({
        method: request.method,
        host,
        path: pathname,
        status: response.status,
        milliseconds: performance.now() - startedAt
      })
      return response
    }

    const fetch: typeof globalThis.fetch = async (input, init) => {
      const request = new Request(input, init)
      request.signal.throwIfAborted()
      return await Promise.race([handler(request), abortOf(request.signal)])
    }

    for (const one of accountOptions) {
      if (accounts.find(one.username) !== undefined) publishLimits(keyStore, one.username, one)
    }
    const missing = accountOptions.filter(({ username }) => accounts.find(username) === undefined)
    yield* Effect.forEach(missing, create, { discard: true })
    const [first] = accountOptions
    if (first !== undefined) yield* accounts.database(first.username).pipe(failWith("make"))

    return {
      fetch,
      handler,
      account,
      createAccount: create,
      execute: (username, sql) => failWith("execute")(runAsAccount(username, sql)),
      openSession: sessions.open
    }
  })

const layerDatabases = (options: EmulatorOptions): Layer.Layer<Databases, ConnectionError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { allowRemoteDatabase, database, folder, postgis = "if-installed", worker } = options
      if (database !== undefined) {
        const keep = folder !== undefined
        return PostgresDatabases.layer({ url: database, allowRemote: allowRemoteDatabase, keep, postgis })
      }
      return PgliteDatabases.layer({
        folder,
        worker,
        postgis: postgis === "if-installed" ? yield* hasPostgis : postgis
      })
    })
  )

/** Starts an emulator, which stops with the scope. */
export const make = (options: EmulatorOptions = {}): Effect.Effect<EmulatorService, EmulatorError, Scope.Scope> =>
  Effect.gen(function* () {
    const layer = layerParts(options).pipe(Layer.provide(layerDatabases(options)))
    const parts = yield* Layer.build(layer).pipe(failWith("make"))
    return yield* Effect.provide(makeFromParts(options), parts)
  })

const EmulatorBase: Context.ServiceClass<Emulator, "effect-carto/emulator/Emulator", EmulatorService> = Context.Service<
  Emulator,
  EmulatorService
>()("effect-carto/emulator/Emulator")
/** The service of a running emulator. */
export class Emulator extends EmulatorBase {
  /** The layer of a running emulator. */
  static readonly layer = (options?: EmulatorOptions): Layer.Layer<Emulator, EmulatorError> =>
    Layer.effect(Emulator, make(options))
}
