/** The end of GeoJSON, where the server puts an error that came after the first features. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { PartialResult } from "../../errors/SqlApi.ts"
import { isObject, parse } from "../../errors/internal/json.ts"
import { classifyError } from "./classifyError.ts"
import { errorMessage } from "./responses.ts"

const [quote, backslash, open, close, openList, closeList] = new TextEncoder().encode('"\\{}[]')

/** Follows the bytes of a collection as they come: counts its features, and keeps the end. */
const makeReader = () => {
  const decoder = new TextDecoder()
  let depth = 0
  let isText = false
  let isEscaped = false
  let features = 0
  let end: string | undefined
  return {
    push: (bytes: Uint8Array): void => {
      for (let at = 0; at < bytes.length; at += 1) {
        if (end !== undefined) {
          end += decoder.decode(bytes.subarray(at), { stream: true })
          return
        }
        const byte = bytes[at]
        if (isText) {
          if (isEscaped) isEscaped = false
          else if (byte === backslash) isEscaped = true
          else if (byte === quote) isText = false
        } else if (byte === quote) isText = true
        else if (byte === open || byte === openList) {
          if (depth === 2) features += 1
          depth += 1
        } else if (byte === close || byte === closeList) {
          depth -= 1
          // the list of the features is the only one at that place
          if (depth === 1) end = ""
        }
      }
    },
    error: (): { readonly description: string; readonly features: number } | undefined => {
      const rest = end?.startsWith(",") === true ? parse(`{${end.slice(1)}`) : undefined
      const description = isObject(rest) ? errorMessage(rest) : undefined
      return description === undefined ? undefined : { description, features }
    }
  }
}

/** Passes GeoJSON on, and fails at its end if it ends with an error. */
export const failOnTrailingError = <E>(
  bytes: Stream.Stream<Uint8Array, E>,
  scrub: (text: string) => string
): Stream.Stream<Uint8Array, E | PartialResult> =>
  Stream.suspend(() => {
    const reader = makeReader()
    const check = Effect.suspend(() => {
      const error = reader.error()
      return error === undefined
        ? Effect.void
        : Effect.fail(
            new PartialResult({
              rows: [],
              count: error.features,
              failure: classifyError({ description: scrub(error.description) })
            })
          )
    })
    return bytes.pipe(
      Stream.map((chunk) => {
        reader.push(chunk)
        return chunk
      }),
      Stream.onEnd(check)
    )
  })
