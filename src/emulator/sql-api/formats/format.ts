/** The interface of a response format of `/sql`. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConnectionError, Message } from "../../database.ts"
import type { ApiError } from "../apiError.ts"
import type { Body, Execution } from "../query/execution.ts"
import type { AnswerWriter } from "../rows/jsonResponse.ts"

/** A response format of `/sql`. */
export interface Format {
  readonly extension: string
  readonly contentType: string
  /** Whether a `callback` parameter wraps the response. */
  readonly jsonp: boolean
  /** Runs the query. The body may continue within the scope after the first row. */
  readonly run: (execution: Execution) => Effect.Effect<Body, ApiError, Scope.Scope>
}

const encoder = new TextEncoder()

/** Encodes text as UTF-8. */
export const bytesOf = (text: string): Uint8Array => encoder.encode(text)

/** Streams the text that a writer makes from the messages of a run. The writer gets a lost session as an error. */
export const streamed = (
  messages: Stream.Stream<ReadonlyArray<Message>, ConnectionError>,
  writer: AnswerWriter,
  { parameters, startedAt }: Execution
): Stream.Stream<Uint8Array> => {
  const { callback } = parameters
  const [before, after] = callback === undefined ? ["", ""] : [`${callback}(`, ")"]
  const end = Effect.map(Clock.currentTimeMillis, (now) => writer.end(now - startedAt) + after)
  return Stream.succeed(before).pipe(
    Stream.concat(Stream.map(messages, writer.write)),
    Stream.catch(() =>
      Stream.sync(() => {
        writer.fail("Connection terminated")
        return ""
      })
    ),
    Stream.concat(Stream.fromEffect(end)),
    Stream.filter((text) => text !== ""),
    Stream.map(bytesOf)
  )
}
