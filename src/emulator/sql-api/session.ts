/** The checks that all endpoints of the SQL API share, in their order. */
import * as Effect from "effect/Effect"
import { Accounts } from "../accounts/accounts.ts"
import type { ConnectionError, Database, DatabaseError } from "../database.ts"
import { KeyStore } from "../state/keyStore.ts"
import { ApiError, cannotConnect } from "./apiError.ts"
import * as Authentication from "./authentication.ts"
import { type Exchange, headerText } from "./exchange.ts"
import { type Parameters, readBody } from "./parameters.ts"
import * as RateLimit from "./rateLimit.ts"

/** A request that has passed the shared checks. */
export interface Session {
  readonly account: Authentication.RequestAccount
  readonly identity: Authentication.Identity
  /** Parameters of the query string and the body, merged. */
  readonly parameters: Parameters
}

/** Returns the account that a request addresses. Its name and id are set in the headers of the response. */
export const account: (exchange: Exchange) => Effect.Effect<Authentication.RequestAccount, ApiError, KeyStore> =
  Effect.fnUntraced(function* (exchange) {
    const name = yield* Authentication.username(exchange.userInPath, exchange.host)
    exchange.headers.set("Carto-User", headerText(name))
    const found = yield* Authentication.account(yield* KeyStore, name)
    exchange.headers.set("Carto-User-Id", found.id)
    return found
  })

/** Checks account, body, rate limit and key in this order. The first failure wins. */
export const open: (
  exchange: Exchange,
  options?: {
    readonly needsMaster?: boolean
    /** Whether the body is ignored. COPY FROM reads its data from the body. */
    readonly ignoresBody?: boolean
    readonly onBody?: (body: Parameters) => Effect.Effect<void, ApiError>
  }
) => Effect.Effect<Session, ApiError, KeyStore> = Effect.fnUntraced(function* (exchange, options = {}) {
  const { headers, query, request } = exchange
  const keyStore = yield* KeyStore
  const found = yield* account(exchange)
  const body = options.ignoresBody === true ? {} : yield* readBody(request)
  if (options.onBody !== undefined) yield* options.onBody(body)
  if (exchange.rateLimit !== undefined) yield* RateLimit.check(keyStore, found.username, exchange.rateLimit, headers)
  const identity = yield* Authentication.authenticate({
    keyStore,
    account: found,
    authorization: request.headers.get("authorization"),
    query,
    body,
    needsMaster: options.needsMaster ?? false,
    onAccepted: () => headers.set("vary", "Authorization")
  })
  return { account: found, identity, parameters: { ...query, ...body } }
})

/** Returns the database of an account. */
export const database = (username: string): Effect.Effect<Database, ApiError, Accounts> =>
  Accounts.pipe(
    Effect.flatMap((accounts) => accounts.database(username)),
    Effect.catchTags({
      AccountNotFound: () => Effect.fail(new ApiError({ status: 500, message: "cannot connect to the database" })),
      ConnectionError: () => Effect.fail(cannotConnect()),
      DatabaseError: (error) => Effect.die(error)
    })
  )

/**
 * Runs the emulator's own work in a database. A lost session becomes an error response; a refused statement is a
 * defect.
 */
export const prepared = <A, R>(
  effect: Effect.Effect<A, ConnectionError | DatabaseError, R>
): Effect.Effect<A, ApiError, R> =>
  Effect.catchTags(effect, {
    ConnectionError: () => Effect.fail(cannotConnect()),
    DatabaseError: (error) => Effect.die(error)
  })
