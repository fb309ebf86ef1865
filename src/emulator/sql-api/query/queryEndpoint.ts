/** `/sql` runs a text and responds in the requested format. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Accounts } from "../../accounts/accounts.ts"
import type { Database } from "../../database.ts"
import { KeyStore } from "../../state/keyStore.ts"
import { ApiError, badRequest } from "../apiError.ts"
import * as Caching from "./caching.ts"
import * as Exchange from "../exchange.ts"
import { formats } from "../formats/index.ts"
import { legacyErrorMessage } from "./paging.ts"
import { Preparation } from "./preparation.ts"
import * as QueryParameters from "./queryParameters.ts"
import * as QueryTables from "./queryTables.ts"
import * as Session from "../session.ts"

const names: ReadonlySet<string> = new Set(formats.keys())

const disposition = (parameters: QueryParameters.QueryParameters, extension: string, now: number): string => {
  const kind = parameters.attachment ? "attachment" : "inline"
  const filename = Exchange.headerText(parameters.filename)
  return `${kind}; filename=${filename}.${extension}; modification-date="${new Date(now).toUTCString()}";`
}

/** Handles a request to `/sql`. */
export const handle: (
  exchange: Exchange.Exchange
) => Effect.Effect<Response, ApiError, KeyStore | Accounts | Preparation> = Effect.fnUntraced(function* (exchange) {
  const { headers } = exchange
  const { account, identity, parameters: given } = yield* Session.open(exchange)
  const parameters = yield* QueryParameters.parse(given, names)
  const database = yield* Session.database(account.username)
  const preparation = yield* Preparation
  const spatial = yield* Session.prepared(preparation.prepare(database, parameters.sql))
  const tables = yield* Session.prepared(QueryTables.queryTables(database, identity, parameters.sql))
  if (!identity.isMaster && QueryTables.hasSystemTable(tables)) {
    return yield* new ApiError({ status: 403, message: "system tables are forbidden" })
  }
  const now = yield* Clock.currentTimeMillis
  Caching.setCacheHeaders(headers, {
    databaseName: account.databaseName,
    sql: parameters.sql,
    tables: parameters.sql.trim() === "" ? undefined : tables,
    persist: parameters.persist,
    now
  })
  const format = formats.get(parameters.format)
  if (format === undefined) return yield* new ApiError({ status: 400, message: `Invalid format: ${parameters.format}` })
  headers.set("X-Served-By-DB-Host", account.databaseHost)
  headers.set("Content-Type", format.contentType)
  headers.set("Content-Disposition", disposition(parameters, format.extension, now))
  const legacyError = legacyErrorMessage(parameters.paging)
  if (legacyError !== undefined) return yield* badRequest(legacyError)
  const timeouts = (yield* KeyStore).get(`limits:timeout:${account.username}`) ?? {}
  const exportTimeout = Number(timeouts[identity.isMaster ? "render" : "render_public"])
  const statementTimeout = Number(timeouts["statement"])
  const limited: Database =
    statementTimeout > 0
      ? {
          ...database,
          run: (run) => database.run({ ...run, statementTimeout: run.statementTimeout ?? statementTimeout })
        }
      : database
  const response = yield* Exchange.bodyResponse(
    exchange,
    format.run({
      database: limited,
      login: identity.login,
      parameters: format.jsonp ? parameters : { ...parameters, callback: undefined },
      spatial,
      startedAt: now,
      exportTimeout: exportTimeout > 0 ? exportTimeout : undefined
    })
  )
  if (parameters.format !== "arraybuffer" || !Caching.isFresh(exchange.request, headers)) return response
  for (const name of ["content-type", "content-length"]) headers.delete(name)
  return new Response(null, { status: 304, headers })
})
