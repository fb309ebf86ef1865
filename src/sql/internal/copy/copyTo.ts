/** The request of a COPY to the client. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { CopyTruncated } from "../../../errors/Copy.ts"
import { abortLate } from "./abortLate.ts"
import { withoutErrorTrailer } from "./errorTrailer.ts"
import type { CopyStatement } from "./statement.ts"
import { readFailure, type SqlApiReason } from "../responses.ts"
import type { Wire } from "../../../http/client.ts"

/** How long the response to an interrupted COPY is read before it is left. */
const leave = Duration.millis(1)

/** The reasons a COPY to the client fails with. */
export type CopyToReason = CopyTruncated | SqlApiReason

/** The data of a COPY, without an error that follows it: that fails the stream. */
export const copyTo = (
  wire: Wire,
  username: string,
  { binary, text }: CopyStatement
): Stream.Stream<Uint8Array, CopyToReason> =>
  abortLate(
    wire.open({ method: "POST", api: "sql", path: "/api/v2/sql/copyto", form: [["q", text]] }),
    undefined,
    // a stream that is begun and left closes its connection
    ({ bytes }) => Effect.raceFirst(Effect.ignore(Stream.runDrain(bytes)), Clock.Clock.defaultValue().sleep(leave))
  ).pipe(
    Effect.map((response): Stream.Stream<Uint8Array, CopyToReason> => {
      if (response.status !== 200) {
        return Stream.fromEffect(Effect.flatMap(response.read, (whole) => readFailure(whole, username)))
      }
      return withoutErrorTrailer(response.bytes, binary, response.scrub)
    }),
    Stream.unwrap
  )
