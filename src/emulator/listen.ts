/** The emulator as an HTTP server on the loopback interface. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { EmulatorService } from "./Emulator.ts"
import type { ErrorClass } from "./ErrorClass.ts"

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

/**
 * Listens on 127.0.0.1 until the scope closes. `port` is 0 by default, which takes any that is free.
 * Needs the package `srvx`.
 */
export const listen: (
  emulator: Pick<EmulatorService, "handler">,
  options?: { readonly port?: number | undefined }
) => Effect.Effect<Listening, ListenError, Scope.Scope> = Effect.fnUntraced(function* (emulator, options = {}) {
  const { port = 0 } = options
  const server = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const { serve } = await import("srvx")
        const started = serve({ fetch: emulator.handler, hostname, port, silent: true, gracefulShutdown: false })
        return await started.ready()
      },
      catch: (cause) => new ListenError({ port, message: describe(cause, port) })
    }),
    (server) => Effect.promise(() => server.close(true))
  )
  const url = new URL(server.url ?? `http://${hostname}:${port}`)
  return { url: url.origin, port: Number(url.port) }
})
