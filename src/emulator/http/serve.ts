/** An HTTP server on the loopback interface, from the runtime's own API. */
import * as Predicate from "effect/Predicate"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"

/** The function that responds to a request. */
export type Handle = (request: Request) => Promise<Response>

/** A running server. */
export interface RunningServer {
  readonly port: number
  /** Stops the server immediately, and aborts the active requests. */
  readonly close: () => Promise<void>
}

type Serve = (options: {
  readonly hostname: string
  readonly port: number
  readonly handle: Handle
}) => Promise<RunningServer>

/** The number of body bytes that are buffered before a reader requests them. */
const readAhead = 64 * 1024

const bodyOf = (incoming: IncomingMessage): ReadableStream<Uint8Array<ArrayBuffer>> => {
  let isOver = false
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start: (controller) => {
        const fail = () => {
          if (isOver) return
          isOver = true
          controller.error(new Error("the client has left"))
        }
        incoming.on("data", (chunk: Buffer) => {
          if (isOver) return
          controller.enqueue(new Uint8Array(chunk))
          if ((controller.desiredSize ?? 0) <= 0) incoming.pause()
        })
        incoming.once("end", () => {
          if (isOver) return
          isOver = true
          controller.close()
        })
        incoming.once("error", fail)
        incoming.once("close", fail)
        incoming.pause()
      },
      pull: () => {
        incoming.resume()
      },
      cancel: () => {
        isOver = true
      }
    },
    new ByteLengthQueuingStrategy({ highWaterMark: readAhead })
  )
}

const toRequest = (incoming: IncomingMessage, signal: AbortSignal): Request => {
  const { headers, method = "GET", rawHeaders, url: target = "/" } = incoming
  const all = new Headers()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) all.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "")
  const url = target.startsWith("/") ? `http://${headers.host ?? ""}${target}` : target
  const hasBody = method !== "GET" && method !== "HEAD"
  return new Request(url, {
    method,
    headers: all,
    signal,
    ...(hasBody ? { body: bodyOf(incoming), duplex: "half" } : {})
  })
}

const drained = (outgoing: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    if (outgoing.destroyed) return resolve()
    const done = () => {
      outgoing.off("drain", done)
      outgoing.off("close", done)
      resolve()
    }
    outgoing.once("drain", done)
    outgoing.once("close", done)
  })

const send = async (response: Response, outgoing: ServerResponse): Promise<void> => {
  const reader = response.body?.getReader()
  const cancel = () => void reader?.cancel().catch(() => {})
  // the client may have left while the response was made: then there is no event of the end to come
  if (outgoing.destroyed) return cancel()
  outgoing.once("close", cancel)
  outgoing.writeHead(response.status, [...response.headers].flat())
  try {
    for (;;) {
      const next = await reader?.read()
      if (next === undefined || next.done) break
      if (outgoing.destroyed) return cancel()
      if (!outgoing.write(next.value)) await drained(outgoing)
    }
    outgoing.end()
  } catch {
    outgoing.destroy()
  }
}

const onNode: Serve = ({ handle, hostname, port }) =>
  new Promise((resolve, reject) => {
    const respond = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
      const leaving = new AbortController()
      outgoing.once("close", () => {
        if (!outgoing.writableFinished) leaving.abort()
      })
      let request: Request
      try {
        request = toRequest(incoming, leaving.signal)
      } catch {
        outgoing.writeHead(400, { connection: "close" }).end()
        return
      }
      await send(await handle(request), outgoing)
    }
    const server = createServer((incoming, outgoing) => {
      respond(incoming, outgoing).catch(() => outgoing.destroy())
    })
    server.once("error", reject)
    server.listen(port, hostname, () => {
      server.off("error", reject)
      const address = server.address()
      resolve({
        port: typeof address === "object" && address !== null ? address.port : port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            server.closeAllConnections()
          })
      })
    })
  })

interface DenoServer {
  readonly addr: { readonly port: number }
  readonly finished: Promise<void>
}

interface DenoRuntime {
  readonly serve: (
    options: {
      readonly hostname: string
      readonly port: number
      readonly signal: AbortSignal
      readonly onListen: () => void
    },
    handle: Handle
  ) => DenoServer
}

const onDeno =
  (deno: DenoRuntime): Serve =>
  async ({ handle, hostname, port }) => {
    const stop = new AbortController()
    const server = deno.serve({ hostname, port, signal: stop.signal, onListen: () => {} }, handle)
    return {
      port: server.addr.port,
      close: async () => {
        stop.abort()
        await server.finished
      }
    }
  }

interface BunRuntime {
  readonly serve: (options: {
    readonly hostname: string
    readonly port: number
    readonly fetch: Handle
    /** The idle timeout in seconds. 0 means no timeout. */
    readonly idleTimeout: number
    readonly maxRequestBodySize: number
  }) => { readonly port: number; readonly stop: (now: boolean) => Promise<void> }
}

const largestBody = 2 ** 31

const onBun =
  (bun: BunRuntime): Serve =>
  async ({ handle, hostname, port }) => {
    const server = bun.serve({ hostname, port, fetch: handle, idleTimeout: 0, maxRequestBodySize: largestBody })
    return { port: server.port, close: async () => void server.stop(true) }
  }

const hasServe = (runtime: unknown): boolean =>
  Predicate.hasProperty(runtime, "serve") && typeof runtime.serve === "function"

const isDeno = (runtime: unknown): runtime is DenoRuntime => hasServe(runtime)
const isBun = (runtime: unknown): runtime is BunRuntime => hasServe(runtime)

const deno: unknown = Reflect.get(globalThis, "Deno")
const bun: unknown = Reflect.get(globalThis, "Bun")

/**
 * Starts a server with Deno's API, Bun's API or `node:http`, depending on the runtime. Port 0 selects any free port.
 */
export const serve: Serve = isDeno(deno) ? onDeno(deno) : isBun(bun) ? onBun(bun) : onNode
