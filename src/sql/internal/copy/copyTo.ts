/** COPY out: data as it comes from the server. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { CopyTruncated } from "../../../errors/Copy.ts"
import { withoutTail } from "./errorTrailer.ts"
import type { CopyStatement } from "./statement.ts"
import { readFailure, type SqlApiReason } from "../responses.ts"
import type { Wire } from "../../../http/client.ts"

export type CopyToReason = CopyTruncated | SqlApiReason

export const copyTo = (
  wire: Wire,
  username: string,
  { binary, text }: CopyStatement
): Stream.Stream<Uint8Array, CopyToReason> =>
  wire.open({ method: "POST", api: "sql", path: "/api/v2/sql/copyto", form: [["q", text]] }).pipe(
    Effect.map((response): Stream.Stream<Uint8Array, CopyToReason> => {
      if (response.status !== 200) {
        return Stream.fromEffect(Effect.flatMap(response.read, (answer) => readFailure(answer, username)))
      }
      return withoutTail(response.bytes, binary, response.scrub)
    }),
    Stream.unwrap
  )
