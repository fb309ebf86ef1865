import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import type { HttpClient } from "./wire.ts"

/** An HTTP client over `fetch`: the runtime's own, or the one given. */
export const fetchLayer = (fetch?: typeof globalThis.fetch): Layer.Layer<HttpClient> =>
  fetch === undefined
    ? FetchHttpClient.layer
    : // not shared with clients over another fetch
      Layer.fresh(Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, fetch)))
