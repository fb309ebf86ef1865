/** PostgreSQL's text format of dates and timestamps (ISO style). */
import type { Json } from "./json.ts"

const shape = /^(\d+)-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.\d+)?)?([+-]\d\d(?::?\d\d)?(?::?\d\d)?)?( BC)?$/

const pad = (value: number): string => String(value).padStart(2, "0")

// As in JavaScript, years are not padded, and 1 BC is the year 0.
const written = (year: number, month: number, day: number, hour: number, minute: number, second: number): string =>
  `${year}-${pad(month)}-${pad(day)}T${pad(hour)}:${pad(minute)}:${pad(second)}Z`

const offsetSeconds = (offset: string): number => {
  const [hours = 0, minutes = 0, seconds = 0] = (offset.slice(1).match(/\d\d/g) ?? []).map(Number)
  return (offset.startsWith("-") ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds)
}

/**
 * Converts a date or timestamp to the form of the SQL API: whole seconds in UTC, `2020-02-03T10:11:12Z`. Text in
 * another style is returned unchanged.
 */
export const parseDate = (text: string): Json => {
  const match = shape.exec(text)
  if (match === null) return text
  const [, years, month, day, hour = "0", minute = "0", second = "0", offset, era] = match
  const year = era === undefined ? Number(years) : 1 - Number(years)
  const parts = [year, Number(month), Number(day), Number(hour), Number(minute), Number(second)] as const
  const shift = offset === undefined ? 0 : offsetSeconds(offset)
  if (shift === 0) return written(...parts)
  const date = new Date(0)
  date.setUTCFullYear(parts[0], parts[1] - 1, parts[2])
  date.setUTCHours(parts[3], parts[4], parts[5] - shift)
  if (Number.isNaN(date.getTime())) return written(...parts)
  return written(
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds()
  )
}
