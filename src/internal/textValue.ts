/** PostgreSQL's text of a value → the value that the SQL API's JSON has for it, but with nothing cut or rounded away. */
import type { Field } from "./sqlApi.ts"

type Reader = (text: string) => unknown

const number: Reader = (text) => {
  const value = Number(text)
  // as in the JSON of a query: NaN and the infinities are strings
  return Number.isFinite(value) ? value : text
}

const datePattern = /^(\d{4,})-(\d\d)-(\d\d)(?:[ T](\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d(?::?\d\d)?)?)?( BC)?$/

const date: Reader = (text) => {
  const parts = datePattern.exec(text)
  if (parts === null) return text === "infinity" ? "Infinity" : text === "-infinity" ? "-Infinity" : text
  const [, year = "", month = "", day = "", time = "00:00:00", offset = "", era] = parts
  // there is no year 0: 1 BC is the year before 1
  const shown = era === undefined ? year : `-${String(Number(year) - 1).padStart(6, "0")}`
  const zone = offset === "" || /^[+-]00/.test(offset) ? "Z" : offset.replace(/^([+-]\d\d)$/, "$1:00")
  return `${shown}-${month}-${day}T${time}${zone}`
}

const json: Reader = (text): unknown => JSON.parse(text)

const bytea: Reader = (text) => {
  const data: Array<number> = []
  for (let index = 2; index < text.length; index += 2) data.push(Number.parseInt(text.slice(index, index + 2), 16))
  return { type: "Buffer", data }
}

const point: Reader = (text) => {
  const [x, y] = text.slice(1, -1).split(",").map(Number)
  return { x, y }
}

const circle: Reader = (text) => {
  const [x, y, radius] = text
    .replace(/[<>()]/g, "")
    .split(",")
    .map(Number)
  return { x, y, radius }
}

const units: Readonly<Record<string, string>> = { year: "years", mon: "months", day: "days" }

const interval: Reader = (text) => {
  const found: Record<string, number> = {}
  for (const [, amount, unit = ""] of text.matchAll(/([+-]?\d+) (year|mon|day)s?/g)) {
    found[units[unit] ?? unit] = Number(amount)
  }
  const time = /([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?$/.exec(text)
  if (time !== null) {
    const [, sign, hours, minutes, seconds, fraction = "0"] = time
    const factor = sign === "-" ? -1 : 1
    const parts = { hours, minutes, seconds, milliseconds: Number(`0.${fraction}`) * 1000 }
    for (const [name, value] of Object.entries(parts)) if (Number(value) !== 0) found[name] = factor * Number(value)
  }
  return found
}

/** An array's text, whose elements the reader takes; `undefined` where the text is not one. */
const array =
  (read: Reader): Reader =>
  (text) => {
    // a dimension that does not begin at 1 is written in front
    let index = text.indexOf("{")
    const element = (): unknown => {
      if (text[index] === "{") return list()
      if (text[index] === '"') {
        let value = ""
        for (index += 1; text[index] !== '"'; index += 1) {
          if (text[index] === "\\") index += 1
          value += text[index]
        }
        index += 1
        return read(value)
      }
      const begin = index
      while (text[index] !== "," && text[index] !== "}") index += 1
      const value = text.slice(begin, index)
      return value === "NULL" ? null : read(value)
    }
    const list = (): ReadonlyArray<unknown> => {
      const values: Array<unknown> = []
      index += 1
      while (text[index] !== "}") {
        values.push(element())
        if (text[index] === ",") index += 1
      }
      index += 1
      return values
    }
    return index === -1 ? text : list()
  }

const same: Reader = (text) => text

const readers = new Map<string, Reader>([
  ["bool", (text) => text === "t"],
  ...["int2", "int4", "int8", "oid", "float4", "float8", "numeric"].map((type) => [type, number] as const),
  ...["date", "timestamp", "timestamptz"].map((type) => [type, date] as const),
  ...["json", "JSON", "jsonb"].map((type) => [type, json] as const),
  ["bytea", bytea],
  ["point", point],
  ["circle", circle],
  ["interval", interval]
])

/** Arrays that the JSON of a query has as arrays; it leaves those of other types as text. */
const arrays = new Set([
  ..."int2 int4 int8 float4 float8 numeric bool text varchar bpchar date timestamp timestamptz".split(" "),
  ..."json JSON jsonb uuid bytea point".split(" ")
])

/** How to read the values of a column. */
export const readerOf = ({ pgtype = "" }: Field): Reader => {
  if (!pgtype.startsWith("_")) return readers.get(pgtype) ?? same
  const element = pgtype.slice(1)
  return arrays.has(element) ? array(readers.get(element) ?? same) : same
}
