/**
 * An HTTP client over `fetch`. Effect's own merges streams to end an upload early, and can buffer it: 3 KiB more in a
 * Worker, of which most never upload. Here an upload ends with the signal, as answers are read as streams.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { RequestInit } from "effect/http/FetchHttpClient"
import type { HttpBody } from "effect/http/HttpBody"
import * as Http from "effect/http/HttpClient"
import { HttpClientError, TransportError } from "effect/http/HttpClientError"
import { fromWeb } from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { HttpClient } from "./client.ts"

const bodyOf = (body: HttpBody, context: Context.Context<never>, signal: AbortSignal): BodyInit | undefined => {
  switch (body._tag) {
    case "Stream": {
      const chunks = Stream.map(body.stream, (bytes) => new Uint8Array(bytes))
      return Stream.toReadableStreamWith(chunks, context, { signal })
    }
    case "Uint8Array":
      return new Uint8Array(body.body)
    case "FormData":
      return body.formData
    default:
      return undefined
  }
}

/** `fetch` is the runtime's own unless given. Bodies of the tag `Raw` are not sent. */
export const fetchLayer = (fetch?: typeof globalThis.fetch): Layer.Layer<HttpClient> =>
  // not shared with clients over another fetch
  Layer.fresh(
    Layer.succeed(
      Http.HttpClient,
      Http.make((request, url, signal, { context }) => {
        const upload = new AbortController()
        const both = AbortSignal.any([signal, upload.signal])
        const { headers, ...options } = Context.getOrUndefined(context, RequestInit) ?? {}
        const init: globalThis.RequestInit & { readonly duplex: "half" } = {
          ...options,
          method: request.method,
          headers: { ...Object.fromEntries(new Headers(headers)), ...request.headers },
          body: bodyOf(request.body, context, both) ?? null,
          duplex: "half",
          signal: both
        }
        return Effect.tryPromise({
          try: () => (fetch ?? globalThis.fetch)(url, init),
          catch: (cause) => new HttpClientError({ reason: new TransportError({ request, cause }) })
        }).pipe(
          Effect.onError(() => Effect.sync(() => upload.abort())),
          Effect.map((response) => fromWeb(request, response))
        )
      })
    )
  )
