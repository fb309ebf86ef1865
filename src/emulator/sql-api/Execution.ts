/** A text at work under its key's role: what PostgreSQL says of it, up to the first row and from there on. */
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConnectionError, Database, Login, Message } from "../Database.ts"
import { type ApiError, cannotConnect, fromReport } from "./ApiError.ts"
import type { SpatialTypes } from "./Fields.ts"
import type { QueryParameters } from "./QueryParameters.ts"

/** A query that has passed every check. */
export interface Execution {
  readonly database: Database
  readonly login: Login
  readonly parameters: QueryParameters
  readonly spatial: SpatialTypes
  /** Milliseconds since 1970. */
  readonly startedAt: number
  /** Milliseconds for the formats that are made whole before they are sent. */
  readonly exportTimeout: number
}

/** What `response` sends: bytes that are there, or a stream that goes on after the status is sent. */
export type Body = Uint8Array | Stream.Stream<Uint8Array>

type Chunk = ReadonlyArray<Message>

/**
 * Runs a text until its first row, or its end if it has none. A failure before that is an error; one after it is
 * among the messages, since the status of the answer is then out.
 */
export const start: (
  messages: Stream.Stream<Message, ConnectionError>
) => Effect.Effect<Stream.Stream<Chunk, ConnectionError>, ApiError, Scope.Scope> = Effect.fnUntraced(
  function* (messages) {
    const pull = yield* Stream.toPull(messages)
    const head: Array<Message> = []
    let ended = false
    while (!ended && !head.some(({ _tag }) => _tag === "Row" || _tag === "CopyData")) {
      const chunk = yield* pull.pipe(
        Effect.mapError((error) => (error._tag === "ConnectionError" ? cannotConnect() : error)),
        Pull.catchDone(() => Effect.succeed(undefined))
      )
      if (chunk === undefined) ended = true
      else head.push(...chunk)
      const first = head.find(({ _tag }) => _tag === "Row" || _tag === "CopyData" || _tag === "Failure")
      if (first?._tag === "Failure") return yield* fromReport(first.report)
    }
    const rest = ended ? Stream.empty : Stream.chunks(Stream.fromPull(Effect.succeed(pull)))
    return Stream.concat(Stream.succeed<Chunk>(head), rest)
  }
)

/** Runs a text to its end. Any failure is an error. */
export const collect: (
  messages: Stream.Stream<Message, ConnectionError>
) => Effect.Effect<ReadonlyArray<Message>, ApiError> = Effect.fnUntraced(function* (messages) {
  const all = yield* Effect.mapError(Stream.runCollect(messages), cannotConnect)
  for (const message of all) if (message._tag === "Failure") return yield* fromReport(message.report)
  return all
})
