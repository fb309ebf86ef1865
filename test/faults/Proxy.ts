/**
 * A proxy on loopback between a client and its server, which breaks requests and responses by a plan. It has its own HTTP,
 * so that it can also break the protocol.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createServer, type Socket } from "node:net"
import { freePort } from "../support/freePort.ts"
import { type Connection, fromSocket } from "./Connection.ts"
import { type Answer, headerOf, type Incoming, readBody, readHead, whole } from "./Http.ts"

/** One request under way. */
export interface Exchange {
  readonly request: Incoming
  readonly connection: Connection
  /** The body of the request. */
  readonly body: () => Promise<Uint8Array | undefined>
  /** Lets the server do what is asked, and takes its answer; `undefined` where the client leaves before the request is whole. */
  readonly forward: () => Promise<Answer | undefined>
  /** Says nothing until the client leaves; `meanwhile` is done again and again. */
  readonly stall: (meanwhile?: () => Promise<unknown>) => Promise<void>
  /** Lets some time pass. */
  readonly pause: () => Promise<void>
  /** Where a server of another origin listens, which must never hear of the key. */
  readonly elsewhere: string
}

/** What is done to a request. */
export type Treatment = (exchange: Exchange) => Promise<void>

export interface ProxyOptions {
  readonly server: (request: Request) => Promise<Response>
  /** What is to be done to this request; as it should be where it says nothing. */
  readonly plan: (request: Incoming) => Treatment | undefined
  /** Sees what the server answers. */
  readonly observe?: (answer: Answer) => void
}

export interface Proxy {
  readonly url: string
  /** A port on which nothing listens. */
  readonly closedPort: number
  /** Requests that arrived, in their order. */
  readonly asked: ReadonlyArray<Incoming>
  /** Requests that arrived at the other origin: each of them is a leak. */
  readonly strayed: () => number
  /** Whether nobody but the clock could go on: every request under way has been met with silence. */
  readonly isSilent: () => boolean
  /** Whether some request is met with silence. */
  readonly isStalled: () => boolean
  /** Waits until the server has done all that it was asked. */
  readonly settled: Effect.Effect<void>
}

/** Listens on a free port of loopback; what it accepts is cut off when the scope closes. */
const listen = (
  accept: (socket: Socket) => void
): Effect.Effect<{ readonly port: number; readonly close: Effect.Effect<void> }, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly close: Effect.Effect<void> }>((resume) => {
      const sockets = new Set<Socket>()
      // what the client ends is not ended by that: an answer may still be on its way
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
        sockets.add(socket)
        socket.once("close", () => sockets.delete(socket))
        accept(socket)
      })
      const close = Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(Effect.succeed({ port, close }))
      })
    }),
    ({ close }) => close
  )

const toAnswer = async (response: Response): Promise<Answer> => ({
  status: response.status,
  headers: [...response.headers],
  body: new Uint8Array(await response.arrayBuffer())
})

const hasBody = ({ method }: Incoming): boolean => method !== "GET" && method !== "HEAD"

/** Hands a request on as it is, and the answer back. */
const passThrough: Treatment = async ({ connection, forward }) => {
  const answer = await forward()
  if (answer !== undefined) await connection.write(whole(answer))
}

export const make = ({ observe, plan, server }: ProxyOptions): Effect.Effect<Proxy, never, Scope.Scope> =>
  Effect.gen(function* () {
    const asked: Array<Incoming> = []
    const underWay = new Set<Promise<unknown>>()
    let busy = 0
    let stalled = 0
    let strayed = 0
    // its port may have been another server's, for whom somebody still calls: who is led here says so
    const led = "/led-here"
    const elsewhere = yield* listen((socket) => {
      socket.on("error", () => undefined)
      socket.once("data", (bytes: Buffer) => {
        if (bytes.toString("latin1").includes(led)) strayed++
        socket.resetAndDestroy()
      })
    })

    const forward = async (request: Incoming, body: Uint8Array | undefined, connection: Connection) => {
      if (body === undefined) return undefined
      const controller = new AbortController()
      void connection.left.then(() => controller.abort())
      const answer = (async () =>
        await toAnswer(
          await server(
            new Request(`http://${headerOf(request, "host") ?? "127.0.0.1"}${request.target}`, {
              method: request.method,
              headers: request.headers
                .filter(([name]) => !["connection", "transfer-encoding"].includes(name.toLowerCase()))
                .map(([name, value]): [string, string] => [name, value]),
              ...(hasBody(request) ? { body: new Uint8Array(body) } : {}),
              signal: controller.signal
            })
          )
        ))()
      underWay.add(answer)
      try {
        const given = await answer
        observe?.(given)
        return given
      } finally {
        underWay.delete(answer)
      }
    }

    const serve = async (connection: Connection): Promise<void> => {
      for (;;) {
        const request = await readHead(connection)
        if (request === undefined) return
        asked.push(request)
        let body: Promise<Uint8Array | undefined> | undefined
        const readOnce = () => (body ??= readBody(connection, request))
        busy++
        try {
          await (plan(request) ?? passThrough)({
            request,
            connection,
            body: readOnce,
            forward: async () => await forward(request, await readOnce(), connection),
            stall: async (meanwhile) => {
              stalled++
              for (;;) {
                if (meanwhile === undefined || !connection.isOpen()) break
                await meanwhile()
                await new Promise((resolve) => setImmediate(resolve))
              }
              await connection.left
              stalled--
            },
            pause: async () => {
              stalled++
              await new Promise((resolve) => setTimeout(resolve, 5))
              stalled--
            },
            elsewhere: `http://127.0.0.1:${elsewhere.port}${led}`
          })
        } finally {
          busy--
        }
        if (!connection.isOpen()) return
      }
    }

    const { port } = yield* listen((socket) => {
      const connection = fromSocket(socket)
      serve(connection).then(
        () => socket.end(),
        () => socket.destroy()
      )
    })
    const closedPort = yield* freePort
    return {
      url: `http://127.0.0.1:${port}`,
      closedPort,
      asked,
      strayed: () => strayed,
      isSilent: () => busy === stalled,
      isStalled: () => stalled > 0,
      settled: Effect.promise(async () => {
        while (underWay.size > 0) await Promise.allSettled(underWay)
      })
    }
  })
