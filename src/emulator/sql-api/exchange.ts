/** One request on its way through the SQL API, and the headers of its answer so far. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type ApiError, toJson } from "./apiError.ts"
import type { Body } from "./query/execution.ts"
import { type Parameters, parseForm } from "./parameters.ts"
import type { EndpointGroup } from "./rateLimit.ts"

export interface Exchange {
  readonly request: Request
  readonly query: Parameters
  readonly host: string
  readonly userInPath: string | undefined
  /** Segments of the path that vary, by name. */
  readonly segments: Readonly<Record<string, string>>
  /** The limits that the call counts in. */
  readonly rateLimit: EndpointGroup | undefined
  /** Headers of the answer. What is set before an error is sent with it. */
  readonly headers: Headers
}

/** The header that every answer of `/sql` and below has. */
export const corsHeaders = (): Headers =>
  new Headers({
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Expose-Headers": "*",
    "X-Served-By-Host": "localhost"
  })

/** Begins the exchange of a request. */
export const make = (
  request: Request,
  route: {
    readonly user: string | undefined
    readonly segments: Readonly<Record<string, string>>
    readonly endpoint: { readonly rateLimit?: EndpointGroup }
  }
): Exchange => {
  const url = new URL(request.url)
  const query = parseForm(url.search)
  const headers = corsHeaders()
  const client = query["client"]
  if (typeof client === "string" && client !== "") headers.set("Carto-Client", headerText(client))
  return {
    request,
    query,
    host: request.headers.get("host") ?? url.host,
    userInPath: route.user,
    segments: route.segments,
    rateLimit: route.endpoint.rateLimit,
    headers
  }
}

/** A text that a header can hold: what is not printable ASCII is percent-encoded. */
export const headerText = (text: string): string => text.toWellFormed().replace(/[^ -~]+/g, encodeURIComponent)

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

const ofBytes = (exchange: Exchange, status: number, body: Uint8Array): Response => {
  exchange.headers.set("Content-Length", String(body.length))
  return new Response(exchange.request.method === "HEAD" ? null : new Uint8Array(body), {
    status,
    headers: exchange.headers
  })
}

/** A JSON answer that is there as a whole. */
export const jsonResponse = (exchange: Exchange, status: number, json: string): Response => {
  exchange.headers.set("Content-Type", "application/json; charset=utf-8")
  return ofBytes(exchange, status, bytes(json))
}

const jsonp = (callback: string, json: string): string => {
  const name = callback.replace(/[^[\]\w$.]/g, "")
  const safe = json.replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029")
  return `/**/ typeof ${name} === 'function' && ${name}(${safe});`
}

/** The answer to a refused request; to a JSONP request it is a script with status 200. */
export const errorResponse = (exchange: Exchange, error: ApiError): Response => {
  exchange.headers.set("Content-Disposition", "inline")
  const callback = exchange.query["callback"]
  const name: unknown = Array.isArray(callback) ? callback[0] : callback
  if (typeof name !== "string" || name === "") return jsonResponse(exchange, error.status, toJson(error))
  exchange.headers.set("Content-Type", "text/javascript; charset=utf-8")
  exchange.headers.set("X-Content-Type-Options", "nosniff")
  return ofBytes(exchange, 200, bytes(jsonp(name, toJson(error))))
}

/** Bytes that are made before anybody reads them, so that a small answer that nobody reads holds no session. */
const readAhead = 64 * 1024

/**
 * Runs what makes a body and answers with it. The scope of a streamed body is closed when it has been read, or when
 * its reader leaves.
 */
export const bodyResponse = <R>(
  exchange: Exchange,
  make: Effect.Effect<Body, ApiError, R | Scope.Scope>
): Effect.Effect<Response, ApiError, Exclude<R, Scope.Scope>> =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const body = yield* make.pipe(
      Scope.provide(scope),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
    if (body instanceof Uint8Array || exchange.request.method === "HEAD") {
      yield* Scope.close(scope, Exit.void)
      return body instanceof Uint8Array
        ? ofBytes(exchange, 200, body)
        : new Response(null, { status: 200, headers: exchange.headers })
    }
    const stream = yield* Stream.toReadableStreamEffect(
      Stream.onExit(body, (exit) => Scope.close(scope, exit)),
      { strategy: new ByteLengthQueuingStrategy({ highWaterMark: readAhead }) }
    )
    return new Response(stream, { status: 200, headers: exchange.headers })
  })
