/** The responses of the SQL API. Failures are told by status, then by `context` and `detail`, then by message. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { type CallReason, type OutcomeUnknown, Unauthenticated } from "../../errors/Call.ts"
import {
  AccountNotFound,
  ApiNotGranted,
  PartialResult,
  PermissionDenied,
  type StatementReason,
  StatementTimeout
} from "../../errors/SqlApi.ts"
import { isObject, isStrings, type JsonObject, parse } from "../../errors/internal/json.ts"
import { classifyError } from "./classifyError.ts"
import { invalidInput } from "../../errors/internal/invalidInput.ts"
import { isReadOnly } from "./readOnly/isReadOnly.ts"
import type { Parameter } from "./queryOptions.ts"
import type { Wire } from "../../http/client.ts"
import { sqlTimeout } from "../../http/defaults.ts"
import { outcomeUnknown, rateLimited, unexpected } from "../../http/failures.ts"
import type { WireRequest } from "../../http/request.ts"
import type { WireResponse } from "../../http/response.ts"

/** The reasons every call to the SQL API fails with. */
export type SqlApiReason = AccountNotFound | CallReason | ApiNotGranted | StatementReason
/** The reasons a query that can be repeated fails with. */
export type ReadReason = PartialResult | SqlApiReason
/** The reasons a query fails with. */
export type QueryReason = OutcomeUnknown | ReadReason

/** A column of a result. Columns with geometries have no `pgtype`, and `wkbtype`, `dims` and `srid` instead. */
export interface Field {
  /** The type in the words of the SQL API: `number`, `string`, `date`, `boolean`, `geometry`, or PostgreSQL's name. */
  readonly type: string
  /** PostgreSQL's name of the type. */
  readonly pgtype?: string | undefined
  /** The type of the geometries, if the column has only one. */
  readonly wkbtype?: string | undefined
  /** The number of dimensions of the geometries, 2 to 4. */
  readonly dims?: number | undefined
  /** The spatial reference system of the geometries. */
  readonly srid?: number | undefined
}

/** A row as the server sends it, by the names of the columns. */
export type Row = Readonly<Record<string, unknown>>

/** The result of a query. */
export interface QueryResult<A> {
  /** The rows, of all statements. */
  readonly rows: ReadonlyArray<A>
  /** The columns by name, of the last statement that has columns. */
  readonly fields: Readonly<Record<string, Field>>
  /**
   * What the last statement reports: the rows it returned or changed, 0 for DDL. It is not the size of the whole result if
   * that is paged.
   */
  readonly totalRows: number
  /** Seconds on the server. */
  readonly time: number
  /** Messages of the severity NOTICE. */
  readonly notices: ReadonlyArray<string>
  /** Messages of the severity WARNING. */
  readonly warnings: ReadonlyArray<string>
  /** Messages of the severity INFO. The severities from here on depend on `client_min_messages`. */
  readonly infos: ReadonlyArray<string>
  /** Messages of the severity LOG. */
  readonly logs: ReadonlyArray<string>
  /** Messages of the severity DEBUG. */
  readonly debugs: ReadonlyArray<string>
}

interface ErrorBody {
  readonly description: string
  readonly detail?: string | undefined
  readonly hint?: string | undefined
}

/** The first message of an `error` member: an array with one string. */
export const errorMessage = ({ error }: JsonObject): string | undefined => {
  const first = Array.isArray(error) ? error[0] : error
  return typeof first === "string" ? first : undefined
}

const readErrorBody = (text: string): ErrorBody | undefined => {
  const body = parse(text)
  const description = isObject(body) ? errorMessage(body) : undefined
  if (description === undefined || !isObject(body)) return undefined
  const string = (name: string) => (typeof body[name] === "string" && body[name] !== "" ? body[name] : undefined)
  return { description, detail: string("detail"), hint: string("hint") }
}

/** The message of a failure. */
export const errorOf = (response: WireResponse): string | undefined => readErrorBody(response.text)?.description

/** The reason of a response that is a failure, of any endpoint of the SQL API. */
export const readFailure = (
  response: WireResponse,
  username: string,
  statement = ""
): Effect.Effect<never, SqlApiReason> => {
  const error = readErrorBody(response.text)
  const { status } = response
  if (status === 429) {
    return error?.detail === "datasource"
      ? Effect.fail(new StatementTimeout({ description: error.description }))
      : Effect.flatMap(rateLimited(response), Effect.fail)
  }
  if (error === undefined) return Effect.fail(unexpected(response, "no error message of the SQL API"))
  const { description } = error
  if (status === 404 && description.startsWith("Sorry, we can't find CARTO user ")) {
    return Effect.fail(new AccountNotFound({ username }))
  }
  if (status === 400 && description.startsWith("No username found in hostname ")) {
    return Effect.fail(new AccountNotFound({ username }))
  }
  if (status === 403 && description === "forbidden") return Effect.fail(new ApiNotGranted({ api: "sql" }))
  if (status === 403 && (description === "Forbidden" || description === "permission denied")) {
    return Effect.fail(new Unauthenticated({ username }))
  }
  if (status !== 400 && status !== 403) return Effect.fail(unexpected(response, description))
  const reason = classifyError(error, status === 403)
  if (!(reason instanceof PermissionDenied)) return Effect.fail(reason)
  const { object, objectType } = reason
  const [, verb] = /^\s*(select|insert|update|delete)\b/i.exec(statement) ?? []
  return Effect.flatMap(response.keyName, (key) =>
    Effect.fail(new PermissionDenied({ description, object, objectType, key, permission: verb?.toLowerCase() }))
  )
}

const readStrings = (value: unknown): ReadonlyArray<string> => (isStrings(value) ? value : [])

const isFields = (u: unknown): u is Readonly<Record<string, Field>> =>
  isObject(u) && Object.values(u).every((field) => isObject(field) && typeof field["type"] === "string")

/** The result of a query. A response with status 200 and an error is a failure with the rows before the error. */
export const readResult = (response: WireResponse): Effect.Effect<QueryResult<Row>, ReadReason> => {
  const malformed = (description: string) => Effect.fail(unexpected(response, description))
  const body = parse(response.text)
  if (!isObject(body)) return malformed("not a JSON object")
  const { fields, rows, time, total_rows: totalRows } = body
  if (!Array.isArray(rows)) return malformed("rows is not an array")
  if ("error" in body) {
    const description = errorMessage(body)
    return description === undefined
      ? malformed("error is not an array with a message")
      : Effect.fail(new PartialResult({ rows, failure: classifyError({ description: response.scrub(description) }) }))
  }
  if (!isFields(fields)) return malformed("fields is not an object of types")
  if (typeof totalRows !== "number") return malformed("total_rows is not a number")
  if (typeof time !== "number") return malformed("time is not a number")
  return Effect.succeed({
    rows,
    fields,
    totalRows,
    time,
    notices: readStrings(body["notices"]),
    warnings: readStrings(body["warnings"]),
    infos: readStrings(body["infos"]),
    logs: readStrings(body["logs"]),
    debugs: readStrings(body["debugs"])
  })
}

/** Options of the request. */
export interface SendOptions {
  readonly cacheable?: boolean | undefined
  readonly timeout?: Duration.Input | undefined
}

/** By POST, so that neither the length of the text nor a log of URLs matters, unless the response is to be cached. */
const request = (parameters: ReadonlyArray<Parameter>, { cacheable, timeout }: SendOptions): WireRequest => ({
  api: "sql",
  path: "/api/v2/sql",
  ...(cacheable ? { method: "GET", query: parameters } : { method: "POST", form: parameters }),
  idempotent: true,
  timeout,
  defaultTimeout: sqlTimeout
})

const read =
  (username: string, statement: string) =>
  (response: WireResponse): Effect.Effect<QueryResult<Row>, ReadReason> =>
    response.status === 200 ? readResult(response) : readFailure(response, username, statement)

/** Runs SQL text that can do nothing twice. */
export const readQuery = (
  wire: Wire,
  username: string,
  text: string,
  options: SendOptions = {}
): Effect.Effect<QueryResult<Row>, ReadReason> => wire.send(request([["q", text]], options), read(username, text))

/** Servers and proxies refuse lines of 16 kB, headers included. */
const longestUrl = 8_000

const selects = /^[\s(]*(?:select|values|table)\b/i

/** Runs any SQL text, the first of the parameters. */
export const query = (
  wire: Wire,
  username: string,
  parameters: ReadonlyArray<Parameter>,
  options: SendOptions & { readonly idempotent?: boolean | undefined }
): Effect.Effect<QueryResult<Row>, QueryReason> => {
  const text = parameters[0]?.[1] ?? ""
  if (options.cacheable && encodeURIComponent(text).length > longestUrl) {
    const remedy = `a cacheable one goes into the URL: at most ${longestUrl} characters, encoded`
    return Effect.fail(invalidInput("statement", text, remedy))
  }
  const isIdempotent = options.idempotent ?? isReadOnly(text)
  if (options.cacheable && !isIdempotent) {
    // caches and proxies may send a GET again, or answer it without the server
    const remedy =
      "a cacheable statement must only read; if it does and calls more than common functions, give idempotent: true"
    return Effect.fail(invalidInput("statement", text, remedy))
  }
  return isIdempotent
    ? wire.send(request(parameters, options), read(username, text))
    : wire.write<QueryResult<Row>, QueryReason>(request(parameters, options), read(username, text), (failure) =>
        // that a SELECT returns too much is known, and what to do about it
        failure._tag === "ResponseTooLarge" && selects.test(text) ? Effect.fail(failure) : outcomeUnknown(failure)
      )
}
