/** HTTP/1.1 as text: reads requests of well-behaved clients, and writes correct responses. */
import type { Connection } from "./Connection.ts"

export interface Incoming {
  readonly method: string
  /** Path and query, as they were sent. */
  readonly target: string
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
}

export interface Answer {
  readonly status: number
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: Uint8Array
}

const crlf = "\r\n"
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

export const headerOf = ({ headers }: Pick<Incoming, "headers">, name: string): string | undefined =>
  headers.find(([given]) => given.toLowerCase() === name)?.[1]

export const readHead = async (connection: Connection): Promise<Incoming | undefined> => {
  const bytes = await connection.until(crlf + crlf)
  if (bytes === undefined) return undefined
  const [line = "", ...lines] = textOf(bytes).trimEnd().split(crlf)
  const [method = "", target = ""] = line.split(" ")
  const headers = lines.map((header) => {
    const colon = header.indexOf(":")
    return [header.slice(0, colon), header.slice(colon + 1).trim()] as const
  })
  return { method, target, headers }
}

const readChunks = async (connection: Connection): Promise<Uint8Array | undefined> => {
  const chunks: Array<Uint8Array> = []
  for (;;) {
    const line = await connection.until(crlf)
    const size = line === undefined ? undefined : Number.parseInt(textOf(line), 16)
    const chunk = size === undefined ? undefined : await connection.take(size + crlf.length)
    if (chunk === undefined || size === undefined) return undefined
    if (size === 0) return Buffer.concat(chunks)
    chunks.push(chunk.subarray(0, size))
  }
}

/** The body of a request; `undefined` where the client leaves before its end. */
export const readBody = async (connection: Connection, request: Incoming): Promise<Uint8Array | undefined> =>
  headerOf(request, "transfer-encoding") === "chunked"
    ? await readChunks(connection)
    : await connection.take(Number(headerOf(request, "content-length") ?? 0))

/** A status line and headers, as they are given. */
export const head = (
  status: number | string,
  headers: ReadonlyArray<readonly [name: string, value: string]> = []
): string =>
  [
    `HTTP/1.1 ${status}${typeof status === "number" ? " Status" : ""}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    "",
    ""
  ].join(crlf)

/** Headers that say how the body is framed, or how it is encoded: they hold for one connection alone. */
const framing = new Set(["connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"])

/** The headers of an answer, without those of its framing. */
export const kept = ({ headers }: Answer): ReadonlyArray<readonly [string, string]> =>
  headers.filter(([name]) => !framing.has(name.toLowerCase()))

/** A chunk as `transfer-encoding: chunked` writes it. */
export const chunk = (bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}${crlf}`), bytes, Buffer.from(crlf)])

/** A whole answer, framed by its length. The connection stays open unless it says that it does not. */
export const whole = (answer: Answer, more: ReadonlyArray<readonly [string, string]> = []): Uint8Array =>
  Buffer.concat([
    Buffer.from(head(answer.status, [...kept(answer), ["content-length", String(answer.body.length)], ...more])),
    answer.body
  ])
