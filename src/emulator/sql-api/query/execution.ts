/** A text at work under its key's role: what PostgreSQL says of it, up to the first row and from there on. */
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
  /** Milliseconds for the formats that are made whole before they are sent; the role's own timeout when undefined. */
  readonly exportTimeout: number | undefined
}

/** What `response` sends: bytes that are there, or a stream that goes on after the status is sent. */
export type Body = Uint8Array | Stream.Stream<Uint8Array>

type Chunk = ReadonlyArray<Message>

export interface Started {
  /** What came up to the beginning of the answer. */
  readonly head: Chunk
  /** Everything, from the beginning on. */
  readonly messages: Stream.Stream<Chunk, ConnectionError>
}

/** Whether an answer begins with its first row. */
export const isRow = ({ _tag }: Message): boolean => _tag === "Row"

/**
 * Runs a text until its answer begins, which `begins` says of a message, or until its end. A failure before that is an
 * error; one after it is among the messages, since the status of the answer is then out.
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

/** Runs a text to its end. Any failure is an error. */
export const collect: (
  messages: Stream.Stream<Message, ConnectionError>
) => Effect.Effect<ReadonlyArray<Message>, ApiError> = Effect.fnUntraced(function* (messages) {
  const all = yield* Effect.mapError(Stream.runCollect(messages), cannotConnect)
  for (const message of all) if (message._tag === "Failure") return yield* fromReport(message.report)
  return all
})
