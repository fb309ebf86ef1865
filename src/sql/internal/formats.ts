/** The formats of exports. */

/** A format of the SQL API. */
interface Format {
  readonly mediaType: string
  /** The extension of the file. @default the name of the format */
  readonly extension?: string
  /** Whether the format shows the column `the_geom`, and cannot do without. */
  readonly needsGeometry?: true
}

/** The name of a format. */
export type ExportFormat =
  | "arraybuffer"
  | "csv"
  | "geojson"
  | "gpkg"
  | "kml"
  | "shp"
  | "spatialite"
  | "svg"
  | "topojson"

const bytes = { mediaType: "application/octet-stream" }
const sqlite = "application/x-sqlite3"

const formats: Readonly<Record<ExportFormat, Format>> = {
  arraybuffer: bytes,
  csv: { mediaType: "text/csv" },
  geojson: { mediaType: "application/json", needsGeometry: true },
  gpkg: { mediaType: sqlite },
  kml: { mediaType: "application/kml" },
  shp: { mediaType: "application/zip", extension: "zip" },
  spatialite: { mediaType: sqlite, extension: "sqlite" },
  svg: { mediaType: "image/svg+xml", needsGeometry: true },
  // TopoJSON has no media type of its own
  topojson: { ...bytes, needsGeometry: true }
}

/** The names of the formats. */
export const formatNames: ReadonlyArray<string> = Object.keys(formats)

/** Whether a value is the name of a format. */
export const isFormat = (name: unknown): name is ExportFormat => formatNames.some((format) => format === name)

/** A format by its name. */
export const formatOf = (name: ExportFormat): Format => formats[name]
