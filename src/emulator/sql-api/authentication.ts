/** Maps the credentials of a request to the database role that runs its SQL, by the hashes in the key store. */
import * as Base64 from "effect/encoding/Base64"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Login } from "../database.ts"
import type { Hash, KeyStoreService } from "../state/keyStore.ts"
import { accountOfHost } from "../http/addressing.ts"
import { ApiError } from "./apiError.ts"
import type { Parameters } from "./parameters.ts"

/** An account that a request addresses. */
export interface RequestAccount {
  readonly username: string
  readonly id: string
  readonly databaseName: string
  readonly databaseHost: string
  readonly masterToken: string
}

/** The roles of an authenticated request. */
export interface Identity {
  readonly isMaster: boolean
  readonly login: Login
  /** The role of the account's master key, under which queries are planned. */
  readonly master: Login
}

const unknownAccount = (username: string): ApiError =>
  new ApiError({
    status: 404,
    message: `Sorry, we can't find CARTO user '${username}'. Please check that you have entered the correct domain.`
  })

/** Returns the account's name, which is in the path or is the first label of the host. */
export const username = (userInPath: string | undefined, host: string): Effect.Effect<string, ApiError> => {
  if (userInPath !== undefined) return Effect.succeed(userInPath)
  const named = accountOfHost(host)
  return named !== undefined
    ? Effect.succeed(named)
    : Effect.fail(new ApiError({ status: 400, message: `No username found in hostname '${host}'` }))
}

/** Reads the account's record. Fails with 404 if the record is missing or incomplete. */
export const account = (keyStore: KeyStoreService, name: string): Effect.Effect<RequestAccount, ApiError> => {
  const hash = keyStore.get(`rails:users:${name}`)
  const { database_host: databaseHost, database_name: databaseName, id } = hash ?? {}
  return id && databaseHost && databaseName
    ? Effect.succeed({ username: name, id, databaseName, databaseHost, masterToken: hash?.["map_key"] ?? "" })
    : Effect.fail(unknownAccount(name))
}

interface Credentials {
  /** The user name of Basic credentials. */
  readonly user?: string
  /** The API key. A repeated parameter is not text, so it is not a key. */
  readonly token: unknown
}

const basic = /^ *basic +([A-Za-z0-9._~+/-]+=*) *$/i

const fromHeader = (header: string | null): Credentials | undefined => {
  const encoded = basic.exec(header ?? "")?.[1]
  if (encoded === undefined) return undefined
  const decoded = Result.getOrElse(Base64.decodeString(encoded), () => "")
  const colon = decoded.indexOf(":")
  return colon < 0 ? undefined : { user: decoded.slice(0, colon), token: decoded.slice(colon + 1) }
}

const fromParameters = (parameters: Parameters): Credentials | undefined => {
  const token = parameters["api_key"] || parameters["map_key"]
  return token ? { token } : undefined
}

// A header with an empty password still counts as credentials: it hides the other sources.
const credentials = (authorization: string | null, query: Parameters, body: Parameters): Credentials | undefined =>
  fromHeader(authorization) ?? fromParameters(query) ?? fromParameters(body)

const unauthorized = new ApiError({ status: 401, message: "Unauthorized" })

const keyOf = (keyStore: KeyStoreService, username: string, token: unknown): Hash | undefined => {
  if (typeof token !== "string") return undefined
  const hash = keyStore.get(`api_keys:${username}:${token}`)
  return hash?.["user"] && hash["type"] && hash["database_role"] && hash["database_password"] ? hash : undefined
}

const loginOf = (hash: Hash): Login => ({
  role: hash["database_role"] ?? "",
  password: hash["database_password"] ?? ""
})

/** Returns the role of the account's master key. Fails with 401 if the account has no valid master key. */
export const masterLogin = (keyStore: KeyStoreService, account: RequestAccount): Effect.Effect<Login, ApiError> => {
  const master = keyOf(keyStore, account.username, account.masterToken)
  return master === undefined ? Effect.fail(unauthorized) : Effect.succeed(loginOf(master))
}

/**
 * Authenticates a request. A request without credentials uses the default key, whose grants are not checked. Fails with
 * 401 or 403. `needsMaster` refuses every other key. `onAccepted` runs between the check of the key and the check of
 * its role.
 */
export const authenticate: (options: {
  readonly keyStore: KeyStoreService
  readonly account: RequestAccount
  readonly authorization: string | null
  readonly query: Parameters
  readonly body: Parameters
  readonly needsMaster: boolean
  readonly onAccepted: () => void
}) => Effect.Effect<Identity, ApiError> = Effect.fnUntraced(function* (options) {
  const { account, keyStore } = options
  const given = credentials(options.authorization, options.query, options.body)
  if (given?.user !== undefined && given.user !== account.username) {
    return yield* new ApiError({ status: 403, message: "permission denied" })
  }
  const isAnonymous = given === undefined || given.token === ""
  const key = keyOf(keyStore, account.username, isAnonymous ? "default_public" : given.token)
  if (!isAnonymous) {
    if (key === undefined) return yield* unauthorized
    if (key["user"] !== account.username) return yield* new ApiError({ status: 403, message: "Forbidden" })
    if (key["grants_sql"] !== "true") return yield* new ApiError({ status: 403, message: "forbidden" })
  }
  // With a Basic header, a key in the query string decides the authorization level only. The SQL still runs with the
  // rights of the header's key.
  const levelToken = given?.user === undefined ? undefined : fromParameters(options.query)?.token
  const levelKey = levelToken === undefined ? key : keyOf(keyStore, account.username, levelToken)
  const isMaster = !isAnonymous && levelKey?.["type"] === "master"
  if (options.needsMaster && !isMaster) return yield* new ApiError({ status: 403, message: "permission denied" })
  options.onAccepted()
  const master = yield* masterLogin(keyStore, account)
  if (key === undefined) return yield* unauthorized
  return { isMaster, login: loginOf(key), master }
})
