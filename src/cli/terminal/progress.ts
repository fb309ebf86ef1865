/** How far a transfer is: a line that is redrawn on a terminal, or a line every ten seconds. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { Quiet } from "../settings.ts"

/** Bytes with a unit: `1.5 MB`. */
export const bytesText = (bytes: number): string => {
  const units = ["B", "kB", "MB", "GB", "TB"]
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const amount = bytes / 1000 ** power
  return `${power === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${units[power]}`
}

const timeText = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds))
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)]
  const parts = hours > 0 ? [hours, minutes, whole % 60] : [minutes, whole % 60]
  return parts.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, "0"))).join(":")
}

const barWidth = 24

/** The text of a progress line. `total` is in bytes, if it is known. */
export const progressText = (bytes: number, total: number | undefined, millis: number, rows?: number): string => {
  const rate = millis <= 0 ? 0 : (bytes / millis) * 1000
  const share = total === undefined || total === 0 ? undefined : Math.min(1, bytes / total)
  const filled = Math.round((share ?? 0) * barWidth)
  return [
    ...(share === undefined
      ? []
      : [`${"█".repeat(filled)}${"░".repeat(barWidth - filled)}`, `${Math.floor(share * 100)} %`]),
    bytesText(bytes),
    ...(rows === undefined ? [] : [`${rows} rows`]),
    `${bytesText(rate)}/s`,
    ...(share === undefined || rate === 0 ? [] : [`${timeText(((total ?? 0) - bytes) / rate)} left`])
  ].join("  ")
}

/** Counts what passes. */
export interface Meter {
  readonly bytes: (count: number) => void
  readonly rows: (count: number) => void
}

/** Runs an effect that counts what it transfers, and shows how far it is on stderr. */
export const withProgress = <A, E, R>(total: number | undefined, use: (meter: Meter) => Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const stdio = yield* Stdio.Stdio
      const redraws = yield* stdio.stderrIsTerminal
      const started = yield* Clock.currentTimeMillis
      const counts: { bytes: number; rows: number | undefined } = { bytes: 0, rows: undefined }
      const write = (text: string) => Effect.ignore(Stream.run(Stream.make(text), stdio.stderr({ endOnDone: false })))
      const show = Effect.gen(function* () {
        const { bytes, rows } = counts
        const text = progressText(bytes, total, (yield* Clock.currentTimeMillis) - started, rows)
        yield* write(redraws ? `\r\u001b[K${text}` : `${text}\n`)
      })
      if (!(yield* Quiet)) {
        if (redraws) yield* Effect.addFinalizer(() => write("\r\u001b[K"))
        yield* Effect.forkScoped(Effect.repeat(Effect.delay(show, redraws ? 100 : 10_000), Schedule.forever))
      }
      return yield* use({
        bytes: (count) => {
          counts.bytes += count
        },
        rows: (count) => {
          counts.rows = (counts.rows ?? 0) + count
        }
      })
    })
  )
