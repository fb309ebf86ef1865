/** PostgreSQL's text format of intervals (style `postgres`). */
import type { Json } from "./json.ts"

const shape =
  /^(?:([+-]?\d+) years?)?\s*(?:([+-]?\d+) mons?)?\s*(?:([+-]?\d+) days?)?\s*(?:([+-])?(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/

/**
 * Parses an interval into its non-zero parts; the zero interval has none. The sign of the time applies to each of its
 * parts.
 */
export const parseInterval = (text: string): Json => {
  const match = shape.exec(text)
  if (match === null) return {}
  const [, years, months, days, sign, hours, minutes, seconds, fraction] = match
  const time = (digits: string | undefined): number => (sign === "-" ? -1 : 1) * Number(digits ?? 0)
  const parts = {
    years: Number(years ?? 0),
    months: Number(months ?? 0),
    days: Number(days ?? 0),
    hours: time(hours),
    minutes: time(minutes),
    seconds: time(seconds),
    milliseconds: time(fraction?.padEnd(6, "0")) / 1000
  }
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== 0))
}
