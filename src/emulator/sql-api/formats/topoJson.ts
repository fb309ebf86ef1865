/** `format=topojson`: the rows as objects of one topology. Rows without geometry are left out. */
import * as Effect from "effect/Effect"
import { collect } from "../query/execution.ts"
import { readNothing, type RowReader, rowReader } from "../rows/rowReader.ts"
import type { Json } from "../rows/json.ts"
import { bytesOf, type Format } from "./format.ts"
import { geojsonQuery, geometryColumns } from "./geoJson.ts"
import { type Geometry, topology } from "./topology.ts"

interface Feature {
  readonly geometry: Geometry
  readonly properties: Record<string, Json>
}

// For an empty list, the real server prints JavaScript's `undefined`, which is not valid JSON.
const arrayOf = (items: ReadonlyArray<string>): string => `[${items.length === 0 ? "undefined" : items.join(",")}]`

const print = (features: ReadonlyArray<Feature>): string => {
  const { arcs, objects, scale, translate } = topology(features.map(({ geometry }) => geometry))
  const members = objects.map(
    (object, index) => `"${index}":${JSON.stringify({ ...object, properties: features[index]?.properties })}`
  )
  const all = members.length === 0 ? `"undefined":undefined` : members.join(",")
  return `{"type":"Topology","transform":${JSON.stringify({ scale, translate })},"objects":{${all}},"arcs":${arrayOf(arcs.map((arc) => JSON.stringify(arc)))}}`
}

/** The format `topojson`. */
export const topojson: Format = {
  extension: "topojson",
  // The real server has no content type for this format, and sends this text.
  contentType: "undefined",
  jsonp: true,
  run: Effect.fnUntraced(function* (execution) {
    const { database, login, parameters } = execution
    const messages = yield* collect(
      database.run({ login, sql: `${geojsonQuery(execution)} WHERE the_geom IS NOT NULL` })
    )
    const hidden = new Set([...parameters.skipFields, ...geometryColumns])
    const features: Array<Feature> = []
    let read: RowReader = readNothing
    let geometryIndex = -1
    for (const message of messages) {
      if (message._tag === "Columns") {
        read = rowReader(message.columns, hidden, "null")
        geometryIndex = message.columns.findLastIndex(({ name }) => name === "the_geom")
      }
      if (message._tag === "Row") {
        const geometry: Geometry = JSON.parse(message.values[geometryIndex] ?? "null")
        features.push({ geometry, properties: read(message.values) })
      }
    }
    const text = print(features)
    return bytesOf(parameters.callback === undefined ? text : `${parameters.callback}(${text})`)
  })
}
