/** The formats of exports. */

/** A format of the SQL API. */
interface Format {
  readonly mediaType: string
  /** The extension of the file. */
  readonly extension: string
  /** Whether the format shows the column `the_geom`, and cannot do without. */
  readonly needsGeometry: boolean
  /** Whether the response begins before the statement has ended, and holds an error that comes later. */
  readonly showsErrors: boolean
}

/** TopoJSON has no media type of its own. */
const bytes = "application/octet-stream"

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

const formats: Readonly<Record<ExportFormat, Format>> = {
  arraybuffer: { mediaType: bytes, extension: "arraybuffer", needsGeometry: false, showsErrors: false },
  csv: { mediaType: "text/csv", extension: "csv", needsGeometry: false, showsErrors: false },
  geojson: { mediaType: "application/json", extension: "geojson", needsGeometry: true, showsErrors: true },
  gpkg: { mediaType: "application/x-sqlite3", extension: "gpkg", needsGeometry: false, showsErrors: false },
  kml: { mediaType: "application/kml", extension: "kml", needsGeometry: false, showsErrors: false },
  shp: { mediaType: "application/zip", extension: "zip", needsGeometry: false, showsErrors: false },
  spatialite: { mediaType: "application/x-sqlite3", extension: "sqlite", needsGeometry: false, showsErrors: false },
  svg: { mediaType: "image/svg+xml", extension: "svg", needsGeometry: true, showsErrors: false },
  topojson: { mediaType: bytes, extension: "topojson", needsGeometry: true, showsErrors: false }
}

/** The names of the formats. */
export const formatNames: ReadonlyArray<string> = Object.keys(formats)

/** Whether a value is the name of a format. */
export const isFormat = (name: unknown): name is ExportFormat =>
  typeof name === "string" && Object.hasOwn(formats, name)

/** A format by its name. */
export const formatOf = (name: ExportFormat): Format => formats[name]
