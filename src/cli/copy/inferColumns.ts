/** Types of columns, from the first rows of a file. */

/** PostgreSQL types that are inferred, from the narrowest on. */
type Type =
  | "bigint"
  | "boolean"
  | "date"
  | "double precision"
  | "geometry(Geometry,3857)"
  | "geometry(Geometry,4326)"
  | "jsonb"
  | "text"
  | "timestamptz"

export interface InferredColumn {
  readonly name: string
  readonly type: Type
}

const patterns: ReadonlyArray<readonly [Type, RegExp]> = [
  ["boolean", /^(?:true|false|t|f)$/i],
  ["bigint", /^-?(?:0|[1-9]\d{0,17})$/],
  ["double precision", /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?(?:e[+-]?\d{1,3})?$/i],
  ["date", /^\d{4}-\d\d-\d\d$/],
  // EWKB in hexadecimal, as COPY writes geometries: the byte order, the type with the flag of an SRID, the SRID
  ["geometry(Geometry,4326)", /^01[0-9a-f]{6}[26ae]0e6100000(?:[0-9a-f]{2})+$/i],
  ["geometry(Geometry,3857)", /^01[0-9a-f]{6}[26ae]0110f0000(?:[0-9a-f]{2})+$/i],
  ["timestamptz", /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?$/]
]

const ofText = (text: string): ReadonlySet<Type> =>
  new Set([...patterns.filter(([, pattern]) => pattern.test(text)).map(([type]) => type), "text"])

const ofValue = (name: string, value: unknown): ReadonlySet<Type> => {
  switch (typeof value) {
    case "boolean":
      return new Set<Type>(["boolean", "text"])
    case "number":
      return Number.isSafeInteger(value)
        ? new Set<Type>(["bigint", "double precision", "text"])
        : new Set<Type>(["double precision", "text"])
    case "string":
      return ofText(value)
    default:
      return name === "the_geom" ? new Set<Type>(["geometry(Geometry,4326)"]) : new Set<Type>(["jsonb"])
  }
}

const order: ReadonlyArray<Type> = [
  "boolean",
  "bigint",
  "double precision",
  "date",
  "timestamptz",
  "geometry(Geometry,4326)",
  "geometry(Geometry,3857)",
  "jsonb",
  "text"
]

/** The narrowest type that every value of a column has. Empty texts of CSV and `null` are NULL and say nothing. */
export const inferColumns = (
  names: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<unknown>>
): ReadonlyArray<InferredColumn> =>
  names.map((name, index) => {
    let possible: ReadonlySet<Type> | undefined
    for (const row of rows) {
      const value = row[index]
      if (value === null || value === undefined || value === "") continue
      const types = ofValue(name, value)
      possible = possible === undefined ? types : new Set([...possible].filter((type) => types.has(type)))
    }
    return { name, type: order.find((type) => possible?.has(type)) ?? "text" }
  })
