/** One request to the SQL API and the headers of its response so far. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type ApiError, toJson } from "./apiError.ts"
import type { Body } from "./query/execution.ts"
import { type Parameters, parseForm } from "./parameters.ts"
import type { EndpointGroup } from "./rateLimit.ts"

/** A request with its path segments and the headers of its response. */
export interface Exchange {
  readonly request: Request
  readonly query: Parameters
  readonly host: string
  readonly userInPath: string | undefined
  /** Variable segments of the path, by name. */
  readonly segments: Readonly<Record<string, string>>
  /** The group of limits that counts the call. */
  readonly rateLimit: EndpointGroup | undefined
  /** Headers of the response. Headers set before an error are sent with the error. */
  readonly headers: Headers
}

/** The header that every response of `/sql` and its subpaths has. */
export const corsHeaders = (): Headers =>
  new Headers({
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Expose-Headers": "*",
    "X-Served-By-Host": "localhost"
  })

/** Creates the exchange of a request. */
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

/** Converts text to a header value: characters outside printable ASCII are percent-encoded. */
export const headerText = (text: string): string => text.toWellFormed().replace(/[^ -~]+/g, encodeURIComponent)

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

const ofBytes = (exchange: Exchange, status: number, body: Uint8Array): Response => {
  exchange.headers.set("Content-Length", String(body.length))
  return new Response(exchange.request.method === "HEAD" ? null : new Uint8Array(body), {
    status,
    headers: exchange.headers
  })
}

/** Creates a response from complete JSON text. */
export const jsonResponse = (exchange: Exchange, status: number, json: string): Response => {
  exchange.headers.set("Content-Type", "application/json; charset=utf-8")
  return ofBytes(exchange, status, bytes(json))
}

const jsonp = (callback: string, json: string): string => {
  const name = callback.replace(/[^[\]\w$.]/g, "")
  const safe = json.replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029")
  return `/**/ typeof ${name} === 'function' && ${name}(${safe});`
}

/** The response to a refused request. For a JSONP request, it is a script with status 200. */
export const errorResponse = (exchange: Exchange, error: ApiError): Response => {
  exchange.headers.set("Content-Disposition", "inline")
  const callback = exchange.query["callback"]
  const name: unknown = Array.isArray(callback) ? callback[0] : callback
  if (typeof name !== "string" || name === "") return jsonResponse(exchange, error.status, toJson(error))
  exchange.headers.set("Content-Type", "text/javascript; charset=utf-8")
  exchange.headers.set("X-Content-Type-Options", "nosniff")
  return ofBytes(exchange, 200, bytes(jsonp(name, toJson(error))))
}

/**
 * Bytes that are produced ahead of the reader. A small response that is never read therefore does not keep its session.
 */
const readAhead = 64 * 1024

/**
 * Runs the effect that makes a body, and responds with the body. The scope of a streamed body is closed when the body
 * has been read or its reader disconnects.
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
