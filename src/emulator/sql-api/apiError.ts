/** A refused request, as the SQL API answers it. */
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
export class ApiError extends ApiErrorBase {}

export const badRequest = (message: string): ApiError => new ApiError({ status: 400, message })

const timeoutMessage =
  "You are over platform's limits: SQL query timeout error. Refactor your query before running again or contact CARTO support for more details."

const isTimeout = (message: string): boolean =>
  message.includes("statement timeout") ||
  message.includes("canceling statement due to user request") ||
  message.includes("RuntimeError: Execution of function interrupted by signal")

type Said = Pick<Report, "message" | "detail" | "hint">

const fileOfServer = /^Only roles with privileges of the "(\w+)" role may (COPY .+)\.$/

/** How PGlite's sessions, which stand for logins, refuse a change of role. */
const changeOfRole = /^cannot set parameter "(role|session_authorization)" within security-definer function$/

/** How PostgreSQL says that there is no function, if the name is one that CARTO gives to its own. */
const missingFunction = /^function ((?:cartodb\.|cdb_dataservices_client\.)?_?(?:cdb|obs)_\w+)\(.*\) does not exist$/is

/** What PostgreSQL 15, on which the real server was measured, says where later ones say it otherwise. */
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
 * What PostgreSQL says, as an answer. The status comes from the text of the message, so what a user raises is caught
 * by it too.
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

/** No session: the role cannot log in, or PostgreSQL is gone. */
export const cannotConnect = (): ApiError => new ApiError({ status: 500, message: "cannot connect to the database" })

/** The JSON of an error; members without a value are absent. */
export const toJson = ({ context, detail, hint, message }: ApiError): string =>
  JSON.stringify({
    error: [message],
    context: context === "" ? undefined : context,
    detail: detail === "" ? undefined : detail,
    hint: hint === "" ? undefined : hint
  })
