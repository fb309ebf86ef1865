/** CARTO in a program on Effect 3: a service of the host's own over the promise client. */
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpMethod } from "@effect/platform"
import { type CartoErrorReason, type Client, connect, isCartoError } from "carto"
import { Config, type ConfigError, Context, Effect, Layer, Redacted, Runtime, Stream } from "effect"

export interface CartoService {
  /** One call. It fails with the reason of the client's error, and interrupting it aborts the request. */
  readonly use: <A>(call: (client: Client, signal: AbortSignal) => Promise<A>) => Effect.Effect<A, CartoErrorReason>
}

/** A `fetch` over the host's HTTP client, so that its logging, proxies and tests are those of every other request. */
const fetchOver =
  (client: HttpClient.HttpClient, runtime: Runtime.Runtime<never>): typeof globalThis.fetch =>
  async (input, init) => {
    const request = new Request(input, init)
    const { method } = request
    if (!HttpMethod.isHttpMethod(method)) throw new TypeError(`no method of HTTP: ${method}`)
    const body = new Uint8Array(await request.arrayBuffer())
    const outgoing = HttpClientRequest.make(method)(request.url, { headers: request.headers })
    const response = client.execute(
      body.length === 0
        ? outgoing
        : HttpClientRequest.bodyUint8Array(outgoing, body, request.headers.get("content-type") ?? undefined)
    )
    return await Runtime.runPromise(runtime)(
      response.pipe(
        Effect.map(
          ({ headers, status, stream }) =>
            new Response(status === 204 ? null : Stream.toReadableStream(stream), { status, headers })
        ),
        // the client decides itself whether its key may follow a redirect
        Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" })
      ),
      { signal: request.signal }
    )
  }

export class Carto extends Context.Tag("Carto")<Carto, CartoService>() {
  /** The account of `CARTO_BASE_URL` under `CARTO_API_KEY`. */
  static readonly layer: Layer.Layer<Carto, ConfigError.ConfigError, HttpClient.HttpClient> = Layer.scoped(
    Carto,
    Effect.gen(function* () {
      const baseUrl = yield* Config.string("CARTO_BASE_URL")
      const apiKey = yield* Config.redacted("CARTO_API_KEY")
      const http = yield* HttpClient.HttpClient
      const runtime = yield* Effect.runtime<never>()
      const client = yield* Effect.acquireRelease(
        Effect.sync(() => connect({ baseUrl, apiKey: Redacted.value(apiKey), fetch: fetchOver(http, runtime) })),
        (client) => Effect.promise(() => client[Symbol.asyncDispose]())
      )
      return {
        use: (call) =>
          Effect.tryPromise({ try: (signal) => call(client, signal), catch: (error) => error }).pipe(
            Effect.catchAll((error) => (isCartoError(error) ? Effect.fail(error.reason) : Effect.die(error)))
          )
      }
    })
  )
}
