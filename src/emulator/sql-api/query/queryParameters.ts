/** The parameters of a request to `/sql`. */
import { basename, extname } from "node:path"
import * as Effect from "effect/Effect"
import { type ApiError, badRequest } from "../apiError.ts"
import type { Paging } from "./paging.ts"
import { type Parameters, text } from "../parameters.ts"

/** The parameters of `/sql` after validation. */
export interface QueryParameters {
  readonly sql: string
  readonly format: string
  readonly filename: string
  /** Whether the response is a file to save, because the request has a format or a file name. */
  readonly attachment: boolean
  readonly paging: Paging
  readonly skipFields: ReadonlySet<string>
  /** Number of decimals of coordinates, as text for the SQL. */
  readonly decimals: string
  readonly callback: string | undefined
  readonly persist: boolean
}

/** Returns the last of repeated formats unchanged, or a single format in lower case. */
const format = (value: unknown): string => {
  if (value === undefined || value === "") return "json"
  return Array.isArray(value) ? String(value.at(-1)) : typeof value === "string" ? value.toLowerCase() : "undefined"
}

/** Converts a value to text as a JavaScript template does; `undefined` for a falsy value. */
const interpolated = (value: unknown): string | undefined => (value ? String(value) : undefined)

/** The message of Node's path functions for a value that is not text. */
const notText = (value: unknown): string => {
  if (value === null) return "null"
  if (typeof value === "object") return `an instance of ${Array.isArray(value) ? "Array" : "Object"}`
  return `type ${typeof value} (${String(value)})`
}

/**
 * Returns a file's base name without folder and extension. Characters that a header or a layer name cannot hold are
 * replaced.
 */
export const sanitizeFilename = (name: string): string => basename(name, extname(name)).replace(/[;()[\]<>'"\s]/g, "_")

const integer = (value: unknown): number | undefined => {
  const parsed = Number.parseInt(String(value), 10)
  return Number.isNaN(parsed) ? undefined : parsed
}

const paging = (parameters: Parameters): Paging => {
  const limit = integer(parameters["rows_per_page"])
  const page = integer(parameters["page"])
  return {
    ...(limit === undefined || page === undefined ? {} : { limit, offset: page * limit }),
    orderBy: text(parameters, "order_by"),
    sortOrder: parameters["sort_order"]
  }
}

const skipFields = (value: unknown): ReadonlySet<string> =>
  new Set((Array.isArray(value) ? value : [value]).flatMap((list) => (typeof list === "string" ? list.split(",") : [])))

/** Reads the parameters of `/sql`. `formats` holds the names of the available formats. */
export const parse: (parameters: Parameters, formats: ReadonlySet<string>) => Effect.Effect<QueryParameters, ApiError> =
  Effect.fnUntraced(function* (parameters, formats) {
    const sql = text(parameters, "q")
    if (sql === undefined) return yield* badRequest("You must indicate a sql query")
    const name = format(parameters["format"])
    if (!formats.has(name)) return yield* badRequest(`Invalid format: ${name}`)
    const filename = parameters["filename"] ?? ("filename" in parameters ? null : "")
    if (typeof filename !== "string") {
      return yield* badRequest(`The "path" argument must be of type string. Received ${notText(filename)}`)
    }
    return {
      sql,
      format: name,
      filename: filename === "" ? "cartodb-query" : sanitizeFilename(filename),
      attachment: filename !== "" || (parameters["format"] !== undefined && parameters["format"] !== ""),
      paging: paging(parameters),
      skipFields: skipFields(parameters["skipfields"]),
      decimals: interpolated(parameters["dp"]) ?? "6",
      callback: interpolated(parameters["callback"]),
      persist: parameters["cache_policy"] === "persist"
    }
  })
