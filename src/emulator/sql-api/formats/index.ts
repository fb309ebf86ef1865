/** The formats of `/sql` by name. */
import { arraybuffer } from "./arrayBuffer.ts"
import { csv } from "./csv.ts"
import type { Format } from "./format.ts"
import { gdalFormats } from "./gdal.ts"
import { geojson } from "./geoJson.ts"
import { json } from "./json.ts"
import { svg } from "./svg.ts"
import { topojson } from "./topoJson.ts"

/** The formats by name. */
export const formats: ReadonlyMap<string, Format> = new Map<string, Format>([
  ["json", json],
  ["geojson", geojson],
  ["csv", csv],
  ["svg", svg],
  ["topojson", topojson],
  ["arraybuffer", arraybuffer],
  ...gdalFormats
])
