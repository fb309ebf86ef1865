/**
 * The Auth API and the SQL API in promises, for programs without Effect.
 *
 * ```ts
 * const carto = connect({ baseUrl: "https://alice.carto.com", apiKey })
 * const { rows } = await carto.sql.query(sql`SELECT * FROM tornadoes WHERE year = ${2025}`)
 * ```
 *
 * COPY, batch jobs, leases, rotation and access reviews are separate entry points below `effect-carto/promise/`.
 *
 * @module
 */
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import { ApiKey } from "../account/ApiKey.ts"
import { Auth } from "../account/Auth.ts"
import * as Errors from "../errors/CartoError.ts"
import {
  ApiKeyManager,
  type ApiKeyManagerService,
  type CreateOptions,
  type ListOptions,
  type TargetUserOptions
} from "../keys/ApiKeyManager.ts"
import type { ToRowsOptions } from "../sql/CopySql.ts"
import { type Exported, type ExportOptions, type QueryResult, type Row, type RowsOptions, Sql } from "../sql/Sql.ts"
import type { Statement } from "../sql/Statement.ts"
import type { Copy } from "./copy.ts"
import { accountLayer, type ConnectOptions } from "./internal/accountLayer.ts"
import { toReadable } from "./internal/byteSources.ts"
import {
  callOptions,
  type CallOptions,
  type Connected,
  type Connection,
  makeConnection,
  openSession,
  type Services,
  type Session
} from "./internal/connection.ts"
import { promised, type Promised } from "./internal/promised.ts"

export type { ApiKey, ApiKeyType } from "../account/ApiKey.ts"
export type { CreateOptions, ListOptions, TargetUserOptions } from "../keys/ApiKeyManager.ts"
export type { CartoError, CartoErrorOf, CartoErrorReason } from "../errors/CartoError.ts"
/** What a key can do: types and builders. */
export * as Grants from "../account/Grants.ts"
export type { ConnectOptions } from "./internal/accountLayer.ts"
export type { CallOptions, Connected } from "./internal/connection.ts"
export type { Method, Promised } from "./internal/promised.ts"
export type { ExportFormat, ExportOptions, Field, QueryOptions, QueryResult, Row, RowsOptions } from "../sql/Sql.ts"
export { sql, type SqlTag, type Statement, type Value } from "../sql/Statement.ts"

/** An API key, as the Auth API returns it, or the token of one. */
export type Key = ApiKey | Redacted.Redacted<string> | string

/** The Auth API: the methods of `ApiKeyManager`, with the same errors. */
export interface Keys extends Promised<Omit<ApiKeyManagerService, "isValid">> {
  /**
   * Creates a regular key. Keys cannot be edited later. Needs the master key. `POST /api/v3/api_keys`.
   *
   * A call that is aborted after its request was sent still resolves with the key.
   */
  readonly create: (options: CreateOptions, call?: CallOptions) => Promise<ApiKey>
  /**
   * Returns the key of that name. Keys other than the master key see only themselves. Rejects with `ApiKeyNotFound` if there
   * is no such key. `GET /api/v3/api_keys/{name}`.
   */
  readonly get: (name: string, options?: TargetUserOptions, call?: CallOptions) => Promise<ApiKey>
  /** Returns the key of that name, or `undefined` if there is no such key. `GET /api/v3/api_keys/{name}`. */
  readonly getOption: (name: string, options?: TargetUserOptions, call?: CallOptions) => Promise<ApiKey | undefined>
  /** Returns every key that the key in use can see. `GET /api/v3/api_keys`. */
  readonly list: (options?: ListOptions, call?: CallOptions) => Promise<ReadonlyArray<ApiKey>>
  /** Reads the keys page by page while you iterate. `GET /api/v3/api_keys`. */
  readonly stream: (options?: ListOptions, call?: CallOptions) => AsyncIterable<ApiKey>
  /**
   * Gives a regular key or the master key a new token. The old token is refused at once. If the client uses that key, it
   * continues with the new token. Needs the master key. `POST /api/v3/api_keys/{name}/token/regenerate`.
   *
   * A call that is aborted after its request was sent still resolves with the key, whose token is nowhere else.
   */
  readonly regenerate: (key: string | ApiKey, options?: TargetUserOptions, call?: CallOptions) => Promise<ApiKey>
  /**
   * Deletes a regular key, which revokes it. Tables that the key created go to the account. Needs the master key.
   * `DELETE /api/v3/api_keys/{name}`.
   */
  readonly delete: (key: string | ApiKey, options?: TargetUserOptions, call?: CallOptions) => Promise<void>
  /** Returns the key in use, with its grants. `GET /api/v3/api_keys`. */
  readonly whoami: (call?: CallOptions) => Promise<ApiKey>
  /** Whether a token belongs to a key of this account, of any type. `GET /api/v3/api_keys`. */
  readonly isValid: (key: Key, call?: CallOptions) => Promise<boolean>
}

/** The result of a query as a file. */
export interface ExportedFile extends Omit<Exported, "bytes"> {
  /** The content. Read it or cancel it. An error of the server after the first byte is an error of this stream. */
  readonly bytes: ReadableStream<Uint8Array<ArrayBuffer>>
}

/** The options of {@link Queries.stream}. */
export interface StreamOptions extends ToRowsOptions {
  /** Reads the rows: the function `copy` of `effect-carto/promise/copy`. */
  readonly over: (client: Client) => Pick<Copy, "toRows">
}

/** The SQL API: the methods of `Sql`, with the same errors. */
export interface Queries {
  /**
   * Runs a statement, or several as one transaction, and returns the rows.
   *
   * With `schema` the rows are decoded by it. Without, `int8` and `numeric` are rounded to doubles, and times are cut to
   * seconds: cast to `text` in SQL if that matters. `POST /api/v2/sql`.
   */
  readonly query: {
    /** Runs a statement and decodes each row by `schema`. `POST /api/v2/sql`. */
    <A>(
      statement: Statement,
      options: RowsOptions & { readonly schema: Schema.Decoder<A> },
      call?: CallOptions
    ): Promise<QueryResult<A>>
    /** Runs a statement and returns the rows as the server sends them. `POST /api/v2/sql`. */
    (statement: Statement, options?: RowsOptions, call?: CallOptions): Promise<QueryResult<Row>>
  }
  /**
   * Reads the rows of a query of any size in bounded memory. Leaving the iteration cancels the statement.
   *
   * It needs COPY, which is bundled only if you import it: pass `copy` of `effect-carto/promise/copy` as `over`.
   */
  readonly stream: {
    /** Reads the rows of a query of any size, and decodes each by `schema`. */
    <A>(
      statement: Statement,
      options: StreamOptions & { readonly schema: Schema.Decoder<A> },
      call?: CallOptions
    ): AsyncIterable<A>
    /** Reads the rows of a query of any size. */
    (statement: Statement, options: StreamOptions, call?: CallOptions): AsyncIterable<Row>
  }
  /** Returns the result of a query as a file, with its name and media type. `POST /api/v2/sql`. */
  readonly export: (statement: Statement, options: ExportOptions, call?: CallOptions) => Promise<ExportedFile>
}

/** An account under one API key. */
export interface Client extends Connected, AsyncDisposable {
  /** The Auth API: creates, lists, regenerates and deletes API keys. */
  readonly keys: Keys
  /** The SQL API: runs statements and exports their results. */
  readonly sql: Queries
  /** Returns a client for the same account under another key. Closing one of the two closes both. */
  readonly withApiKey: (key: Key) => Client
  /** Aborts the calls that are running, and refuses later ones. Optional: a client holds no connection open. */
  readonly close: () => Promise<void>
}

/** The default public key, which every account has. It reads public tables only. */
export const defaultPublic: Redacted.Redacted<string> = Auth.defaultPublic

/** Returns the token of a key as text. Everywhere else the token prints as `<redacted>`. */
export const reveal = (key: ApiKey | Redacted.Redacted<string>): string =>
  Redacted.value(key instanceof ApiKey ? key.token : key)

/**
 * Whether a rejection is a `CartoError`, and has one of these reasons if any are given. Also recognizes errors of another
 * copy of this library.
 */
export const isCartoError: {
  /** Whether a rejection is a `CartoError`. */
  (u: unknown): u is Errors.CartoError
  /** Whether a rejection is a `CartoError` with one of these reasons. */
  <Tag extends Errors.CartoErrorReason["_tag"]>(
    u: unknown,
    ...reasons: ReadonlyArray<Tag>
  ): u is Errors.CartoErrorOf<Extract<Errors.CartoErrorReason, { readonly _tag: Tag }>>
} = (u: unknown, ...reasons: ReadonlyArray<string>): u is Errors.CartoErrorOf<never> =>
  Errors.isCartoError(u) && (reasons.length === 0 || reasons.includes(u.reason._tag))

const redactKey = (key: Key): ApiKey | Redacted.Redacted<string> => (typeof key === "string" ? Redacted.make(key) : key)

const makeKeys = (connection: Connection<Services>): Keys => ({
  ...promised<Omit<Keys, "isValid">, Services>(connection, ApiKeyManager, {
    create: "token",
    get: "promise",
    getOption: "promise",
    list: "promise",
    stream: "iterable",
    regenerate: "token",
    delete: "promise",
    whoami: "promise"
  }),
  isValid: (key, call) =>
    connection.run(
      ApiKeyManager.use((keys) => keys.isValid(redactKey(key))),
      call
    )
})

const makeQueries = (connection: Connection<Services>, client: () => Client): Queries => {
  function stream<A>(
    statement: Statement,
    options: StreamOptions & { readonly schema: Schema.Decoder<A> },
    call?: CallOptions
  ): AsyncIterable<A>
  function stream(statement: Statement, options: StreamOptions, call?: CallOptions): AsyncIterable<Row>
  function stream(
    statement: Statement,
    { over, ...options }: StreamOptions,
    call?: CallOptions
  ): AsyncIterable<unknown> {
    return over(client()).toRows(statement, options, call)
  }
  return {
    ...promised<Pick<Queries, "query">, Services>(connection, Sql, { query: "promise" }),
    stream,
    export: async (statement, options, call) => {
      const { bytes, contentType, filename } = await connection.run(
        Sql.use((db) => db.export(statement, options)),
        callOptions([options, call])
      )
      return { filename, contentType, bytes: toReadable(connection.iterate(bytes, callOptions([options, call]))) }
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
    close: session.close,
    [Symbol.asyncDispose]: session.close
  }
  return client
}

/**
 * Makes a client for the account of `baseUrl` or `username`. Calls reject with a `CartoError`.
 *
 * Nothing is checked or sent before the first call, so that a Worker can make the client at the top of a module.
 */
export const connect = (options: ConnectOptions): Client => makeClient(openSession(accountLayer(options)))
