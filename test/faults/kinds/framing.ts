/** Responses with wrong or unusual framing. */
import { type Answer, bytesOf, chunk, head, kept, whole } from "../Http.ts"
import { afterwards, type Fault, framed, half, type Headers, say, withHeaders } from "../Fault.ts"

const length = (bytes: number): Headers[number] => ["content-length", String(bytes)]
const chunked: Headers[number] = ["transfer-encoding", "chunked"]
const close: Headers[number] = ["connection", "close"]
const last = "0\r\n\r\n"

/** Half of a body as a chunk: an empty one would be the last. */
const halfChunk = (answer: Answer): Uint8Array | string => (answer.body.length > 0 ? chunk(half(answer)) : "")

/** Frames the answer by hand: headers of its framing, and what comes in the place of its body. */
const framedBy = (
  frame: (answer: Answer) => readonly [framing: Headers, ...body: ReadonlyArray<Uint8Array | string>]
): Fault["treat"] =>
  afterwards((exchange, answer) => {
    const [framing, ...body] = frame(answer)
    return say(exchange, head(answer.status, [...kept(answer), ...framing]), ...body)
  })

export const framing: ReadonlyArray<Fault> = [
  {
    name: "body shorter than its content-length",
    did: true,
    treat: framedBy((answer) => [[length(answer.body.length + 1000)], half(answer)])
  },
  {
    name: "body longer than its content-length",
    // what is beyond it is no part of it
    isForged: true,
    isVariant: true,
    did: true,
    treat: framedBy((answer) => [[length(half(answer).length), close], answer.body])
  },
  {
    name: "chunks without their end",
    did: true,
    treat: framedBy((answer) => [[chunked], halfChunk(answer)])
  },
  {
    name: "a chunk whose size is no number",
    did: true,
    treat: framedBy((answer) => [[chunked], halfChunk(answer), "zz\r\n", answer.body])
  },
  {
    name: "half a body, ended by the connection alone",
    // the same as a whole one
    isForged: true,
    did: true,
    treat: framedBy((answer) => [[close], half(answer)])
  },
  {
    name: "the whole body, ended by the connection alone",
    did: true,
    treat: framedBy(({ body }) => [[close], body])
  },
  {
    name: "HTTP/1.0",
    isVariant: true,
    did: true,
    treat: afterwards((exchange, answer) =>
      say(exchange, head(answer.status, kept(answer)).replace("HTTP/1.1", "HTTP/1.0"), answer.body)
    )
  },
  {
    name: "a chunk for every byte",
    isVariant: true,
    did: true,
    treat: framedBy(({ body }) => [[chunked], ...Array.from(body, (byte) => chunk(Uint8Array.of(byte))), last])
  },
  {
    name: "a packet for every byte",
    did: true,
    treat: afterwards(async ({ connection }, answer) => {
      for (const byte of whole(answer)) {
        await connection.write(Uint8Array.of(byte))
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
  },
  {
    name: "trailers and chunk extensions",
    isVariant: true,
    did: true,
    treat: framedBy(({ body }) => [
      [chunked, ["trailer", "retry-after"]],
      `${body.length.toString(16)};name="value"\r\n`,
      body,
      `\r\n0\r\nretry-after: 1\r\n\r\n`
    ]),
    when: ({ target }) => !target.includes("/copyto")
  },
  {
    name: "content-length beside chunks",
    isVariant: true,
    did: true,
    treat: framedBy(({ body }) => [[chunked, length(3)], chunk(body.length === 0 ? bytesOf(" ") : body), last])
  },
  {
    name: "two lengths that differ",
    isVariant: true,
    did: true,
    treat: framedBy(({ body }) => [[length(body.length), length(3)], body])
  },
  {
    name: "a length below zero",
    isVariant: true,
    did: true,
    treat: framedBy(({ body }) => [[length(-1)], body])
  },
  {
    name: "no HTTP at all",
    did: undefined,
    treat: async (exchange) => {
      await exchange.body()
      await say(exchange, "SSH-2.0-OpenSSH_9.9\r\n\r\n")
    }
  },
  {
    name: "a NUL in a header",
    isVariant: true,
    did: true,
    treat: withHeaders(["x-odd", "a\0b"])
  },
  {
    name: "a header of 1 MB",
    isVariant: true,
    did: true,
    treat: withHeaders(["x-long", "a".repeat(1 << 20)])
  },
  {
    name: "a head without end",
    isVariant: true,
    did: true,
    treat: afterwards(async ({ connection }, answer) => {
      await connection.write(head(answer.status, kept(answer)).slice(0, -2))
      const line = `x-odd: ${"a".repeat(1000)}\r\n`
      while (await connection.write(line)) await new Promise((resolve) => setImmediate(resolve))
    })
  },
  {
    name: "every header twice",
    isVariant: true,
    did: true,
    treat: afterwards((exchange, answer) =>
      say(exchange, framed(answer.status, [...kept(answer), ...kept(answer)], answer.body))
    )
  },
  {
    name: "100 and 103 before the answer",
    did: true,
    treat: afterwards((exchange, answer) =>
      say(
        exchange,
        head("100 Continue"),
        head("103 Early Hints", [["link", "</a.css>; rel=preload"]]),
        framed(answer.status, kept(answer), answer.body)
      )
    )
  },
  {
    name: "101 that nobody asked for",
    isVariant: true,
    did: undefined,
    treat: async (exchange) => {
      await exchange.body()
      await say(
        exchange,
        head("101 Switching Protocols", [
          ["upgrade", "websocket"],
          ["connection", "upgrade"]
        ])
      )
    }
  },
  {
    name: "a second answer that nobody asked for",
    did: true,
    treat: afterwards(async ({ connection }, answer) => {
      const forged = { status: 200, headers: [["content-type", "application/json"]] as const, body: bytesOf("{}") }
      await connection.write(Buffer.concat([whole(answer), whole(forged)]))
    })
  }
]
