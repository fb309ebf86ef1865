/** Sends one request to the emulator unchanged. `fetch` would rewrite paths and refuse the `Host` header. */
import { Agent, request as send } from "node:http"

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface Options {
  readonly port: number
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** Sends one request to 127.0.0.1 and reads the whole answer. */
export const exchange = (agent: Agent, { body, headers, method, path, port }: Options): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }
    const options = { agent, host: "127.0.0.1", port, method, path, headers: { ...headers, ...length } }
    const outgoing = send(options, (incoming) => {
      const chunks: Array<Buffer> = []
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
      incoming.on("error", reject)
      incoming.on("end", () => {
        const received = new Headers()
        for (const [name, value] of Object.entries(incoming.headers)) received.set(name, String(value))
        resolve({
          status: incoming.statusCode ?? 0,
          headers: received,
          text: Buffer.concat(chunks).toString("utf8")
        })
      })
    })
    outgoing.on("error", reject)
    outgoing.end(body)
  })

export const makeAgent = (): Agent => new Agent({ keepAlive: true })
