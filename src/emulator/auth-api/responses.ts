/** Responses of the Rails application. */
import type { JsonObject } from "../accounts/ruby/jsonSchema.ts"
import { text } from "./parameters.ts"
import type { Parameters } from "./parameters.ts"

const json = "application/json; charset=utf-8"

const respond = (status: number, body: string | null, contentType?: string): Response =>
  new Response(body, {
    status,
    headers: {
      "X-Frame-Options": "DENY",
      "X-Content-Type-Options": "nosniff",
      "X-XSS-Protection": "1; mode=block",
      ...(contentType === undefined ? {} : { "Content-Type": contentType })
    }
  })

/** A response without a body. */
export const empty = (status: number): Response =>
  respond(status, status === 204 ? null : "", status === 204 ? undefined : json)

/**
 * The response for an unknown account. The application's body is empty, so a header contains the requested username.
 */
export const unknownAccount = (username: string): Response => {
  const response = empty(401)
  const name = JSON.stringify(username).replace(/[^ -~]/g, "?")
  response.headers.set("X-Embedded-Carto", `there is no account ${name}`)
  return response
}

/** An error that the application reports. */
export const error = (status: number, errors: string): Response =>
  respond(status, JSON.stringify({ errors, errors_cause: null }), json)

const callbackForm = /^[$a-z_][0-9a-z_$]*$/i

/** A success, as JSON or as a JSONP callback. An invalid callback is only detected here, after the work is done. */
export const success = (status: number, body: JsonObject, parameters: Parameters): Response => {
  const callback = text(parameters, "callback")
  if (callback === undefined || callback.trim() === "") return respond(status, JSON.stringify(body), json)
  return callbackForm.test(callback)
    ? respond(status, `/**/${callback}(${JSON.stringify(body)})`, "text/javascript; charset=utf-8")
    : respond(400, JSON.stringify({ errors: { callback: "Invalid callback format" } }), json)
}

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  404: "Not Found",
  422: "Unprocessable Entity",
  500: "Internal Server Error"
}

/** An error on one of the application's routes that the application did not handle. */
export const unhandled = (status: 422 | 500): Response =>
  respond(status, JSON.stringify({ status: String(status), error: reasons[status] }), json)

const asksForJson = (request: Request): boolean =>
  (request.headers.get("accept") ?? "").split(";")[0]?.trim().toLowerCase() === "application/json"

/** An error before a route is found. A request that accepts only JSON gets JSON, and other requests get a page. */
export const unrouted = (status: 400 | 404, request: Request): Response => {
  const reason = reasons[status] ?? ""
  return asksForJson(request)
    ? respond(status, JSON.stringify({ status: String(status), error: reason }), json)
    : respond(
        status,
        `<!DOCTYPE html>\n<html>\n<head><title>${reason} (${status})</title></head>\n<body><h1>${reason}</h1></body>\n</html>\n`,
        "text/html; charset=utf-8"
      )
}
