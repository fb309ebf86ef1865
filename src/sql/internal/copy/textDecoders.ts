/** Reads PostgreSQL's text of a value as the value that the JSON of a query has for it, except that times keep their fractions. */
import { isObject, parse } from "../../../errors/internal/json.ts"
import type { Field } from "../responses.ts"

/** Reads the value between two places of a text. Returns `undefined` for a text that its type cannot have. */
export type Reader = (text: string, begin: number, end: number) => unknown

const whole =
  (read: (text: string) => unknown): Reader =>
  (text, begin, end) =>
    read(text.slice(begin, end))

const same: Reader = (text, begin, end) => text.slice(begin, end)

/** NaN and the infinities are strings, as in the JSON of a query. */
const readNumber = (text: string): number | string => {
  const value = Number(text)
  return Number.isFinite(value) ? value : text
}

const number = whole(readNumber)

/** The most digits of a whole number that a double always holds. */
const exactDigits = 15
const hyphen = 45
const point = 46

/** Powers of ten that a double holds, so that one division by them is rounded as the number itself is. */
const powers: ReadonlyArray<number> = Array.from({ length: exactDigits + 1 }, (_, exponent) => 10 ** exponent)

/** Reads what `number` does, without a string for each short value. */
const decimal: Reader = (text, begin, end) => {
  const isNegative = text.charCodeAt(begin) === hyphen
  const first = isNegative ? begin + 1 : begin
  if (end - first > exactDigits || first === end) return number(text, begin, end)
  let value = 0
  let fraction = end
  for (let index = first; index < end; index += 1) {
    const code = text.charCodeAt(index)
    if (code >= 48 && code <= 57) value = value * 10 + code - 48
    else if (code === point && fraction === end) fraction = index + 1
    else return number(text, begin, end)
  }
  // a float has a negative zero
  if (isNegative && value === 0) return number(text, begin, end)
  const result = value / (powers[end - fraction] ?? 1)
  return isNegative ? -result : result
}

const datePattern = /^(\d{4,})-(\d\d)-(\d\d)(?:[ T](\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d(?::?\d\d)?)?)?( BC)?$/

/** Any text of `date`, `timestamp` and `timestamptz`. */
const anyDate = whole((text) => {
  const parts = datePattern.exec(text)
  if (parts === null) return text === "infinity" ? "Infinity" : text === "-infinity" ? "-Infinity" : text
  const [, year = "", month = "", day = "", time = "00:00:00", offset = "", era] = parts
  // there is no year 0: 1 BC is the year before 1
  const shown = era === undefined ? year : `-${String(Number(year) - 1).padStart(6, "0")}`
  const zone = offset === "" || /^[+-]00/.test(offset) ? "Z" : offset.replace(/^([+-]\d\d)$/, "$1:00")
  return `${shown}-${month}-${day}T${time}${zone}`
})

/** Whether a year of four digits is at the place, and neither an infinity nor a longer year. */
const hasShortYear = (text: string, begin: number): boolean => text.charCodeAt(begin + 4) === hyphen

const date: Reader = (text, begin, end) =>
  end - begin === 10 && hasShortYear(text, begin) ? `${text.slice(begin, end)}T00:00:00Z` : anyDate(text, begin, end)

/** Makes a reader of timestamps with short years. Rows of one day share the text of the day. */
const makeIsoTime = (): ((text: string, begin: number, end: number) => string) => {
  let day = "never"
  let prefix = ""
  return (text, begin, end) => {
    if (!text.startsWith(day, begin)) {
      day = text.slice(begin, begin + 10)
      prefix = `${day}T`
    }
    return `${prefix}${text.slice(begin + 11, end)}Z`
  }
}

const makeTimestamp = (): Reader => {
  const isoTime = makeIsoTime()
  return (text, begin, end) =>
    hasShortYear(text, begin) && !text.endsWith("BC", end) ? isoTime(text, begin, end) : anyDate(text, begin, end)
}

const makeTimestamptz = (): Reader => {
  const isoTime = makeIsoTime()
  return (text, begin, end) =>
    hasShortYear(text, begin) && text.endsWith("+00", end) ? isoTime(text, begin, end - 3) : anyDate(text, begin, end)
}

/** Only a number with such an exponent, or with so many digits, can be too large for a double. */
const mayBeInfinite = /[eE]\+?\d{3}|\d{309}/

const withoutInfinities = (value: unknown): unknown => {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value)
  if (Array.isArray(value)) return value.map(withoutInfinities)
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutInfinities(member)]))
    : value
}

const json = whole((text) => (mayBeInfinite.test(text) ? withoutInfinities(parse(text)) : parse(text)))

const bytea = whole((text) => {
  const data: Array<number> = []
  for (let index = 2; index < text.length; index += 2) data.push(Number.parseInt(text.slice(index, index + 2), 16))
  return { type: "Buffer", data }
})

/** The numbers of a point or a circle. */
const coordinates = (text: string): ReadonlyArray<number | string> =>
  text
    .replace(/[<>()]/g, "")
    .split(",")
    .map(readNumber)

const readPoint = whole((text) => {
  const [x, y] = coordinates(text)
  return { x, y }
})

const circle = whole((text) => {
  const [x, y, radius] = coordinates(text)
  return { x, y, radius }
})

const units: Readonly<Record<string, string>> = { year: "years", mon: "months", day: "days" }

const interval = whole((text) => {
  const found: Record<string, number> = {}
  for (const [, amount, unit = ""] of text.matchAll(/(?<!\d)([+-]?\d+) (year|mon|day)s?/g)) {
    found[units[unit] ?? unit] = Number(amount)
  }
  const time = /(?<!\d)([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?$/.exec(text)
  if (time !== null) {
    const [, sign, hours, minutes, seconds, fraction = "0"] = time
    const factor = sign === "-" ? -1 : 1
    const parts = { hours, minutes, seconds, milliseconds: Number(`0.${fraction}`) * 1000 }
    for (const [name, value] of Object.entries(parts)) if (Number(value) !== 0) found[name] = factor * Number(value)
  }
  return found
})

/** Reads the text of an array, whose elements the given reader reads. */
const array = (read: Reader): Reader =>
  whole((text) => {
    // a dimension that does not begin at 1 is written in front
    let index = text.indexOf("{")
    const element = (): unknown => {
      if (text[index] === "{") return list()
      if (text[index] === '"') {
        let value = ""
        for (index += 1; index < text.length && text[index] !== '"'; index += 1) {
          if (text[index] === "\\") index += 1
          value += text[index]
        }
        index += 1
        return read(value, 0, value.length)
      }
      const begin = index
      while (index < text.length && text[index] !== "," && text[index] !== "}") index += 1
      return text.slice(begin, index) === "NULL" ? null : read(text, begin, index)
    }
    /** Returns `undefined` for a list that does not end, or has an element that cannot be read. */
    const list = (): ReadonlyArray<unknown> | undefined => {
      const values: Array<unknown> = []
      index += 1
      while (index < text.length && text[index] !== "}") {
        values.push(element())
        if (text[index] === ",") index += 1
      }
      index += 1
      return index > text.length || values.includes(undefined) ? undefined : values
    }
    return index === -1 ? undefined : list()
  })

/** Makes the reader of a type. */
const readers = new Map<string, () => Reader>([
  ["bool", () => (text, begin) => text.charCodeAt(begin) === 116],
  ...["int2", "int4", "int8", "oid", "float4", "float8", "numeric"].map((type) => [type, () => decimal] as const),
  ["date", () => date],
  ["timestamp", makeTimestamp],
  ["timestamptz", makeTimestamptz],
  ...["json", "JSON", "jsonb"].map((type) => [type, () => json] as const),
  ["bytea", () => bytea],
  ["point", () => readPoint],
  ["circle", () => circle],
  ["interval", () => interval]
])

/** The element types of arrays that the JSON of a query has as arrays. Other arrays are text. */
const arrays = new Set([
  ..."int2 int4 int8 oid float4 float8 numeric bool text varchar bpchar date timestamp timestamptz time timetz".split(
    " "
  ),
  ..."json JSON jsonb uuid bytea point money inet macaddr numrange regproc".split(" ")
])

/** Numbers that a double may not hold. */
const inexact = new Set(["int8", "numeric"])

/** The reader of a column. With `exact`, numbers that a double may not hold stay text. */
export const readerOf = ({ pgtype = "" }: Field, exact = false): Reader => {
  const read = (type: string): Reader => (exact && inexact.has(type) ? same : (readers.get(type)?.() ?? same))
  if (!pgtype.startsWith("_")) return read(pgtype)
  const element = pgtype.slice(1)
  return arrays.has(element) ? array(read(element)) : same
}
