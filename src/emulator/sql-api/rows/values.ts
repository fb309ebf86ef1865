/** Converts PostgreSQL's text to the JSON values of a response. */
import { parseArray } from "./arrayText.ts"
import { parseDate } from "./dateText.ts"
import { parseInterval } from "./intervalText.ts"
import type { Decoder, Json } from "./json.ts"

/** Converts NaN and the infinities, which JSON does not have. */
export type NonFinite = (value: number) => Json
const asText: NonFinite = String
const asNull: NonFinite = () => null

const string: Decoder = (text) => text
const boolean: Decoder = (text) => text === "t"

const bytes = (text: string): ReadonlyArray<number> => {
  if (text.startsWith("\\x")) {
    return [...Buffer.from(text.slice(2), "hex")]
  }
  const escaped: Array<number> = []
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "\\") escaped.push(text.charCodeAt(at))
    else if (text[at + 1] === "\\") {
      escaped.push(92)
      at++
    } else {
      escaped.push(Number.parseInt(text.slice(at + 1, at + 4), 8))
      at += 3
    }
  }
  return escaped
}
const buffer: Decoder = (text) => ({ type: "Buffer", data: bytes(text) })

const finite =
  (nonFinite: NonFinite) =>
  (value: number): Json =>
    Number.isFinite(value) ? value : nonFinite(value)

const everyFinite = (nonFinite: NonFinite, value: unknown): Json => {
  if (typeof value === "number") return finite(nonFinite)(value)
  if (typeof value === "string" || typeof value === "boolean") return value
  if (Array.isArray(value)) return value.map((item) => everyFinite(nonFinite, item))
  if (typeof value !== "object" || value === null) return null
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, everyFinite(nonFinite, member)]))
}

const array =
  (element: Decoder): Decoder =>
  (text) =>
    parseArray(text, element)

const makeDecoders = (nonFinite: NonFinite): ReadonlyMap<number, Decoder> => {
  const number: Decoder = (text) => finite(nonFinite)(Number.parseFloat(text))
  const date: Decoder = (text) =>
    text.endsWith("infinity") ? nonFinite(text.startsWith("-") ? -Infinity : Infinity) : parseDate(text)
  const json: Decoder = (text) => {
    const value: Json = JSON.parse(text)
    // Only a number with an exponent or several hundred digits can be too large for a double.
    return /\d[eE]|\d{309}/.test(text) ? everyFinite(nonFinite, value) : value
  }
  const coordinates = (text: string): ReadonlyArray<Json> =>
    text
      .replace(/[()<>]/g, "")
      .split(",")
      .map((part) => number(part))
  const point: Decoder = (text) => {
    const [x = null, y = null] = coordinates(text)
    return { x, y }
  }
  const circle: Decoder = (text) => {
    const [x = null, y = null, radius = null] = coordinates(text)
    return { x, y, radius }
  }
  const each = (decode: Decoder, ...oids: ReadonlyArray<number>) => oids.map((oid) => [oid, decode] as const)
  return new Map<number, Decoder>([
    ...each(boolean, 16),
    ...each(buffer, 17),
    ...each(number, 20, 21, 23, 26, 700, 701, 1700),
    ...each(json, 114, 3802),
    ...each(point, 600),
    ...each(circle, 718),
    ...each(date, 1082, 1114, 1184),
    ...each(parseInterval, 1186),
    ...each(array(boolean), 1000),
    ...each(array(buffer), 1001),
    ...each(array(number), 1005, 1007, 1016, 1021, 1022, 1028, 1231),
    ...each(array(json), 199, 3807),
    ...each(array(point), 1017),
    ...each(array(date), 1115, 1182, 1185),
    // regproc, text, bpchar, varchar; cidr, macaddr, inet; money, uuid, numrange; time, timetz
    ...each(array(string), 1008, 1009, 1014, 1015, 651, 1040, 1041, 791, 2951, 3907, 1183, 1270)
  ])
}

const withText = makeDecoders(asText)
const withNull = makeDecoders(asNull)

/**
 * Returns the decoder of a type by its OID. Values of types without a decoder stay PostgreSQL's text. NaN and the
 * infinities become text or `null`.
 */
export const decoder = (typeId: number, nonFinite: "text" | "null" = "text"): Decoder =>
  (nonFinite === "text" ? withText : withNull).get(typeId) ?? string
