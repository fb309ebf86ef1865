/** Answers whose framing is wrong, or unusual. */
import { bytesOf, chunk, head, kept, whole } from "../Http.ts"
import { afterwards, type Fault, framed, halves, say } from "../Fault.ts"

const lengthOf = (body: Uint8Array): readonly [string, string] => ["content-length", String(body.length)]
const chunked: readonly [string, string] = ["transfer-encoding", "chunked"]
const last = "0\r\n\r\n"

export const framing: ReadonlyArray<Fault> = [
  {
    name: "body shorter than its content-length",
    did: true,
    treat: afterwards(async (exchange, answer) => {
      const [first] = halves(answer)
      await say(
        exchange,
        head(answer.status, [...kept(answer), ["content-length", String(answer.body.length + 1000)]]),
        first
      )
    })
  },
  {
    name: "body longer than its content-length",
    // what is beyond it is no part of it
    isForged: true,
    isVariant: true,
    did: true,
    treat: afterwards(async (exchange, answer) => {
      const [first] = halves(answer)
      await say(exchange, head(answer.status, [...kept(answer), lengthOf(first), ["connection", "close"]]), answer.body)
    })
  },
  {
    name: "chunks without their end",
    did: true,
    treat: afterwards(async (exchange, answer) => {
      const [first] = halves(answer)
      await say(exchange, head(answer.status, [...kept(answer), chunked]), first.length > 0 ? chunk(first) : "")
    })
  },
  {
    name: "a chunk whose size is no number",
    did: true,
    treat: afterwards(async (exchange, answer) => {
      const [first] = halves(answer)
      await say(
        exchange,
        head(answer.status, [...kept(answer), chunked]),
        first.length > 0 ? chunk(first) : "",
        "zz\r\n",
        answer.body
      )
    })
  },
  {
    name: "half a body, ended by the connection alone",
    // the same as a whole one
    isForged: true,
    did: true,
    treat: afterwards(async (exchange, answer) => {
      const [first] = halves(answer)
      await say(exchange, head(answer.status, [...kept(answer), ["connection", "close"]]), first)
    })
  },
  {
    name: "the whole body, ended by the connection alone",
    did: true,
    treat: afterwards((exchange, answer) =>
      say(exchange, head(answer.status, [...kept(answer), ["connection", "close"]]), answer.body)
    )
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
    treat: afterwards(async (exchange, answer) => {
      const bytes = Array.from(answer.body, (byte) => chunk(Uint8Array.of(byte)))
      await say(exchange, head(answer.status, [...kept(answer), chunked]), ...bytes, last)
    })
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
    treat: afterwards((exchange, answer) =>
      say(
        exchange,
        head(answer.status, [...kept(answer), chunked, ["trailer", "retry-after"]]),
        `${answer.body.length.toString(16)};name="value"\r\n`,
        answer.body,
        `\r\n0\r\nretry-after: 1\r\n\r\n`
      )
    ),
    when: ({ target }) => !target.includes("/copyto")
  },
  {
    name: "content-length beside chunks",
    isVariant: true,
    did: true,
    treat: afterwards((exchange, answer) =>
      say(
        exchange,
        head(answer.status, [...kept(answer), chunked, ["content-length", "3"]]),
        chunk(answer.body.length === 0 ? bytesOf(" ") : answer.body),
        last
      )
    )
  },
  {
    name: "two lengths that differ",
    isVariant: true,
    did: true,
    treat: afterwards((exchange, answer) =>
      say(exchange, head(answer.status, [...kept(answer), lengthOf(answer.body), ["content-length", "3"]]), answer.body)
    )
  },
  {
    name: "a length below zero",
    isVariant: true,
    did: true,
    treat: afterwards((exchange, answer) =>
      say(exchange, head(answer.status, [...kept(answer), ["content-length", "-1"]]), answer.body)
    )
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
    treat: afterwards((exchange, answer) =>
      say(exchange, framed(answer.status, [...kept(answer), ["x-odd", "a\0b"]], answer.body))
    )
  },
  {
    name: "a header of 1 MB",
    isVariant: true,
    did: true,
    treat: afterwards((exchange, answer) =>
      say(exchange, framed(answer.status, [...kept(answer), ["x-long", "a".repeat(1 << 20)]], answer.body))
    )
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
