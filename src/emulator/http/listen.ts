/** The emulator as an HTTP server on the loopback interface. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { EmulatorService } from "../emulator.ts"
import type { ErrorClass } from "../shared/errorClass.ts"

const ListenErrorBase: ErrorClass<"ListenError", { readonly port: number; readonly message: string }> =
  Data.TaggedError("ListenError")
/** The port cannot be listened on. */
export class ListenError extends ListenErrorBase {}

export interface Listening {
  /** `http://127.0.0.1:PORT`; an account's base URL is this and `/user/NAME`. */
  readonly url: string
  readonly port: number
}

const hostname = "127.0.0.1"

const describe = (cause: unknown, port: number): string => {
  if (cause instanceof Error && "code" in cause) {
    if (cause.code === "EADDRINUSE") return `port ${port} is in use`
    if (cause.code === "EACCES") return `port ${port} needs more rights than this process has`
    if (cause.code === "ERR_MODULE_NOT_FOUND") return "listening needs the package srvx: npm install srvx"
  }
  return `cannot listen on port ${port}: ${cause instanceof Error ? cause.message : String(cause)}`
}

/** Addresses of this machine, as a URL has them. */
const loopback = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/

const hostnameOf = (host: string): string | undefined =>
  URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined

/**
 * Whether a request means this server. A page of somebody else's, whose name its owner has pointed at this machine, sends
 * its own name: it must not get to what listens here.
 */
const isMeant = ({ headers, url }: Request, names: ReadonlyArray<string>): boolean =>
  [headers.get("host"), new URL(url).host].every((host) => {
    const name = hostnameOf(host ?? "")
    if (name === undefined) return false
    return loopback.test(name) || names.some((given) => (given.startsWith(".") ? name.endsWith(given) : name === given))
  })

const misdirected = (): Response =>
  new Response(
    "This is an embedded CARTO. It answers requests to this machine, and to the hosts that it was given.\n",
    {
      status: 421,
      headers: { "content-type": "text/plain; charset=utf-8" }
    }
  )

/** After a body that was not read to its end nothing more can be read from a connection. */
const closing = (response: Response): Response => {
  if (response.status === 413) response.headers.set("connection", "close")
  return response
}

/** Hosts of CARTO's own accounts, and names that are kept for tests. Nobody else can point them at this machine. */
export const defaultHosts: ReadonlyArray<string> = [".carto.com", ".test"]

export interface ListenOptions {
  /** 0 by default, which takes any that is free. */
  readonly port?: number | undefined
  /**
   * Names of hosts that it answers for beside those of the loopback interface, in lower case: `maps.example.org`, or
   * `.example.org` for all that end so. Default: `.carto.com` and `.test`. Requests to other hosts are
   * refused with 421.
   */
  readonly hosts?: ReadonlyArray<string> | undefined
}

/** Listens on 127.0.0.1 until the scope closes. Needs the package `srvx`. */
export const listen: (
  emulator: Pick<EmulatorService, "handler">,
  options?: ListenOptions
) => Effect.Effect<Listening, ListenError, Scope.Scope> = Effect.fnUntraced(function* (emulator, options = {}) {
  const { hosts = defaultHosts, port = 0 } = options
  const answer = async (request: Request): Promise<Response> =>
    isMeant(request, hosts) ? closing(await emulator.handler(request)) : misdirected()
  const server = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const { serve } = await import("srvx")
        const started = serve({ fetch: answer, hostname, port, silent: true, gracefulShutdown: false })
        return await started.ready()
      },
      catch: (cause) => new ListenError({ port, message: describe(cause, port) })
    }),
    (server) => Effect.promise(() => server.close(true))
  )
  const url = new URL(server.url ?? `http://${hostname}:${port}`)
  return { url: url.origin, port: Number(url.port) }
})
