/** `/sql/copyto` streams the output of a COPY … TO STDOUT. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Accounts } from "../../accounts/accounts.ts"
import type { ConnectionError, Message } from "../../database.ts"
import type { KeyStore } from "../../state/keyStore.ts"
import { type ApiError, badRequest, fromReport, toJson } from "../apiError.ts"
import { concatenate } from "../../shared/bytes.ts"
import * as CopyCommand from "./copyStatement.ts"
import * as Exchange from "../exchange.ts"
import { start } from "../query/execution.ts"
import { Preparation } from "../query/preparation.ts"
import * as Session from "../session.ts"

/** Bytes of data after which the status of the response is sent. */
const flushSize = 8192

const flushes = (): ((message: Message) => boolean) => {
  let size = 0
  return (message) => {
    if (message._tag === "CopyData") size += message.data.length
    return size >= flushSize
  }
}

const encoder = new TextEncoder()

// Sends the data of the first COPY only, in blocks of whole rows. If an error occurs later, its error body is appended
// to the data. The rows of the unfinished block are lost.
const body = (chunks: Stream.Stream<ReadonlyArray<Message>, ConnectionError>): Stream.Stream<Uint8Array> => {
  let block: Array<Uint8Array> = []
  let size = 0
  let ended = false
  const flush = (): ReadonlyArray<Uint8Array> => {
    const full = block
    block = []
    size = 0
    return full
  }
  const data = (message: Message): ReadonlyArray<Uint8Array> => {
    if (ended) return []
    switch (message._tag) {
      case "CopyData":
        block.push(message.data)
        size += message.data.length
        return size >= flushSize ? flush() : []
      case "Complete":
        ended = true
        return flush()
      case "Failure":
        ended = true
        return [encoder.encode(toJson(fromReport(message.report)))]
      default:
        return []
    }
  }
  return Stream.map(chunks, (chunk) => concatenate(chunk.flatMap(data))).pipe(
    Stream.catch(() => Stream.succeed(encoder.encode(toJson(badRequest("Connection terminated"))))),
    Stream.filter((bytes) => bytes.length > 0)
  )
}

const isData = (message: Message): boolean => message._tag === "CopyData"

/** Handles a request to `/sql/copyto`. */
export const handle: (
  exchange: Exchange.Exchange
) => Effect.Effect<Response, ApiError, KeyStore | Accounts | Preparation> = Effect.fnUntraced(function* (exchange) {
  const { account, identity, parameters } = yield* Session.open(exchange)
  const sql = yield* CopyCommand.statement(parameters)
  const database = yield* Session.database(account.username)
  const preparation = yield* Preparation
  yield* Session.prepared(preparation.prepare(database, sql))
  const filename = parameters["filename"] ? String(parameters["filename"]) : "carto-sql-copyto.dmp"
  exchange.headers.set("Content-Type", "application/octet-stream")
  exchange.headers.set("Content-Disposition", `attachment; filename=${encodeURIComponent(filename.toWellFormed())}`)
  return yield* Exchange.bodyResponse(
    exchange,
    Effect.gen(function* () {
      const messages = database.run({ login: identity.login, sql, statementTimeout: CopyCommand.copyTimeout })
      const started = yield* start(messages, flushes())
      return started.head.some(isData) ? body(started.messages) : new Uint8Array()
    })
  )
})
