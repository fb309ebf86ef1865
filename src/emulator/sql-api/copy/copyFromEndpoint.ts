/** `/sql/copyfrom` loads the body of a request with a COPY … FROM STDIN, all or nothing. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { gunzip } from "node:zlib"
import type { Accounts } from "../../accounts/accounts.ts"
import type { Database, Login } from "../../database.ts"
import type { KeyStore } from "../../state/keyStore.ts"
import * as RequestBody from "../../http/requestBody.ts"
import { type ApiError, badRequest } from "../apiError.ts"
import * as CopyCommand from "./copyStatement.ts"
import * as Exchange from "../exchange.ts"
import { collect } from "../query/execution.ts"
import * as Session from "../session.ts"

const maximumSize = 2 * 1024 ** 3
/**
 * Maximum bytes of an unpacked body. Unpacked data is held in memory more than once, so a small body must not expand
 * beyond this.
 */
const maximumUnpacked = 256 * 1024 ** 2

const quotaExceeded = badRequest("DB Quota exceeded")

/**
 * Returns the bytes that the account may still store, as the key itself sees the quota; infinite if the account has no
 * quota.
 */
const remainingQuota = (database: Database, login: Login): Effect.Effect<number, ApiError> => {
  const sql = `SELECT CASE WHEN _CDB_UserQuotaInBytes() > 0
    THEN _CDB_UserQuotaInBytes() - CDB_UserDataSize(current_schema()::text) END`
  return collect(database.run({ login, sql })).pipe(
    Effect.map((messages) => {
      const row = messages.find(({ _tag }) => _tag === "Row")
      const remaining = row?._tag === "Row" ? row.values[0] : undefined
      return remaining === null || remaining === undefined ? Infinity : Number(remaining)
    }),
    // A role without permission to read the quota is not limited by it.
    Effect.catchIf(
      ({ status }) => status !== 500,
      () => Effect.succeed(Infinity)
    )
  )
}

const readBody = (request: Request, limit: number, tooLarge: ApiError): Effect.Effect<Uint8Array, ApiError> =>
  RequestBody.readBytes(request, limit).pipe(
    Effect.catchTags({
      BodyAborted: () => Effect.fail(badRequest("request aborted")),
      BodyTooLarge: () => Effect.fail(tooLarge)
    })
  )

const gunzipError = (code: unknown, data: Uint8Array): ApiError => {
  if (code === "ERR_BUFFER_TOO_LARGE") return quotaExceeded
  const isGzip = data[0] === 0x1f && data[1] === 0x8b
  if (!isGzip && data.length >= 2) return badRequest("Error while gunzipping: incorrect header check")
  return badRequest(
    `Error while gunzipping: ${code === "Z_DATA_ERROR" ? "invalid compressed data" : "unexpected end of file"}`
  )
}

const unpack = (data: Uint8Array, limit: number): Effect.Effect<Uint8Array, ApiError> =>
  Effect.callback((resume) => {
    gunzip(data, { maxOutputLength: Math.max(1, Math.min(limit, maximumUnpacked)) }, (error, unpacked) =>
      resume(
        error === null
          ? Effect.succeed(new Uint8Array(unpacked))
          : Effect.fail(gunzipError("code" in error ? error.code : undefined, data))
      )
    )
  })

/** Handles a request to `/sql/copyfrom`. */
export const handle: (exchange: Exchange.Exchange) => Effect.Effect<Response, ApiError, KeyStore | Accounts> =
  Effect.fnUntraced(function* (exchange) {
    const { account, identity } = yield* Session.open(exchange, { ignoresBody: true })
    const { request } = exchange
    const { login } = identity
    const database = yield* Session.database(account.username)
    const quota = yield* remainingQuota(database, login)
    const sql = yield* CopyCommand.statement(exchange.query)
    const startedAt = yield* Clock.currentTimeMillis
    const isGzip = request.headers.get("content-encoding") === "gzip"
    const received = yield* readBody(
      request,
      isGzip ? maximumSize : Math.min(maximumSize, quota),
      isGzip || quota > maximumSize ? badRequest("COPY FROM maximum POST size of 2 GB exceeded") : quotaExceeded
    )
    const copyIn = isGzip && received.length > 0 ? yield* unpack(received, quota) : received
    const messages = yield* collect(database.run({ login, sql, copyIn, statementTimeout: CopyCommand.copyTimeout }))
    if (messages.some(({ _tag }) => _tag === "CopyOut")) return yield* badRequest("Connection terminated")
    const complete = messages.find(({ _tag }) => _tag === "Complete")
    const rows = Number(/^COPY (\d+)$/.exec(complete?._tag === "Complete" ? complete.command : "")?.[1] ?? 0)
    if (rows === 0) return yield* badRequest("No rows copied")
    const now = yield* Clock.currentTimeMillis
    return Exchange.jsonResponse(exchange, 200, JSON.stringify({ time: (now - startedAt) / 1000, total_rows: rows }))
  })
