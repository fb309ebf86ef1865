/** What a request to `/sql` asks for. */
import { basename, extname } from "node:path"
import * as Effect from "effect/Effect"
import { type ApiError, badRequest } from "../apiError.ts"
import type { Paging } from "./paging.ts"
import { type Parameters, text } from "../parameters.ts"

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

/** The last of repeated formats, as it is; a single one in lower case. */
const format = (value: unknown): string => {
  if (value === undefined || value === "") return "json"
  return Array.isArray(value) ? String(value.at(-1)) : typeof value === "string" ? value.toLowerCase() : "undefined"
}

/** A value as JavaScript puts it into a text; nothing where it takes it for none. */
const interpolated = (value: unknown): string | undefined => (value ? String(value) : undefined)

/** What Node's functions of paths say of a value that is no text. */
const notText = (value: unknown): string => {
  if (value === null) return "null"
  if (typeof value === "object") return `an instance of ${Array.isArray(value) ? "Array" : "Object"}`
  return `type ${typeof value} (${String(value)})`
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
    sortOrder: parameters["sort_order"]
  }
}

const skipFields = (value: unknown): ReadonlySet<string> =>
  new Set((Array.isArray(value) ? value : [value]).flatMap((list) => (typeof list === "string" ? list.split(",") : [])))

/** Reads the parameters of `/sql`. Names in `formats` are the formats that there are. */
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
