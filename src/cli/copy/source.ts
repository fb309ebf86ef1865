/** The file, or stdin, that is copied from. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { failed } from "../failure.ts"
import type { Meter } from "../terminal/progress.ts"

export const formats = ["csv", "tsv", "text", "ndjson", "geojson"] as const
export type Format = (typeof formats)[number]

const endings: Readonly<Record<string, Format>> = {
  csv: "csv",
  tsv: "tsv",
  tab: "tsv",
  txt: "text",
  copy: "text",
  ndjson: "ndjson",
  jsonl: "ndjson",
  geojson: "geojson",
  json: "geojson"
}

/** The format that a file's name says, `.gz` left out. */
export const formatOf = (name: string): Format | undefined =>
  endings[name.toLowerCase().replace(/\.gz$/, "").split(".").at(-1) ?? ""]

export const isGzip = (name: string): boolean => name.toLowerCase().endsWith(".gz")

/** Size of a file in bytes; unknown for stdin. */
export const sizeOf = Effect.fnUntraced(function* (name: string) {
  if (name === "-") return undefined
  const files = yield* FileSystem.FileSystem
  const { size } = yield* Effect.mapError(files.stat(name), (error) =>
    failed(`${name} cannot be read: ${error.message}`)
  )
  return Number(size)
})

/** The bytes of a file or of stdin, decompressed. `meter` counts what is read. */
export const open = Effect.fnUntraced(function* (name: string, gzip: boolean, meter: Meter) {
  const files = yield* FileSystem.FileSystem
  const stdio = yield* Stdio.Stdio
  const cannot = (error: { readonly message: string }) =>
    failed(`${name === "-" ? "stdin" : name} cannot be read: ${error.message}`)
  const bytes = (name === "-" ? stdio.stdin : files.stream(name, { chunkSize: 1 << 16 })).pipe(
    Stream.mapError(cannot),
    Stream.tap((chunk) => Effect.sync(() => meter.bytes(chunk.length)))
  )
  if (!gzip) return bytes
  return Stream.fromReadableStream<Uint8Array, ReturnType<typeof failed>>({
    evaluate: () =>
      Stream.toReadableStream(Stream.map(bytes, (chunk) => new Uint8Array(chunk))).pipeThrough(
        new DecompressionStream("gzip")
      ),
    onError: (error) => cannot({ message: error instanceof Error ? error.message : String(error) })
  })
})
