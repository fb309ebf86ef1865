/** The execution of a text under the role of its key: the messages up to the first row, and the messages after it. */
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConnectionError, Database, Login, Message } from "../../database.ts"
import { type ApiError, cannotConnect, fromReport } from "../apiError.ts"
import type { SpatialTypes } from "../rows/fields.ts"
import type { QueryParameters } from "./queryParameters.ts"

/** A query that has passed every check. */
export interface Execution {
  readonly database: Database
  readonly login: Login
  readonly parameters: QueryParameters
  readonly spatial: SpatialTypes
  /** Milliseconds since 1970. */
  readonly startedAt: number
  /**
   * Timeout in milliseconds of the formats that are complete before they are sent. The role's own timeout applies if
   * this is `undefined`.
   */
  readonly exportTimeout: number | undefined
}

/** A body for `response`: complete bytes, or a stream that continues after the status is sent. */
export type Body = Uint8Array | Stream.Stream<Uint8Array>

type Chunk = ReadonlyArray<Message>

/** A text whose response has begun. */
export interface Started {
  /** Messages up to the beginning of the response. */
  readonly head: Chunk
  /** All messages, from the beginning. */
  readonly messages: Stream.Stream<Chunk, ConnectionError>
}

/** Reports whether a message is a row, with which most responses begin. */
export const isRow = ({ _tag }: Message): boolean => _tag === "Row"

/**
 * Runs a text until its response begins or the text ends. `begins` decides which message begins the response. An
 * earlier failure is an error. A later failure is one of the messages, because the status is already sent.
 */
export const start: (
  messages: Stream.Stream<Message, ConnectionError>,
  begins: (message: Message) => boolean
) => Effect.Effect<Started, ApiError, Scope.Scope> = Effect.fnUntraced(function* (messages, begins) {
  const pull = yield* Stream.toPull(messages)
  const head: Array<Message> = []
  let state: "waiting" | "begun" | "ended" = "waiting"
  while (state === "waiting") {
    const chunk = yield* pull.pipe(
      Effect.mapError((error) => (error._tag === "ConnectionError" ? cannotConnect() : error)),
      Pull.catchDone(() => Effect.undefined)
    )
    if (chunk === undefined) state = "ended"
    for (const message of chunk ?? []) {
      head.push(message)
      if (state === "begun") continue
      if (message._tag === "Failure") return yield* fromReport(message.report)
      if (begins(message)) state = "begun"
    }
  }
  const rest = state === "ended" ? Stream.empty : Stream.chunks(Stream.fromPull(Effect.succeed(pull)))
  return { head, messages: Stream.concat(Stream.succeed<Chunk>(head), rest) }
})

/** Runs a text to its end. Every failure is an error. */
export const collect: (
  messages: Stream.Stream<Message, ConnectionError>
) => Effect.Effect<ReadonlyArray<Message>, ApiError> = Effect.fnUntraced(function* (messages) {
  const all = yield* Effect.mapError(Stream.runCollect(messages), cannotConnect)
  for (const message of all) if (message._tag === "Failure") return yield* fromReport(message.report)
  return all
})
