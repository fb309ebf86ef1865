/** Results as files. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { CartoErrorOf } from "../CartoError.ts"
import type { DeadlineExceeded, TransportFailed } from "../reasons/Call.ts"
import { InvalidFormat, PartialResult, type StatementReason } from "../reasons/SqlApi.ts"
import { cartoError } from "./cartoError.ts"
import { parse } from "./json.ts"
import { errorOf, readFailure, type ReadReason } from "./sqlApi.ts"
import { statementReason } from "./statementReason.ts"
import { unexpected, type Wire } from "./wire.ts"

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
      const broken = brokenGeoJson.exec(end)
      if (broken === null) return Effect.void
      const errors = parse(`${broken[1]}"]`)
      // the beginning of a long message is gone
      const description = Array.isArray(errors) ? String(errors[0]) : end
      return Effect.fail(new PartialResult({ rows: [], failure: statementReason({ description: scrub(description) }) }))
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
    (response): Effect.Effect<Exported, ExportReason> => {
      const isGeoJson = form.some(([, value]) => value === "geojson")
      if (response.status !== 200) {
        return Effect.flatMap(response.read, (answer): Effect.Effect<never, ExportReason> => {
          const words = errorOf(answer)
          return response.status === 400 && words?.startsWith("Invalid format: ")
            ? Effect.fail(new InvalidFormat({ description: words }))
            : readFailure(answer, username)
        })
      }
      const { "content-type": type = "" } = response.headers
      // the server says `undefined` of topojson
      const contentType = type.includes("/") ? type : "application/octet-stream"
      if (type.startsWith("text/html")) {
        return Effect.flatMap(response.read, (answer) =>
          Effect.fail(unexpected(answer, "a page in the place of a file"))
        )
      }
      const { bytes, scrub } = response
      const name = /filename=([^;]+)/.exec(response.headers["content-disposition"] ?? "")
      return Effect.succeed({
        filename: name?.[1] ?? "cartodb-query",
        contentType,
        bytes: Stream.mapError(isGeoJson ? watchEnd(bytes, scrub) : bytes, (reason) => cartoError("Sql.export", reason))
      })
    }
  )
