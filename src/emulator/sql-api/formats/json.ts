/** `format=json`, the default: rows, fields, counts and notices. */
import * as Effect from "effect/Effect"
import { isRow, start } from "../Execution.ts"
import * as JsonAnswer from "../JsonAnswer.ts"
import { paged } from "../Paging.ts"
import { type Format, streamed } from "./Format.ts"

export const json: Format = {
  extension: "json",
  contentType: "application/json; charset=utf-8",
  jsonp: true,
  run: Effect.fnUntraced(function* (execution) {
    const { database, login, parameters, spatial } = execution
    const { messages } = yield* start(database.run({ login, sql: paged(parameters.sql, parameters.paging) }), isRow)
    return streamed(messages, JsonAnswer.make(spatial, parameters.skipFields), execution)
  })
}
