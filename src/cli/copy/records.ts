/** JSON objects of a file, one after the other. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { isObject, type JsonObject } from "../../errors/internal/json.ts"
import { type CliFailure, failed } from "../failure.ts"

const parse = (text: string, number: number): Effect.Effect<JsonObject, CliFailure> =>
  Effect.fromResult(
    Result.try({
      try: (): unknown => JSON.parse(text),
      catch: (error) =>
        failed(`record ${number} is not JSON: ${error instanceof Error ? error.message : String(error)}`)
    })
  ).pipe(Effect.filterOrFail(isObject, () => failed(`record ${number} is not a JSON object`)))

/** One object a line. */
export const ndjson = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<JsonObject, CliFailure | E, R> =>
  bytes.pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.filter((line) => line.trim() !== ""),
    Stream.zipWithIndex,
    Stream.mapEffect(([line, index]) => parse(line, index + 1))
  )

/** Cuts the text of a FeatureCollection into the texts of its features, in bounded memory. */
class FeatureSplitter {
  #depth = 0
  #inString = false
  #escaped = false
  /** Depth of the array `features`, once it has begun. */
  #array: number | undefined
  #key = ""
  #lastKey = ""
  #feature = ""
  #started = false

  push(text: string): ReadonlyArray<string> {
    const features: Array<string> = []
    let start = this.#started ? 0 : -1
    for (let index = 0; index < text.length; index += 1) {
      const char = text[index]
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (char === "\\") this.#escaped = true
        else if (char === '"') {
          this.#inString = false
          this.#lastKey = this.#key
        } else if (!this.#started && this.#key.length < 16) this.#key += char
        continue
      }
      if (char === '"') {
        this.#inString = true
        this.#key = ""
      } else if (char === "{" || char === "[") {
        if (char === "[" && this.#array === undefined && this.#depth === 1 && this.#lastKey === "features") {
          this.#array = 2
        } else if (char === "{" && this.#depth === this.#array) {
          this.#started = true
          start = index
        }
        this.#depth += 1
      } else if (char === "}" || char === "]") {
        this.#depth -= 1
        if (this.#started && this.#depth === this.#array) {
          features.push(this.#feature + text.slice(start, index + 1))
          this.#feature = ""
          this.#started = false
          start = -1
        }
        if (char === "]" && this.#array !== undefined && this.#depth === this.#array - 1) this.#array = -1
      }
    }
    if (this.#started) this.#feature += text.slice(start)
    return features
  }

  /** Whether the text has ended where a FeatureCollection may end. */
  get isComplete(): boolean {
    return this.#array === -1 && this.#depth === 0
  }
}

/** The features of a FeatureCollection as rows: their properties, and `the_geom` with the geometry as GeoJSON. */
export const features = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<JsonObject, CliFailure | E, R> =>
  Stream.suspend(() => {
    const splitter = new FeatureSplitter()
    const texts = Stream.decodeText(bytes).pipe(
      Stream.flatMap((text) => Stream.fromIterable(splitter.push(text))),
      Stream.zipWithIndex,
      Stream.mapEffect(([text, index]) => parse(text, index + 1)),
      Stream.map((feature): JsonObject => {
        const { geometry, properties } = feature
        return { the_geom: geometry ?? null, ...(isObject(properties) ? properties : {}) }
      })
    )
    const end = Stream.suspend(() =>
      splitter.isComplete ? Stream.empty : Stream.fail(failed("the file is not a whole GeoJSON FeatureCollection"))
    )
    return Stream.concat(texts, end)
  })
