/** The emulator as an HTTP server on the loopback interface. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import type { EmulatorService } from "../emulator.ts"
import type { ErrorClass } from "../shared/errorClass.ts"
import { defaultHosts, isForeignPage, isMeantForUs } from "./hosts.ts"
import { serve } from "./serve.ts"

const ListenErrorBase: ErrorClass<"ListenError", { readonly port: number; readonly message: string }> =
  Data.TaggedError("ListenError")
/** The emulator cannot listen on the port. */
export class ListenError extends ListenErrorBase {}

/** A listening emulator. */
export interface Listening {
  /** `http://127.0.0.1:PORT`. The base URL of an account is this URL followed by `/user/NAME`. */
  readonly url: string
  /** The port that the emulator listens on. */
  readonly port: number
}

/** Options of `listen`. */
export interface ListenOptions {
  /**
   * The port. 0 selects any free port.
   *
   * @default 0
   */
  readonly port?: number | undefined
  /**
   * Hosts that the emulator serves, in addition to the names of this machine. They are in lowercase, such as
   * `maps.example.org`, or `.example.org` for all hosts that end with it. Requests to other hosts are refused with
   * status 421.
   *
   * @default [".carto.com", ".test"]
   */
  readonly hosts?: ReadonlyArray<string> | undefined
  /**
   * Origins of other sites whose pages may send requests, such as `https://app.example.org`, or `"*"` for all. Browser
   * requests from pages of any other site are refused with status 403. Pages of this machine and of `hosts` are always
   * allowed.
   *
   * @default []
   */
  readonly allowedOrigins?: ReadonlyArray<string> | undefined
}

const hostname = "127.0.0.1"

const codeOf = (cause: unknown): unknown =>
  Predicate.hasProperty(cause, "code") ? cause.code : Predicate.hasProperty(cause, "name") ? cause.name : undefined

const describe = (cause: unknown, port: number): string => {
  switch (codeOf(cause)) {
    case "EADDRINUSE":
    case "AddrInUse":
      return `port ${port} is in use`
    case "EACCES":
    case "PermissionDenied":
      return `port ${port} needs more rights than this process has`
    default:
      return `cannot listen on port ${port}: ${cause instanceof Error ? cause.message : String(cause)}`
  }
}

const plain = { "content-type": "text/plain; charset=utf-8" }

const misdirected = (): Response =>
  new Response(
    "This is an embedded CARTO. It answers requests to this machine and to the hosts that it was given (--host).\n",
    { status: 421, headers: plain }
  )

const foreign = (): Response =>
  new Response(
    "This is an embedded CARTO. It refuses requests from pages of other sites, unless they are allowed (--allow-origin).\n",
    { status: 403, headers: plain }
  )

/** Closes the connection after a request body that was only partly read, because the next request cannot be read. */
const closing = (response: Response): Response => {
  if (response.status === 413) response.headers.set("connection", "close")
  return response
}

/**
 * Listens on 127.0.0.1 until the scope closes.
 *
 * Fails with `ListenError` if the port is in use or the process may not use it.
 */
export const listen: (
  emulator: Pick<EmulatorService, "handler">,
  options?: ListenOptions
) => Effect.Effect<Listening, ListenError, Scope.Scope> = Effect.fnUntraced(function* (emulator, options = {}) {
  const { allowedOrigins = [], hosts = defaultHosts, port = 0 } = options
  const handle = async (request: Request): Promise<Response> => {
    if (!isMeantForUs(request, hosts)) return misdirected()
    if (isForeignPage(request, hosts, allowedOrigins)) return foreign()
    return closing(await emulator.handler(request))
  }
  const server = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () => serve({ handle, hostname, port }),
      catch: (cause) => new ListenError({ port, message: describe(cause, port) })
    }),
    (server) => Effect.promise(() => server.close())
  )
  return { url: `http://${hostname}:${server.port}`, port: server.port }
})
