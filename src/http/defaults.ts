/** Limits of calls whose layer and options give none. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ResponseTooLarge } from "../errors/Call.ts"

/** The most bytes of a response that is read as a whole. */
export const maxBodySize = 256e6

/** The deadline of a call to the Auth API, or about a batch job. */
export const callTimeout = "30 seconds"

/** The deadline of a statement. */
export const sqlTimeout = "60 seconds"

/** How long a stream may go without data. */
export const stallTimeout = "5 minutes"

/** Fails with `ResponseTooLarge` once more than `limit` bytes have come. */
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
