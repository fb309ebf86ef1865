/** `format=csv`: every value as PostgreSQL casts it to text, in the CSV layout of GDAL. */
import * as Effect from "effect/Effect"
import type { Message } from "../../database.ts"
import { ApiError } from "../apiError.ts"
import { collect, type Execution } from "../query/execution.ts"
import { paged } from "../query/paging.ts"
import { identifier } from "../../shared/quoting.ts"
import { bytesOf, type Format } from "./format.ts"

const cell = (value: string | null): string => {
  const text = value ?? ""
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

// In a file with one column, GDAL writes a comma for an empty line and after the header, so that readers recognize CSV.
const line = (cells: ReadonlyArray<string | null>): string =>
  `${cells.length === 1 && !cells[0] ? "," : cells.map(cell).join(",")}\r\n`

const header = (names: ReadonlyArray<string>): string =>
  names.length === 1 ? `${cell(names[0] ?? "")},\r\n` : line(names)

const columnNames = (messages: ReadonlyArray<Message>, skip: ReadonlySet<string>): ReadonlyArray<string> => {
  const columns = messages.findLast(({ _tag }) => _tag === "Columns")
  const names = columns?._tag === "Columns" ? columns.columns.map(({ name }) => name) : []
  const wanted = names.filter((name) => !skip.has(name))
  return [...wanted.filter((name) => name === "the_geom"), ...wanted.filter((name) => name !== "the_geom")]
}

// Once the export program runs, PostgreSQL's message is wrapped in the program's own message.
const exportFailed = (error: ApiError): ApiError =>
  error.status === 400
    ? new ApiError({ status: 400, message: `ogr2ogr command return code 1, Error: ERROR 1: ${error.message}\n` })
    : error

const run = Effect.fnUntraced(function* ({ database, exportTimeout, login, parameters }: Execution) {
  const source = `(${paged(parameters.sql, parameters.paging)}) AS _cartodbsqlapi`
  const described = yield* collect(database.run({ login, sql: `SELECT * FROM ${source} LIMIT 0` }))
  const names = columnNames(described, parameters.skipFields)
  const values = names.map((name) => `${identifier(name)}::text`).join(", ")
  const messages = yield* collect(
    database.run({ login, sql: `SELECT ${values} FROM ${source}`, statementTimeout: exportTimeout })
  ).pipe(Effect.mapError(exportFailed))
  return bytesOf(
    header(names) + messages.map((message) => (message._tag === "Row" ? line(message.values) : "")).join("")
  )
})

/** The format `csv`. */
export const csv: Format = {
  extension: "csv",
  contentType: "text/csv; charset=utf-8; header=present",
  jsonp: false,
  run
}
