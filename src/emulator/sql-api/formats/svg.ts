/** `format=svg`: the geometries of a query, drawn on a canvas of 1024 × 768. */
import * as Effect from "effect/Effect"
import type { Message } from "../../database.ts"
import { type Execution, isRow, start } from "../query/execution.ts"
import { badRequest } from "../apiError.ts"
import type { AnswerWriter } from "../rows/jsonResponse.ts"
import { paged } from "../query/paging.ts"
import { type Format, streamed } from "./format.ts"

const width = 1024
const height = 768
const radius = 5
const strokeWidth = 1

// The drawing starts at the upper left corner of the geometries' extent, and is scaled to fit the canvas.
const query = ({ parameters }: Execution): string => `
WITH source AS ( ${paged(parameters.sql, parameters.paging)}),
extent AS (SELECT ST_Extent(the_geom) AS e FROM source),
corner AS (
  SELECT e, ST_XMin(e) AS x, ST_YMax(e) AS y, ST_XMax(e) - ST_XMin(e) AS w, ST_YMax(e) - ST_YMin(e) AS h FROM extent
),
scale AS (
  SELECT e, x, y, CASE
    WHEN h = 0 THEN ${width}.0 / coalesce(nullif(w, 0), ${width}.0)
    WHEN w / h >= ${width}.0 / ${height}.0 THEN ${width}.0 / w
    ELSE ${height}.0 / h
  END AS s
  FROM corner
)
SELECT
  ST_TransScale(e, -x, -y, s, s)::box2d AS box,
  ST_Dimension(the_geom) AS dimension,
  ST_AsSVG(ST_TransScale(the_geom, -x, -y, s, s), 0, ${parameters.decimals}) AS drawing
FROM scale, source
ORDER BY dimension ASC`

const element = (dimension: string | null | undefined, drawing: string): string => {
  if (dimension === "0") return `<circle r="${radius}" ${drawing} />\n`
  return dimension === "1" || dimension === "2" ? `<path d="${drawing}" />\n` : ""
}

const viewBox = (box: string | null | undefined): string => {
  const [left, bottom, right, top] =
    /BOX\(([^ ]*) ([^ ,]*),([^ ]*) ([^)]*)\)/
      .exec(box ?? "")
      ?.slice(1)
      .map(Number) ?? []
  if (left === undefined || bottom === undefined || right === undefined || top === undefined) return ""
  const margin = radius + strokeWidth
  return `viewBox="${left - margin} ${-(top + margin)} ${right - left + 2 * margin} ${top - bottom + 2 * margin}" `
}

const head = (box: string | null | undefined): string => `<?xml version="1.0" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg ${viewBox(box)}style="fill-opacity:0.5; stroke:black; stroke-width:${strokeWidth}; fill:none" xmlns="http://www.w3.org/2000/svg" version="1.1">
`

// A failure after the first row is not reported: the document just ends.
const make = (): AnswerWriter => {
  let opened = false
  const open = (box: string | null | undefined): string => {
    if (opened) return ""
    opened = true
    return head(box)
  }
  const handle = (message: Message): string => {
    if (message._tag !== "Row") return ""
    const [box, dimension, drawing] = message.values
    return drawing ? open(box) + element(dimension, drawing) : ""
  }
  return {
    write: (messages) => messages.map(handle).join(""),
    fail: () => undefined,
    end: () => `${open(undefined)}</svg>\n`
  }
}

/** The format `svg`. */
export const svg: Format = {
  extension: "svg",
  contentType: "image/svg+xml; charset=utf-8",
  jsonp: false,
  run: Effect.fnUntraced(function* (execution) {
    const { database, login, parameters } = execution
    if (parameters.skipFields.has("the_geom")) return yield* badRequest('column "the_geom" does not exist')
    const { messages } = yield* start(database.run({ login, sql: query(execution) }), isRow)
    return streamed(messages, make(), execution)
  })
}
