/** Makes a TopoJSON topology from GeoJSON geometries: quantized coordinates, and shared borders stored once. */

type Point = readonly [x: number, y: number]
type Line = ReadonlyArray<Point>

/** A GeoJSON geometry. */
export type Geometry =
  | { readonly type: "Point"; readonly coordinates: Point }
  | { readonly type: "MultiPoint" | "LineString"; readonly coordinates: Line }
  | { readonly type: "MultiLineString" | "Polygon"; readonly coordinates: ReadonlyArray<Line> }
  | { readonly type: "MultiPolygon"; readonly coordinates: ReadonlyArray<ReadonlyArray<Line>> }
  | { readonly type: "GeometryCollection"; readonly geometries: ReadonlyArray<Geometry> }

type ArcNumbers = ReadonlyArray<number>

/** A geometry of a topology, which refers to arcs. */
export type TopologyObject =
  | { readonly type: string; readonly coordinates: Point | Line }
  | {
      readonly type: string
      readonly arcs: ArcNumbers | ReadonlyArray<ArcNumbers> | ReadonlyArray<ReadonlyArray<ArcNumbers>>
    }
  | { readonly type: string; readonly geometries: ReadonlyArray<TopologyObject> }

/** A TopoJSON topology. */
export interface Topology {
  readonly scale: Point
  readonly translate: Point
  readonly objects: ReadonlyArray<TopologyObject>
  /** The first position of each arc, then the steps between positions. */
  readonly arcs: ReadonlyArray<Line>
}

const quantization = 10_000

const pointsOf = (geometry: Geometry): Line => {
  switch (geometry.type) {
    case "Point":
      return [geometry.coordinates]
    case "MultiPoint":
    case "LineString":
      return geometry.coordinates
    case "MultiLineString":
    case "Polygon":
      return geometry.coordinates.flat()
    case "MultiPolygon":
      return geometry.coordinates.flat(2)
    case "GeometryCollection":
      return geometry.geometries.flatMap(pointsOf)
  }
}

interface Quantizer {
  readonly scale: Point
  readonly translate: Point
  readonly point: (point: Point) => Point
  readonly line: (line: Line) => Line
}

const factor = (from: number, to: number): number => (to > from ? (quantization - 1) / (to - from) : 1)

const quantizer = (points: Line): Quantizer => {
  let [left, bottom, right, top] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const [x, y] of points) {
    left = Math.min(left, x)
    bottom = Math.min(bottom, y)
    right = Math.max(right, x)
    top = Math.max(top, y)
  }
  const [kx, ky] = [factor(left, right), factor(bottom, top)]
  const translate: Point = points.length === 0 ? [0, 0] : [left, bottom]
  const point = ([x, y]: Point): Point => [Math.trunc((x - translate[0]) * kx), Math.trunc((y - translate[1]) * ky)]
  return {
    scale: [1 / kx, 1 / ky],
    translate,
    point,
    line: (line) => line.map(point).filter((here, index, all) => index === 0 || keyOf(here) !== keyOf(all[index - 1]))
  }
}

const keyOf = (point: Point | undefined): string => (point === undefined ? "" : `${point[0]},${point[1]}`)

const area = (ring: Line): number =>
  ring.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = ring[(index + 1) % ring.length] ?? [x, y]
    return sum + (x * nextY - nextX * y)
  }, 0)

/** Returns the ring in clockwise or counterclockwise order. */
const oriented = (ring: Line, clockwise: boolean): Line => (area(ring) <= 0 === clockwise ? ring : ring.toReversed())

// Junctions are points where lines separate. Lines are cut there, so that each shared part is a separate arc.
const junctionsOf = (lines: ReadonlyArray<Line>, rings: ReadonlyArray<Line>): ReadonlySet<string> => {
  const neighbours = new Map<string, string>()
  const junctions = new Set<string>()
  const visit = (point: Point | undefined, before: Point | undefined, after: Point | undefined) => {
    const pair = [keyOf(before), keyOf(after)].toSorted().join(" ")
    const known = neighbours.get(keyOf(point))
    if (known === undefined) neighbours.set(keyOf(point), pair)
    else if (known !== pair) junctions.add(keyOf(point))
  }
  for (const line of lines) {
    for (const [index, point] of line.entries()) visit(point, line[index - 1], line[index + 1])
    junctions.add(keyOf(line[0])).add(keyOf(line.at(-1)))
  }
  for (const ring of rings) {
    const open = ring.slice(0, -1)
    for (const [index, point] of open.entries()) visit(point, open.at(index - 1), open[(index + 1) % open.length])
  }
  return junctions
}

const cut = (line: Line, junctions: ReadonlySet<string>): ReadonlyArray<Line> => {
  const parts: Array<Line> = []
  let start = 0
  for (let index = 1; index < line.length; index++) {
    if (index === line.length - 1 || junctions.has(keyOf(line[index]))) {
      parts.push(line.slice(start, index + 1))
      start = index
    }
  }
  return parts.length === 0 ? [line] : parts
}

const rotated = (ring: Line, junctions: ReadonlySet<string>): Line => {
  const start = ring.findIndex((point) => junctions.has(keyOf(point)))
  return start <= 0 ? ring : [...ring.slice(start, -1), ...ring.slice(0, start + 1)]
}

const steps = (arc: Line): Line =>
  arc.map(([x, y], index) => {
    const [beforeX, beforeY] = arc[index - 1] ?? [0, 0]
    return [x - beforeX, y - beforeY]
  })

/** Makes the topology of geometries. Exterior rings run clockwise. */
export const topology = (geometries: ReadonlyArray<Geometry>): Topology => {
  const { line: quantizeLine, point: quantizePoint, scale, translate } = quantizer(geometries.flatMap(pointsOf))
  const polygonRings = (polygon: ReadonlyArray<Line>) =>
    polygon.map((ring, index) => oriented(quantizeLine(ring), index === 0))

  const lines: Array<Line> = []
  const rings: Array<Line> = []
  const gather = (geometry: Geometry): void => {
    if (geometry.type === "LineString") lines.push(quantizeLine(geometry.coordinates))
    if (geometry.type === "MultiLineString") lines.push(...geometry.coordinates.map(quantizeLine))
    if (geometry.type === "Polygon") rings.push(...polygonRings(geometry.coordinates))
    if (geometry.type === "MultiPolygon") rings.push(...geometry.coordinates.flatMap(polygonRings))
    if (geometry.type === "GeometryCollection") geometry.geometries.forEach(gather)
  }
  geometries.forEach(gather)
  const junctions = junctionsOf(lines, rings)

  const arcs: Array<Line> = []
  const numbers = new Map<string, number>()
  const numberOf = (arc: Line): number => {
    const key = arc.map(keyOf).join(" ")
    const known = numbers.get(key)
    if (known !== undefined) return known
    const number = arcs.push(arc) - 1
    numbers.set(arc.toReversed().map(keyOf).join(" "), ~number)
    numbers.set(key, number)
    return number
  }
  const lineArcs = (line: Line): ArcNumbers => cut(quantizeLine(line), junctions).map(numberOf)
  const ringArcs = (ring: Line): ArcNumbers => cut(rotated(ring, junctions), junctions).map(numberOf)
  const polygonArcs = (polygon: ReadonlyArray<Line>) => polygonRings(polygon).map(ringArcs)

  const convert = (geometry: Geometry): TopologyObject => {
    switch (geometry.type) {
      case "Point":
        return { type: geometry.type, coordinates: quantizePoint(geometry.coordinates) }
      case "MultiPoint":
        return { type: geometry.type, coordinates: geometry.coordinates.map(quantizePoint) }
      case "LineString":
        return { type: geometry.type, arcs: lineArcs(geometry.coordinates) }
      case "MultiLineString":
        return { type: geometry.type, arcs: geometry.coordinates.map(lineArcs) }
      case "Polygon":
        return { type: geometry.type, arcs: polygonArcs(geometry.coordinates) }
      case "MultiPolygon":
        return { type: geometry.type, arcs: geometry.coordinates.map(polygonArcs) }
      case "GeometryCollection":
        return { type: geometry.type, geometries: geometry.geometries.map(convert) }
    }
  }
  const objects = geometries.map(convert)
  return { scale, translate, objects, arcs: arcs.map(steps) }
}
