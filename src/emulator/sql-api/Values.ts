/** From PostgreSQL's text to the JSON values of an answer. */
import { parseArray } from "./ArrayText.ts"
import { parseDate } from "./DateText.ts"
import { parseInterval } from "./IntervalText.ts"

export type Json = string | number | boolean | null | ReadonlyArray<Json> | { readonly [key: string]: Json }
export type Decoder = (text: string) => Json

const finite = (value: number): Json => (Number.isFinite(value) ? value : String(value))
const number: Decoder = (text) => finite(Number.parseFloat(text))
const string: Decoder = (text) => text
const boolean: Decoder = (text) => text === "t"

const bytes = (text: string): ReadonlyArray<number> => {
  if (text.startsWith("\\x")) {
    return Array.from({ length: (text.length - 2) >> 1 }, (_, at) =>
      Number.parseInt(text.slice(2 + at * 2, 4 + at * 2), 16)
    )
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

const nonFiniteAsText = (value: Json): Json => {
  if (typeof value === "number") return finite(value)
  if (value === null || typeof value !== "object") return value
  if (Array.isArray(value)) return value.map(nonFiniteAsText)
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, nonFiniteAsText(member)]))
}
const json: Decoder = (text) => {
  const value: Json = JSON.parse(text)
  // Only a number with an exponent or several hundred digits can be too large for a double.
  return /\d[eE]|\d{309}/.test(text) ? nonFiniteAsText(value) : value
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

const array =
  (element: Decoder): Decoder =>
  (text) =>
    parseArray(text, element)

const decoders: ReadonlyMap<number, Decoder> = new Map<number, Decoder>([
  ...[20, 21, 23, 26, 700, 701, 1700].map((oid) => [oid, number] as const),
  ...[1005, 1007, 1016, 1021, 1022, 1028, 1231].map((oid) => [oid, array(number)] as const),
  ...[1082, 1114, 1184].map((oid) => [oid, parseDate] as const),
  ...[1115, 1182, 1185].map((oid) => [oid, array(parseDate)] as const),
  // bpchar, varchar, text, regproc, cidr, macaddr, inet, numrange, uuid, money, time, timetz
  ...[1014, 1015, 1009, 1008, 651, 1040, 1041, 3907, 2951, 791, 1183, 1270].map((oid) => [oid, array(string)] as const),
  [16, boolean],
  [1000, array(boolean)],
  [17, buffer],
  [1001, array(buffer)],
  [114, json],
  [3802, json],
  [199, array(json)],
  [3807, array(json)],
  [600, point],
  [1017, array(point)],
  [718, circle],
  [1186, parseInterval]
])

/** The decoder of a type by its OID; a type without one of its own stays PostgreSQL's text. */
export const decoder = (typeId: number): Decoder => decoders.get(typeId) ?? string
