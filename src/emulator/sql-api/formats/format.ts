/** What a format of `/sql` is. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConnectionError, Message } from "../../database.ts"
import type { ApiError } from "../apiError.ts"
import type { Body, Execution } from "../query/execution.ts"
import type { AnswerWriter } from "../rows/jsonResponse.ts"

export interface Format {
  readonly extension: string
  readonly contentType: string
  /** Whether a `callback` parameter wraps the answer. */
  readonly jsonp: boolean
  /** Runs the query. The body may go on within the scope after the first row. */
  readonly run: (execution: Execution) => Effect.Effect<Body, ApiError, Scope.Scope>
}

const encoder = new TextEncoder()

export const bytesOf = (text: string): Uint8Array => encoder.encode(text)

/** A streamed body: what a writer makes of a run's messages. A session that is lost on the way is an error in it. */
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
