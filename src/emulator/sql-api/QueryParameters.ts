/** What a request to `/sql` asks for. */
import { basename, extname } from "node:path"
import * as Effect from "effect/Effect"
import { type ApiError, badRequest } from "./ApiError.ts"
import type { Paging } from "./Paging.ts"
import { type Parameters, text } from "./Parameters.ts"

export interface QueryParameters {
  readonly sql: string
  readonly format: string
  readonly filename: string
  /** Whether the answer is a file to save: a format or a file name was asked for. */
  readonly attachment: boolean
  readonly paging: Paging
  readonly skipFields: ReadonlySet<string>
  /** Decimals of coordinates, as text that goes into the SQL. */
  readonly decimals: string
  readonly callback: string | undefined
  readonly persist: boolean
}

const last = (value: unknown): unknown => (Array.isArray(value) ? value.at(-1) : value)

const format = (parameters: Parameters): string => {
  const value = last(parameters["format"])
  return typeof value === "string" && value !== "" ? value.toLowerCase() : "json"
}

/** A file's base name without folder and extension, and without what a header or a layer's name cannot hold. */
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
    sortOrder: text(parameters, "sort_order")
  }
}

const skipFields = (value: unknown): ReadonlySet<string> =>
  new Set((Array.isArray(value) ? value : [value]).flatMap((list) => (typeof list === "string" ? list.split(",") : [])))

/** Reads the parameters of `/sql`. Names in `formats` are the formats that there are. */
export const parse: (parameters: Parameters, formats: ReadonlySet<string>) => Effect.Effect<QueryParameters, ApiError> =
  Effect.fnUntraced(function* (parameters, formats) {
    const sql = text(parameters, "q")
    if (sql === undefined) return yield* badRequest("You must indicate a sql query")
    const name = format(parameters)
    if (!formats.has(name)) return yield* badRequest(`Invalid format: ${name}`)
    if (Array.isArray(parameters["filename"])) {
      return yield* badRequest(`The "path" argument must be of type string. Received an instance of Array`)
    }
    if (Array.isArray(parameters["sort_order"]) && text(parameters, "order_by") !== undefined) {
      return yield* badRequest("sortOrder.toUpperCase is not a function")
    }
    const filename = text(parameters, "filename") ?? ""
    const decimals = last(parameters["dp"])
    const callback = last(parameters["callback"])
    return {
      sql,
      format: name,
      filename: filename === "" ? "cartodb-query" : sanitizeFilename(filename),
      attachment: filename !== "" || (parameters["format"] !== undefined && parameters["format"] !== ""),
      paging: paging(parameters),
      skipFields: skipFields(parameters["skipfields"]),
      decimals: decimals === undefined || decimals === "" ? "6" : String(decimals),
      callback: typeof callback === "string" && callback !== "" ? callback : undefined,
      persist: parameters["cache_policy"] === "persist"
    }
  })
