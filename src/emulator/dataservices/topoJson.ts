/** Decodes the polygons of a TopoJSON topology. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** A position: longitude and latitude. */
export type Position = readonly [x: number, y: number]
/** A closed ring of positions. */
export type Ring = ReadonlyArray<Position>
/** A polygon: its outer ring, then its holes. */
export type Polygon = ReadonlyArray<Ring>

/** A feature of a topology. */
export interface Feature {
  readonly id: string | undefined
  readonly name: string
  readonly polygons: ReadonlyArray<Polygon>
}

const Pair = Schema.Tuple([Schema.Finite, Schema.Finite])
const properties = { id: Schema.optional(Schema.String), properties: Schema.Struct({ name: Schema.String }) }
const Rings = Schema.Array(Schema.Array(Schema.Finite))
const Topology = Schema.Struct({
  transform: Schema.Struct({ scale: Pair, translate: Pair }),
  arcs: Schema.Array(Schema.Array(Pair)),
  objects: Schema.Struct({
    countries: Schema.Struct({
      geometries: Schema.Array(
        Schema.Union([
          Schema.Struct({ type: Schema.Literal("Polygon"), arcs: Rings, ...properties }),
          Schema.Struct({ type: Schema.Literal("MultiPolygon"), arcs: Schema.Array(Rings), ...properties })
        ])
      )
    })
  })
})
type Topology = typeof Topology.Type

const parse = Schema.decodeUnknownEffect(Schema.fromJsonString(Topology))

// Each position of an arc is an offset from the previous position, in units of the transform.
const decodeArc = ({ scale, translate }: Topology["transform"], steps: Topology["arcs"][number]): Ring => {
  let [x, y] = [0, 0]
  return steps.map(([dx, dy]) => {
    x += dx
    y += dy
    return [x * scale[0] + translate[0], y * scale[1] + translate[1]]
  })
}

// A negative number is the bitwise complement of an arc's number and reverses the arc. Every arc except the first
// begins with the last position of the previous arc.
const ring = (arcs: ReadonlyArray<Ring>, numbers: ReadonlyArray<number>): Ring =>
  numbers.flatMap((number, index) => {
    const arc = number < 0 ? (arcs[~number]?.toReversed() ?? []) : (arcs[number] ?? [])
    return index === 0 ? arc : arc.slice(1)
  })

/** Reads the countries of a world atlas. */
export const countries = (json: string): Effect.Effect<ReadonlyArray<Feature>, Schema.SchemaError> =>
  Effect.map(parse(json), ({ arcs: encoded, objects, transform }) => {
    const arcs = encoded.map((steps) => decodeArc(transform, steps))
    return objects.countries.geometries.map((geometry) => ({
      id: geometry.id,
      name: geometry.properties.name,
      polygons: (geometry.type === "Polygon" ? [geometry.arcs] : geometry.arcs).map((rings) =>
        rings.map((numbers) => ring(arcs, numbers))
      )
    }))
  })
