/** Results as files. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { CartoErrorOf } from "../../errors/CartoError.ts"
import type { DeadlineExceeded, InvalidInput, TransportFailed } from "../../errors/Call.ts"
import { InvalidFormat, type PartialResult, type StatementReason } from "../../errors/SqlApi.ts"
import { cartoError } from "../../errors/internal/cartoError.ts"
import { refuse } from "../../errors/internal/invalidInput.ts"
import type { Wire } from "../../http/client.ts"
import { unexpected } from "../../http/failures.ts"
import type { WireResponse } from "../../http/response.ts"
import type { Statement } from "../Statement.ts"
import { classifyError } from "./classifyError.ts"
import { describeExportFailure } from "./exportFailure.ts"
import { type ExportFormat, formatNames, formatOf, isFormat } from "./formats.ts"
import { failOnTrailingError } from "./geoJsonEnd.ts"
import { type Parameter, type QueryOptions, readQueryOptions } from "./queryOptions.ts"
import { errorOf, readFailure, type ReadReason } from "./responses.ts"

/** The reasons an export fails with before its first byte. */
export type ExportReason = InvalidFormat | ReadReason

/** The reasons the bytes of an export can end early. */
export type ExportedReason = DeadlineExceeded | PartialResult | StatementReason | TransportFailed

/** Options of an export. */
export interface ExportOptions extends QueryOptions {
  /** The format of the file. */
  readonly format: ExportFormat
  /** The name of the file, without directory and extension. @default "cartodb-query" */
  readonly filename?: string | undefined
  /** Decimals of coordinates in geojson, topojson and svg, from 0 to 15. @default 6 */
  readonly dp?: number | undefined
  /**
   * How long the response may take to begin. The server makes csv, gpkg, kml, shp and spatialite before it responds.
   *
   * @default the timeout of the account's layer, or else 5 minutes
   */
  readonly timeout?: Duration.Input | undefined
}

/** A result as a file. */
export interface Exported {
  /** The name the server gives the file: `cartodb-query.csv`. */
  readonly filename: string
  /** The media type, as the server gives it. */
  readonly contentType: string
  /** The content. Fails if the server stops early. */
  readonly bytes: Stream.Stream<Uint8Array, CartoErrorOf<ExportedReason>>
}

const geometryColumn = "the_geom"

interface ExportRequest {
  readonly format: ExportFormat
  readonly form: ReadonlyArray<Parameter>
  readonly timeout?: Duration.Input | undefined
}

/** The request of an export. */
export const readExport = (
  statement: Statement,
  options: ExportOptions | undefined
): Result.Result<ExportRequest, InvalidInput> => {
  const { dp, filename, format, skipFields, timeout }: Partial<ExportOptions> = options ?? {}
  if (!isFormat(format)) return refuse("format", format, `use one of ${formatNames.join(", ")}`)
  if (dp !== undefined && !(Number.isInteger(dp) && dp >= 0 && dp <= 15)) {
    return refuse("dp", dp, "give a whole number from 0 to 15")
  }
  if (filename !== undefined && (typeof filename !== "string" || filename.trim() === "")) {
    return refuse("filename", filename, "give a name, without directory and extension")
  }
  if (formatOf(format).needsGeometry && skipFields?.includes(geometryColumn)) {
    return refuse("skipFields", skipFields, `${format} shows the column ${geometryColumn}; do not leave it out`)
  }
  return Result.map(readQueryOptions(statement, { ...options }, true), (parameters) => ({
    format,
    form: [
      ...parameters,
      ["format", format],
      ...(dp === undefined ? [] : [["dp", String(dp)] as const]),
      ...(filename === undefined ? [] : [["filename", filename] as const])
    ],
    ...(timeout === undefined ? {} : { timeout })
  }))
}

const readExportFailure = (response: WireResponse, username: string): Effect.Effect<never, ExportReason> => {
  if (response.status === 200) return Effect.fail(unexpected(response, "a page instead of a file"))
  const message = response.status === 400 ? (errorOf(response) ?? "") : ""
  if (message.startsWith("Invalid format: ")) return Effect.fail(new InvalidFormat({ description: message }))
  const failure = describeExportFailure(message)
  return failure === undefined ? readFailure(response, username) : Effect.fail(classifyError(failure))
}

/** Requests a file. */
export const openExport = (
  wire: Wire,
  username: string,
  { form, format, timeout }: ExportRequest
): Effect.Effect<Exported, ExportReason> =>
  Effect.flatMap(
    wire.open({ method: "POST", api: "sql", path: "/api/v2/sql", form, timeout }),
    ({ bytes, headers, read, scrub, status }): Effect.Effect<Exported, ExportReason> => {
      const { "content-disposition": disposition = "", "content-type": type = "" } = headers
      if (status !== 200 || type.startsWith("text/html")) {
        return Effect.flatMap(read, (response) => readExportFailure(response, username))
      }
      const { extension = format, mediaType } = formatOf(format)
      return Effect.succeed({
        filename: /filename=([^;]+)/.exec(disposition)?.[1] ?? `cartodb-query.${extension}`,
        // the server says `undefined` of topojson
        contentType: type.includes("/") ? type : mediaType,
        bytes: Stream.mapError(format === "geojson" ? failOnTrailingError(bytes, scrub) : bytes, (reason) =>
          cartoError("Sql.export", reason)
        )
      })
    }
  )
