/** JSON with the coordinates that JSON does not have: PostGIS writes NaN and the infinities as they are. */
import { isObject, parse } from "../../errors/internal/json.ts"

const tokens: Readonly<Record<string, string>> = {
  NaN: "null",
  Infinity: "1e999",
  // an empty part of a geometry is nothing at all before PostGIS 3.5
  ",": ",[]",
  "[": "[[]"
}

/** The index after a string that begins at `begin`. */
const endOfString = (text: string, begin: number): number => {
  let at = begin + 1
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1
  return at + 1
}

/** The text as JSON: NaN is `null`, and an infinity a number that is too large. */
const toJson = (text: string): string => {
  const parts: Array<string> = []
  for (let at = 0; at < text.length;) {
    const quote = text.indexOf('"', at)
    const begin = quote === -1 ? text.length : quote
    parts.push(text.slice(at, begin).replaceAll(/NaN|Infinity|,(?=[,\]])|\[(?=,)/g, (token) => tokens[token] ?? token))
    at = quote === -1 ? begin : endOfString(text, begin)
    parts.push(text.slice(begin, at))
  }
  return parts.join("")
}

/** Coordinates with NaN where they have `null`. */
const withNaN = (value: unknown): unknown => {
  if (value === null) return Number.NaN
  if (Array.isArray(value)) return value.map(withNaN)
  if (!isObject(value)) return value
  const { coordinates, geometries } = value
  return {
    ...value,
    ...(coordinates === undefined ? {} : { coordinates: withNaN(coordinates) }),
    ...(geometries === undefined ? {} : { geometries: withNaN(geometries) })
  }
}

/** The value of GeoJSON of PostGIS; `undefined` if the text is none. */
export const parseGeoJson = (text: string): unknown => {
  const value = parse(text)
  if (value !== undefined) return value
  const repaired = parse(toJson(text))
  if (!isObject(repaired) || !Array.isArray(repaired["features"])) return repaired
  const features = repaired["features"].map((feature: unknown) =>
    isObject(feature) && feature["geometry"] !== null ? { ...feature, geometry: withNaN(feature["geometry"]) } : feature
  )
  return { ...repaired, features }
}
