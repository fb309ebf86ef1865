/**
 * CARTO for programs without Effect: the services of `effect-carto` as promises. Who uses COPY or batch jobs adds
 * `effect-carto/promise/copy` or `effect-carto/promise/batch`.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ApiKey } from "../account/ApiKey.ts"
import {
  ApiKeyManager,
  type ApiKeyManagerService,
  type CreateOptions,
  type ListOptions,
  type TargetUserOptions
} from "../keys/ApiKeyManager.ts"
import { Auth, type AuthOptions } from "../account/Auth.ts"
import * as Errors from "../errors/CartoError.ts"
import { type CallOptions, type Connection, makeConnection, openSession, type Session } from "./internal/runtime.ts"
import { toReadable } from "./internal/byteSources.ts"
import { fetchLayer } from "../http/fetch.ts"
import type { HttpClient } from "../http/client.ts"
import type { ToRowsOptions } from "../sql/CopySql.ts"
import type { Copy } from "./copy.ts"
import { type ExportOptions, type QueryResult, type Row, type RowsOptions, Sql } from "../sql/Sql.ts"
import type { Statement } from "../sql/Statement.ts"

export type { ApiKey, ApiKeyType } from "../account/ApiKey.ts"
export type { CreateOptions, ListOptions, TargetUserOptions } from "../keys/ApiKeyManager.ts"
export type { CartoError, CartoErrorOf, CartoErrorReason } from "../errors/CartoError.ts"
export * as Grants from "../account/Grants.ts"
export type { CallOptions } from "./internal/runtime.ts"
export type { ExportFormat, ExportOptions, Field, QueryOptions, QueryResult, Row, RowsOptions } from "../sql/Sql.ts"
export { sql, type SqlTag, type Statement, type Value } from "../sql/Statement.ts"

/** An API key: one that the Auth API answered with, or its token. */
export type Key = ApiKey | Redacted.Redacted<string> | string

export interface ConnectOptions extends Omit<AuthOptions, "apiKey"> {
  /** The key's token, or a function that yields it whenever it is needed: a secret store, a key that is rotated. */
  readonly apiKey:
    | string
    | Redacted.Redacted<string>
    | (() => Promise<string | Redacted.Redacted<string>> | string | Redacted.Redacted<string>)
  /** Carries the requests. Default: the global one. For a service binding: `(input, init) => binding.fetch(input, init)`. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** The Auth API. See `ApiKeyManager` for what each call does and the reasons it can fail with. */
export interface Keys {
  readonly create: (options: CreateOptions, call?: CallOptions) => Promise<ApiKey>
  readonly get: (name: string, options?: TargetUserOptions & CallOptions) => Promise<ApiKey>
  /** As {@link get}; `undefined` where there is no such key. */
  readonly getOption: (name: string, options?: TargetUserOptions & CallOptions) => Promise<ApiKey | undefined>
  readonly list: (options?: ListOptions & CallOptions) => Promise<ReadonlyArray<ApiKey>>
  /** As {@link list}, page by page as the keys are taken. */
  readonly stream: (options?: ListOptions & CallOptions) => AsyncIterable<ApiKey>
  readonly regenerate: (key: string | ApiKey, options?: TargetUserOptions & CallOptions) => Promise<ApiKey>
  readonly delete: (key: string | ApiKey, options?: TargetUserOptions & CallOptions) => Promise<void>
  readonly whoami: (call?: CallOptions) => Promise<ApiKey>
  readonly isValid: (key: Key, call?: CallOptions) => Promise<boolean>
}

export interface ExportedFile {
  /** As the server names it: `cartodb-query.csv`. */
  readonly filename: string
  /** The media type, as the server gives it. */
  readonly contentType: string
  /** Read it, or cancel it. An error of the server after the first byte is an error of this stream. */
  readonly bytes: ReadableStream<Uint8Array<ArrayBuffer>>
}

export interface StreamOptions extends CallOptions, ToRowsOptions {
  readonly over: (client: Client) => Copy
}

/** The SQL API. See `Sql` for what each call does and the reasons it can fail with. */
export interface Queries {
  readonly query: {
    <A>(
      statement: Statement,
      options: RowsOptions & CallOptions & { readonly schema: Schema.Decoder<A> }
    ): Promise<QueryResult<A>>
    (statement: Statement, options?: RowsOptions & CallOptions): Promise<QueryResult<Row>>
  }
  /**
   * The rows of a query of any size, in bounded memory. It needs COPY, which only who uses it carries: `over` is the `copy`
   * of `effect-carto/promise/copy`.
   */
  readonly stream: {
    <A>(statement: Statement, options: StreamOptions & { readonly schema: Schema.Decoder<A> }): AsyncIterable<A>
    (statement: Statement, options: StreamOptions): AsyncIterable<Row>
  }
  readonly export: (statement: Statement, options: ExportOptions & CallOptions) => Promise<ExportedFile>
}

type Services = ApiKeyManager | Auth | HttpClient | Sql

/** An account under one key. Disposing of it ends the calls that are under way. */
export interface Client extends AsyncDisposable {
  readonly keys: Keys
  readonly sql: Queries
  /** The same account under another key. Disposing of one of the two disposes of both. */
  readonly withApiKey: (key: Key) => Client
  /** @internal */
  readonly connection: Connection<Services>
}

/** The key that everybody has, good for public tables alone. */
export const defaultPublic: Redacted.Redacted<string> = Auth.defaultPublic

/** A key's token as text, for whoever is to use the key. Everywhere else it prints as `<redacted>`. */
export const reveal = (key: ApiKey | Redacted.Redacted<string>): string =>
  Redacted.value(key instanceof ApiKey ? key.token : key)

/**
 * Whether a rejection is a `CartoError`, of one of these reasons where some are named. Recognises errors of another copy
 * of this library too.
 */
export const isCartoError: {
  (u: unknown): u is Errors.CartoError
  <Tag extends Errors.CartoErrorReason["_tag"]>(
    u: unknown,
    ...reasons: ReadonlyArray<Tag>
  ): u is Errors.CartoErrorOf<Extract<Errors.CartoErrorReason, { readonly _tag: Tag }>>
} = (u: unknown, ...reasons: ReadonlyArray<string>): u is Errors.CartoErrorOf<never> =>
  Errors.isCartoError(u) && (reasons.length === 0 || reasons.includes(u.reason._tag))

const redact = (token: string | Redacted.Redacted<string>): Redacted.Redacted<string> =>
  typeof token === "string" ? Redacted.make(token) : token

const redactKey = (key: Key): ApiKey | Redacted.Redacted<string> => (typeof key === "string" ? Redacted.make(key) : key)

const services = ({ apiKey, fetch, ...options }: ConnectOptions) =>
  Layer.mergeAll(ApiKeyManager.layer, Sql.layer).pipe(
    Layer.provideMerge(
      Auth.layer({
        ...options,
        apiKey: typeof apiKey === "function" ? Effect.tryPromise(async () => redact(await apiKey())) : redact(apiKey)
      })
    ),
    Layer.provideMerge(fetchLayer(fetch))
  )

const makeKeys = ({ iterate, run }: Connection<Services>): Keys => {
  const call = <A, E>(
    use: (keys: ApiKeyManagerService) => Effect.Effect<A, E>,
    options: CallOptions | undefined
  ): Promise<A> => run(ApiKeyManager.use(use), options)
  return {
    create: (options, callOptions) => call((keys) => keys.create(options), callOptions),
    get: (name, options) => call((keys) => keys.get(name, options), options),
    getOption: (name, options) =>
      call((keys) => Effect.map(keys.getOption(name, options), Option.getOrUndefined), options),
    list: (options) => call((keys) => keys.list(options), options),
    stream: (options) => iterate(Stream.unwrap(ApiKeyManager.useSync((keys) => keys.stream(options))), options),
    regenerate: (key, options) => call((keys) => keys.regenerate(key, options), options),
    delete: (key, options) => call((keys) => keys.delete(key, options), options),
    whoami: (options) => call((keys) => keys.whoami, options),
    isValid: (key, options) => call((keys) => keys.isValid(redactKey(key)), options)
  }
}

const makeQueries = ({ iterate, run }: Connection<Services>, client: () => Client): Queries => {
  function query<A>(
    statement: Statement,
    options: RowsOptions & CallOptions & { readonly schema: Schema.Decoder<A> }
  ): Promise<QueryResult<A>>
  function query(statement: Statement, options?: RowsOptions & CallOptions): Promise<QueryResult<Row>>
  function query(
    statement: Statement,
    options: RowsOptions & CallOptions & { readonly schema?: Schema.Decoder<unknown> } = {}
  ): Promise<QueryResult<unknown>> {
    const { schema, ...rest } = options
    return run(
      Sql.use((db): Effect.Effect<QueryResult<unknown>, Errors.CartoError> =>
        schema === undefined ? db.query(statement, rest) : db.query(statement, { ...rest, schema })
      ),
      options
    )
  }
  function stream<A>(
    statement: Statement,
    options: StreamOptions & { readonly schema: Schema.Decoder<A> }
  ): AsyncIterable<A>
  function stream(statement: Statement, options: StreamOptions): AsyncIterable<Row>
  function stream(
    statement: Statement,
    { over, schema, ...options }: StreamOptions & { readonly schema?: Schema.Decoder<unknown> }
  ): AsyncIterable<unknown> {
    const { toRows } = over(client())
    return schema === undefined ? toRows(statement, options) : toRows(statement, { ...options, schema })
  }
  return {
    query,
    stream,
    export: async (statement, options) => {
      const { bytes, contentType, filename } = await run(
        Sql.use((db) => db.export(statement, options)),
        options
      )
      return { filename, contentType, bytes: toReadable(iterate(bytes, options)) }
    }
  }
}

const makeClient = (session: Session<Services>, key?: ApiKey | Redacted.Redacted<string>): Client => {
  const connection = makeConnection(session, key)
  const client: Client = {
    keys: makeKeys(connection),
    sql: makeQueries(connection, () => client),
    withApiKey: (other) => makeClient(session, redactKey(other)),
    connection,
    [Symbol.asyncDispose]: () => session.dispose()
  }
  return client
}

/**
 * The account of `baseUrl` or `username`, under `apiKey`. Nothing is checked or sent before the first call, so that a client
 * can be made at a module's top level. Calls reject with a `CartoError`.
 */
export const connect = (options: ConnectOptions): Client => makeClient(openSession(services(options)))
