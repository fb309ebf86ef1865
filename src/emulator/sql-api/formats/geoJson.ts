/** `format=geojson`: the rows as features with the geometry of the column `the_geom`. */
import * as Effect from "effect/Effect"
import type { Message } from "../../database.ts"
import { fromReport } from "../apiError.ts"
import { type Execution, isRow, start } from "../query/execution.ts"
import type { AnswerWriter } from "../rows/jsonResponse.ts"
import { paged } from "../query/paging.ts"
import { readNothing, type RowReader, rowReader } from "../rows/rowReader.ts"
import { type Format, streamed } from "./format.ts"

/** Returns the query whose column `the_geom` is GeoJSON text. */
export const geojsonQuery = ({ parameters }: Execution): string =>
  `SELECT *, ST_AsGeoJSON("the_geom", ${parameters.decimals}) AS the_geom FROM (${paged(parameters.sql, parameters.paging)}) AS foo`

/** Geometry columns, which are not properties. */
export const geometryColumns: ReadonlyArray<string> = ["the_geom", "the_geom_webmercator"]

const make = (skip: ReadonlySet<string>): AnswerWriter => {
  const hidden = new Set([...skip, ...geometryColumns])
  // A skipped geometry is printed as JavaScript's `undefined`, which is not valid JSON. The real server does the same.
  const isGeometrySkipped = skip.has("the_geom")
  let read: RowReader = readNothing
  let geometryIndex = -1
  let separator = `{"type": "FeatureCollection", "features": [`
  let error: string | undefined

  const handle = (message: Message): string => {
    if (message._tag === "Columns") {
      read = rowReader(message.columns, hidden, "null")
      geometryIndex = message.columns.findLastIndex(({ name }) => name === "the_geom")
    }
    if (message._tag === "Failure") error = fromReport(message.report).message
    if (message._tag !== "Row") return ""
    const geometry = isGeometrySkipped ? "undefined" : (message.values[geometryIndex] ?? "null")
    const feature = `{"type":"Feature","geometry":${geometry},"properties":${JSON.stringify(read(message.values))}}`
    const text = separator + feature
    separator = ","
    return text
  }
  return {
    write: (messages) => messages.map(handle).join(""),
    fail: (message) => {
      error = message
    },
    end: () =>
      (separator === "," ? "" : separator) + (error === undefined ? "]}" : `],"error":${JSON.stringify([error])}}`)
  }
}

/** The format `geojson`. */
export const geojson: Format = {
  extension: "geojson",
  contentType: "application/json; charset=utf-8",
  jsonp: true,
  run: Effect.fnUntraced(function* (execution) {
    const { database, login, parameters } = execution
    const { messages } = yield* start(database.run({ login, sql: geojsonQuery(execution) }), isRow)
    return streamed(messages, make(parameters.skipFields), execution)
  })
}
