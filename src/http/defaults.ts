/** What a call may take, where its layer says nothing else. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ResponseTooLarge } from "../errors/Call.ts"

/** Of answers that are read as a whole, in bytes. */
export const maxBodySize = 256e6

export const sqlTimeout = "60 seconds"

/** Fails once more than so many bytes have come. */
export const atMost =
  (limit: number) =>
  <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<Uint8Array, E | ResponseTooLarge> =>
    Stream.suspend(() => {
      let size = 0
      return Stream.transformPull(bytes, (pull) =>
        Effect.succeed(
          Effect.flatMap(pull, (chunks) => {
            for (const chunk of chunks) size += chunk.length
            return size > limit ? Effect.fail(new ResponseTooLarge({ limit })) : Effect.succeed(chunks)
          })
        )
      )
    })
