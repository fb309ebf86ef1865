import * as Command from "effect/cli/Command"
import { copyFrom } from "./copyFrom.ts"
import { copyTo } from "./copyTo.ts"

/** `effect-carto copy` */
export const copy = Command.make("copy").pipe(
  Command.withDescription("Move data in and out: CSV, TSV, COPY text, GeoJSON, NDJSON"),
  Command.withSubcommands([copyFrom, copyTo])
)
