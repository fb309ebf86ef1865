/** A refused request, as the SQL API reports it. */
import * as Data from "effect/Data"
import type { Report } from "../database.ts"
import type { ErrorClass } from "../shared/errorClass.ts"

interface ApiErrorFields {
  readonly status: number
  readonly message: string
  readonly context?: string | undefined
  readonly detail?: string | undefined
  readonly hint?: string | undefined
}

const ApiErrorBase: ErrorClass<"ApiError", ApiErrorFields> = Data.TaggedError("ApiError")
/** The refusal of a request: status, message and the optional members of the error response. */
export class ApiError extends ApiErrorBase {}

/** Creates an error with status 400. */
export const badRequest = (message: string): ApiError => new ApiError({ status: 400, message })

const timeoutMessage =
  "You are over platform's limits: SQL query timeout error. Refactor your query before running again or contact CARTO support for more details."

const isTimeout = (message: string): boolean =>
  message.includes("statement timeout") ||
  message.includes("canceling statement due to user request") ||
  message.includes("RuntimeError: Execution of function interrupted by signal")

type Said = Pick<Report, "message" | "detail" | "hint">

const fileOfServer = /^Only roles with privileges of the "(\w+)" role may (COPY .+)\.$/

/** The message with which PGlite's sessions, which stand for logins, refuse a change of role. */
const changeOfRole = /^cannot set parameter "(role|session_authorization)" within security-definer function$/

/** PostgreSQL's message for a missing function whose name is one of CARTO's own functions. */
const missingFunction = /^function ((?:cartodb\.|cdb_dataservices_client\.)?_?(?:cdb|obs)_\w+)\(.*\) does not exist$/is

/**
 * Restores the messages of PostgreSQL 15, the release of the measured real server, if later releases word them
 * differently.
 */
const inWordsOf15 = (report: Said): Said => {
  const { detail, message } = report
  const hint = report.hint?.replace('different "DateStyle" setting', 'different "datestyle" setting')
  const [, role, command] = fileOfServer.exec(detail ?? "") ?? []
  if (role !== undefined) {
    return { message: `must be superuser or have privileges of the ${role} role to ${command}`, hint }
  }
  const changing = changeOfRole.exec(message)?.[1]
  if (changing !== undefined) return { message: `permission denied to set ${changing.replace("_", " ")}` }
  const missing = missingFunction.exec(message)?.[1]
  if (missing !== undefined) return { message, hint: `The embedded CARTO does not have the function ${missing}.` }
  const isNew = message.startsWith("permission denied to ") && detail?.startsWith("Only roles with ") === true
  return { message, detail: isNew ? undefined : detail, hint }
}

/**
 * Converts a PostgreSQL error to an error response. The status depends on the text of the message, so it also applies
 * to errors that a user raises.
 */
export const fromReport = (said: Said): ApiError => {
  const report = inWordsOf15(said)
  if (isTimeout(report.message)) {
    return new ApiError({ status: 429, message: timeoutMessage, context: "limit", detail: "datasource" })
  }
  return new ApiError({
    status: report.message.includes("permission denied") ? 403 : 400,
    message: report.message,
    detail: report.detail,
    hint: report.hint
  })
}

/** The error of a session that did not start: the role cannot log in, or PostgreSQL is gone. */
export const cannotConnect = (): ApiError => new ApiError({ status: 500, message: "cannot connect to the database" })

/** The JSON of an error. Members without a value are absent. */
export const toJson = ({ context, detail, hint, message }: ApiError): string =>
  JSON.stringify({
    error: [message],
    context: context === "" ? undefined : context,
    detail: detail === "" ? undefined : detail,
    hint: hint === "" ? undefined : hint
  })
