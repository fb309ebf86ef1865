/** PostGIS's binary geometries as hex text, which is how the SQL API sends them. */

/** What the first bytes of a geometry say about it. */
export interface EwkbHeader {
  /** The name of the type, such as `Point`. */
  readonly type: string
  /** The identifier of the reference system, if the geometry has one. */
  readonly srid?: number
  /** Whether its positions have an altitude. */
  readonly hasZ: boolean
  /** Whether its positions have a measure. */
  readonly hasM: boolean
}

const types: ReadonlyArray<string | undefined> = [
  undefined,
  "Point",
  "LineString",
  "Polygon",
  "MultiPoint",
  "MultiLineString",
  "MultiPolygon",
  "GeometryCollection",
  "CircularString",
  "CompoundCurve",
  "CurvePolygon",
  "MultiCurve",
  "MultiSurface",
  undefined,
  undefined,
  "PolyhedralSurface",
  "Tin",
  "Triangle"
]

const withZ = 0x80000000
const withM = 0x40000000
const withSrid = 0x20000000

/** The byte order, the type, and the reference system where the type says so. */
const headerDigits = 18

/** Reads the header; `undefined` if the text is not hex that begins as a geometry does. */
export const readHeader = (text: string): EwkbHeader | undefined => {
  if (!/^0[01]/.test(text) || text.length < 10 || text.length % 2 !== 0 || /[^0-9a-f]/i.test(text)) return undefined
  const bytes = Uint8Array.from(text.slice(0, headerDigits).match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
  const view = new DataView(bytes.buffer)
  const littleEndian = bytes[0] === 1
  const word = view.getUint32(1, littleEndian)
  const type = types[word & 0x1fffffff]
  const hasSrid = (word & withSrid) !== 0
  if (type === undefined || (hasSrid && bytes.length < 9)) return undefined
  return {
    type,
    ...(hasSrid ? { srid: view.getInt32(5, littleEndian) } : {}),
    hasZ: (word & withZ) !== 0,
    hasM: (word & withM) !== 0
  }
}
