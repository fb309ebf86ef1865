/** `format=json`, the default: rows, fields, counts and notices. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Message } from "../../database.ts"
import { isRow, start } from "../query/execution.ts"
import * as JsonAnswer from "../rows/jsonResponse.ts"
import { paged } from "../query/paging.ts"
import { type Format, streamed } from "./format.ts"

// The real server's driver has no data for a COPY … FROM STDIN. It ends the COPY with this message.
const withoutCopyData = <E>(messages: Stream.Stream<Message, E>): Stream.Stream<Message, E> =>
  Stream.suspend(() => {
    let copying = false
    return Stream.map(messages, (message) => {
      if (message._tag === "CopyIn") copying = true
      if (message._tag !== "Failure" || !copying) return message
      const report = { ...message.report, message: "COPY from stdin failed: No source stream defined" }
      return { ...message, report }
    })
  })

/** The format `json`. */
export const json: Format = {
  extension: "json",
  contentType: "application/json; charset=utf-8",
  jsonp: true,
  run: Effect.fnUntraced(function* (execution) {
    const { database, login, parameters, spatial } = execution
    const { messages } = yield* start(
      withoutCopyData(database.run({ login, sql: paged(parameters.sql, parameters.paging) })),
      isRow
    )
    return streamed(messages, JsonAnswer.make(spatial, parameters.skipFields), execution)
  })
}
