/** Results as files. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { CartoErrorOf } from "../../errors/CartoError.ts"
import type { DeadlineExceeded, TransportFailed } from "../../errors/Call.ts"
import { InvalidFormat, PartialResult, type StatementReason } from "../../errors/SqlApi.ts"
import { cartoError } from "../../errors/internal/cartoError.ts"
import { isStrings, parse } from "../../errors/internal/json.ts"
import { errorOf, readFailure, type ReadReason } from "./responses.ts"
import { classifyError } from "./classifyError.ts"
import type { Wire } from "../../http/client.ts"
import { unexpected } from "../../http/failures.ts"

export type ExportReason = InvalidFormat | ReadReason

/** Why the bytes of an export can end too early. */
export type ExportedReason = DeadlineExceeded | PartialResult | StatementReason | TransportFailed

interface Exported {
  readonly filename: string
  readonly contentType: string
  readonly bytes: Stream.Stream<Uint8Array, CartoErrorOf<ExportedReason>>
}

/** The end of GeoJSON that broke off: the features have ended, and an error follows them. Whole, it ends with a feature. */
const brokenGeoJson = /(?:\],"error":(\[".*))?"\]\}$/

/** Passes bytes on; fails at their end where they end with an error. The bytes of the error itself have gone out by then. */
const watchEnd = <E>(
  bytes: Stream.Stream<Uint8Array, E>,
  scrub: (text: string) => string
): Stream.Stream<Uint8Array, E | PartialResult> =>
  Stream.suspend(() => {
    const decoder = new TextDecoder()
    let end = ""
    const check = Effect.suspend(() => {
      const [broken, errors] = brokenGeoJson.exec(end) ?? []
      if (broken === undefined) return Effect.void
      const words = parse(`${errors}"]`)
      // the beginning of a long message is gone
      const description = isStrings(words) ? (words[0] ?? end) : end
      return Effect.fail(new PartialResult({ rows: [], failure: classifyError({ description: scrub(description) }) }))
    })
    return bytes.pipe(
      Stream.map((chunk) => {
        end = (end + decoder.decode(chunk.subarray(-8192), { stream: true })).slice(-8192)
        return chunk
      }),
      Stream.onEnd(check)
    )
  })

export const openExport = (
  wire: Wire,
  username: string,
  form: ReadonlyArray<readonly [string, string]>
): Effect.Effect<Exported, ExportReason> =>
  Effect.flatMap(
    wire.open({ method: "POST", api: "sql", path: "/api/v2/sql", form }),
    ({ bytes, headers, read, scrub, status }): Effect.Effect<Exported, ExportReason> => {
      const { "content-disposition": disposition = "", "content-type": type = "" } = headers
      if (status !== 200 || type.startsWith("text/html")) {
        return Effect.flatMap(read, (answer): Effect.Effect<never, ExportReason> => {
          if (status === 200) return Effect.fail(unexpected(answer, "a page in the place of a file"))
          const words = errorOf(answer)
          return status === 400 && words?.startsWith("Invalid format: ")
            ? Effect.fail(new InvalidFormat({ description: words }))
            : readFailure(answer, username)
        })
      }
      const isGeoJson = form.some(([, value]) => value === "geojson")
      return Effect.succeed({
        filename: /filename=([^;]+)/.exec(disposition)?.[1] ?? "cartodb-query",
        // the server says `undefined` of topojson
        contentType: type.includes("/") ? type : "application/octet-stream",
        bytes: Stream.mapError(isGeoJson ? watchEnd(bytes, scrub) : bytes, (reason) => cartoError("Sql.export", reason))
      })
    }
  )
