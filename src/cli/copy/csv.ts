/** The first records of CSV text, for its header and for the types of its columns. */
import * as Effect from "effect/Effect"
import * as Csv from "effect/encoding/Csv"
import * as Stream from "effect/Stream"
import { failed } from "../failure.ts"

/** How much of a file is looked at. */
export const sampleSize = 1 << 20

/** The records in a text that may be cut anywhere: the last one, which may be cut, is left out if `cut`. */
export const sampleRecords = Effect.fnUntraced(function* (text: string, delimiter: string, cut: boolean) {
  // a cut inside of quotes is an error of the decoder: what came before counts
  const records: Array<ReadonlyArray<string>> = []
  yield* Stream.make(text).pipe(
    Stream.pipeThroughChannel(Csv.decodeString({ delimiter })),
    Stream.runForEach((record) => Effect.sync(() => void records.push(record))),
    Effect.catchTag("CsvError", (error) =>
      records.length > 0 ? Effect.void : Effect.fail(failed(`the file is not CSV: ${error.message}`))
    )
  )
  return cut ? records.slice(0, -1) : records
})
