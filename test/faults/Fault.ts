/** Faults between a client and its server. */
import { type Answer, bytesOf, head, type Incoming, kept } from "./Http.ts"
import type { Exchange, Treatment } from "./Proxy.ts"

export interface Fault {
  readonly name: string
  /** Whether the server did what it was asked; `undefined` where it did not, but the client cannot know that. */
  readonly did: boolean | undefined
  /** How it is done to a request; `"refuse"` sends the request to a port where nothing listens. */
  readonly treat: Treatment | "refuse"
  /** That its answer is false, and nobody can tell: what a success says is not looked at. */
  readonly isForged?: boolean | undefined
  /** That something comes from time to time, for ever: what is streamed goes on then. */
  readonly isEndless?: boolean | undefined
  /** That it tries the client's reading of one request: what is made of several meets its like among the others. */
  readonly isVariant?: boolean | undefined
  /** Which requests it is for. Default: every one. */
  readonly when?: ((request: Incoming) => boolean) | undefined
}

export type Headers = ReadonlyArray<readonly [name: string, value: string]>

export const json: Headers = [["content-type", "application/json; charset=utf-8"]]
export const html: Headers = [["content-type", "text/html"]]

/** Sends bytes and ends the connection in good order. */
export const say = async ({ connection }: Exchange, ...parts: ReadonlyArray<Uint8Array | string>): Promise<void> => {
  for (const part of parts) await connection.write(part)
  await connection.end()
}

/** An answer of one's own, framed as it should be. */
export const framed = (status: number | string, headers: Headers, body: Uint8Array | string): Uint8Array => {
  const bytes = typeof body === "string" ? bytesOf(body) : body
  return Buffer.concat([
    Buffer.from(head(status, [...headers, ["content-length", String(bytes.length)], ["connection", "close"]])),
    bytes
  ])
}

/** Answers in the server's place, which never hears of the request. */
export const instead =
  (answer: (exchange: Exchange) => Uint8Array): Treatment =>
  async (exchange) => {
    if ((await exchange.body()) !== undefined) await say(exchange, answer(exchange))
  }

/** Lets the server do what it is asked, and does something to its answer. */
export const afterwards =
  (treat: (exchange: Exchange, answer: Answer) => Promise<void>): Treatment =>
  async (exchange) => {
    const answer = await exchange.forward()
    if (answer !== undefined) await treat(exchange, answer)
  }

/** Lets the server do what it is asked, and adds headers to its answer, which is framed as it should be. */
export const withHeaders = (...headers: Headers): Treatment =>
  afterwards((exchange, answer) => say(exchange, framed(answer.status, [...kept(answer), ...headers], answer.body)))

/** Lets the server do what it is asked, and changes the body of its answer, which is framed as it should be. */
export const rewritten = (change: (text: string, exchange: Exchange) => Uint8Array | string): Treatment =>
  afterwards((exchange, answer) =>
    say(exchange, framed(answer.status, kept(answer), change(new TextDecoder().decode(answer.body), exchange)))
  )

/** Half of a body, which is not empty where that is possible. */
export const half = ({ body }: Answer): Uint8Array => body.subarray(0, Math.max(1, body.length >> 1))
