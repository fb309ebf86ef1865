/** Encodes geometries in PostGIS's binary format, in hexadecimal as PostgreSQL prints it. */
import * as Hex from "effect/encoding/Hex"
import type { Polygon } from "./topoJson.ts"

const SRID_FLAG = 0x20000000
const POLYGON = 3
const MULTIPOLYGON = 6

/** Encodes a MULTIPOLYGON with an SRID, in little-endian byte order. */
export const multiPolygon = (polygons: ReadonlyArray<Polygon>, srid: number): string => {
  const size = polygons
    .flatMap((polygon) => [9, ...polygon.map((ring) => 4 + 16 * ring.length)])
    .reduce((total, part) => total + part, 13)
  const view = new DataView(new ArrayBuffer(size))
  let offset = 0
  const byteOrder = () => view.setUint8(offset++, 1)
  const integer = (value: number) => {
    view.setUint32(offset, value, true)
    offset += 4
  }
  const double = (value: number) => {
    view.setFloat64(offset, value, true)
    offset += 8
  }
  byteOrder()
  integer(MULTIPOLYGON | SRID_FLAG)
  integer(srid)
  integer(polygons.length)
  for (const polygon of polygons) {
    byteOrder()
    integer(POLYGON)
    integer(polygon.length)
    for (const ring of polygon) {
      integer(ring.length)
      for (const [x, y] of ring) {
        double(x)
        double(y)
      }
    }
  }
  return Hex.encode(new Uint8Array(view.buffer)).toUpperCase()
}
