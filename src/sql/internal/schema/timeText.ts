/** Dates and timestamps: the SQL API's text of them, and PostgreSQL's own, which a cast to `text` gives. */
import * as Result from "effect/Result"

const shape = /^(-?\d+)-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d(?::?\d\d){0,2})?)?( BC)?$/

const offsetSeconds = (zone: string): number => {
  const [hours = 0, minutes = 0, seconds = 0] = (zone.match(/\d\d/g) ?? []).map(Number)
  return (zone.startsWith("-") ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds)
}

/** Milliseconds of a day, if the calendar has it. JavaScript's own parser takes two-digit years for others. */
const dayMillis = (year: number, month: number, day: number): number | undefined => {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  // 30 February would become 1 or 2 March; a year that is too far away is no number
  return Number.isNaN(date.getTime()) || (date.getUTCMonth() === month - 1 && date.getUTCDate() === day)
    ? date.getTime()
    : undefined
}

interface Read {
  readonly day: number
  /** Milliseconds since midnight of that day, in the zone that is written. */
  readonly time: number
  /** Milliseconds that the written zone is ahead of UTC. */
  readonly offset: number
}

const read = (text: string, expected: string): Result.Result<Read, string> => {
  const match = shape.exec(text)
  const wrong = Result.fail(`it is not ${expected}`)
  if (match === null) return wrong
  const [, years, month, date, hour = "0", minute = "0", second = "0", fraction = "", zone = "Z", era] = match
  const day = dayMillis(era === undefined ? Number(years) : 1 - Number(years), Number(month), Number(date))
  if (day === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return wrong
  const time =
    (Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 1000 + Number(fraction.slice(0, 3).padEnd(3, "0"))
  return Result.succeed({ day, time, offset: offsetSeconds(zone) * 1000 })
}

const inRange = (millis: number): Result.Result<Date, string> => {
  const date = new Date(millis)
  return Number.isNaN(date.getTime())
    ? Result.fail("it is further away than a DateTime can hold")
    : Result.succeed(date)
}

/** The instant that a timestamp means. One without a zone is taken as UTC. */
export const readTimestamp = (text: string): Result.Result<Date, string> =>
  Result.flatMap(read(text, "a timestamp of the SQL API or of PostgreSQL"), ({ day, offset, time }) =>
    inRange(day + time - offset)
  )

/** Midnight UTC of the day that is written, whatever the zone of the server. */
export const readDate = (text: string): Result.Result<Date, string> =>
  Result.flatMap(read(text, "a date of the SQL API or of PostgreSQL"), ({ day, time }) =>
    time === 0 ? inRange(day) : Result.fail("it has a time of day; read it with Timestamp")
  )

/** As the SQL API writes it: no padding of years, which may be 0 and less, and no fraction where there is none. */
export const writeTimestamp = (date: Date): string => {
  const [, rest = ""] = /^[+-]?\d+(.*)$/.exec(date.toISOString()) ?? []
  return `${date.getUTCFullYear()}${rest.replace(".000Z", "Z")}`
}
