/**
 * Watches the data of a COPY for the error that the server glues to its end: after the first bytes have gone out with
 * status 200, that is all it can do. The error is a JSON object on a line of its own (in binary data: anywhere), at the very
 * end, without a line end.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { CopyTruncated } from "../../../errors/Copy.ts"
import type { StatementReason } from "../../../errors/SqlApi.ts"
import { isObject, parse } from "../../../errors/internal/json.ts"
import { classifyError } from "../classifyError.ts"

const marker = new TextEncoder().encode('{"error":[')
const lineFeed = 10
/** An error is never that long: a candidate of this size is data. */
const longest = 1024 * 1024

const concatenate = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  if (a.length === 0) return b
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}

/** Whether the bytes from `at` on are the marker, or the beginning of one that the next bytes may complete. */
const mayBeMarker = (bytes: Uint8Array, at: number): boolean => {
  for (let index = 0; index < marker.length && at + index < bytes.length; index += 1) {
    if (bytes[at + index] !== marker[index]) return false
  }
  return true
}

const errorIn = (held: Uint8Array): string | undefined => {
  const body = parse(new TextDecoder().decode(held))
  const message = isObject(body) && Array.isArray(body["error"]) ? body["error"][0] : undefined
  return typeof message === "string" ? message : undefined
}

/** Splits data into what is certainly data and what may be an error; keeps the latter back. */
const makeScanner = (binary: boolean) => {
  let held = new Uint8Array(0)
  let atLineStart = true
  let released = 0
  let lastTwo: ReadonlyArray<number> = []

  const release = (bytes: Uint8Array): Uint8Array => {
    released += bytes.length
    if (bytes.length > 0) {
      lastTwo = bytes.length === 1 ? [lastTwo.at(-1) ?? 0, bytes[0] ?? 0] : [...bytes.subarray(-2)]
      atLineStart = bytes.at(-1) === lineFeed
    }
    return bytes
  }

  /** Where a candidate begins, or the length of the bytes where there is none. */
  const candidate = (bytes: Uint8Array, begins: boolean): number => {
    const line = bytes.lastIndexOf(lineFeed) + 1
    if (!binary) return (line > 0 || begins) && line < bytes.length && mayBeMarker(bytes, line) ? line : bytes.length
    for (let at = line; at < bytes.length; at += 1) {
      if (bytes[at] === marker[0] && mayBeMarker(bytes, at)) return at
    }
    return bytes.length
  }

  return {
    push: (chunk: Uint8Array): Uint8Array => {
      const bytes = concatenate(held, chunk)
      const at = candidate(bytes, atLineStart)
      const isData = bytes.length - at > longest
      held = isData ? new Uint8Array(0) : bytes.slice(at)
      return release(isData ? bytes : bytes.subarray(0, at))
    },
    /** The last bytes, or the error that they are. */
    end: ():
      | { readonly error: string }
      | { readonly rest: Uint8Array; readonly isWhole: boolean; readonly bytes: number } => {
      const error = held.length > 0 ? errorIn(held) : undefined
      if (error !== undefined) return { error }
      const rest = release(held)
      const isWhole =
        released === 0 || (binary ? lastTwo[0] === 255 && lastTwo[1] === 255 : lastTwo.at(-1) === lineFeed)
      return { rest, isWhole, bytes: released }
    }
  }
}

/** The data alone; fails with the error that is glued to it, or where the data is not whole. */
export const withoutErrorTrailer = <E>(
  data: Stream.Stream<Uint8Array, E>,
  binary: boolean,
  scrub: (text: string) => string
): Stream.Stream<Uint8Array, CopyTruncated | E | StatementReason> =>
  Stream.suspend(() => {
    const scanner = makeScanner(binary)
    const last = Stream.unwrap(
      Effect.sync((): Stream.Stream<Uint8Array, CopyTruncated | StatementReason> => {
        const end = scanner.end()
        if ("error" in end) return Stream.fail(classifyError({ description: scrub(end.error) }))
        const rest = end.rest.length === 0 ? Stream.empty : Stream.succeed(end.rest)
        return end.isWhole ? rest : Stream.concat(rest, Stream.fail(new CopyTruncated({ bytes: end.bytes })))
      })
    )
    return data.pipe(
      Stream.map(scanner.push),
      Stream.filter((bytes) => bytes.length > 0),
      Stream.concat(last)
    )
  })
