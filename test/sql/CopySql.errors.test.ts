/** What `CopySql` refuses, and how it tells an error in the data. */
import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { Carto, type CartoError, CopySql, sql } from "../../src/index.ts"
import { json, masterToken, scriptedFetch } from "../support/scriptedFetch.ts"

const encoder = new TextEncoder()

const layerAnswer = (answer: () => Response) =>
  Carto.layer({ baseUrl: "https://alice.carto.com", apiKey: Redacted.make(masterToken), retry: false }).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, async () => answer())),
    Layer.orDie
  )

const chunked = (bytes: Uint8Array, size: number): Response =>
  new Response(
    new ReadableStream({
      start: (controller) => {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size))
        controller.close()
      }
    })
  )

/** What came out before the end, and how it ended. */
const drain = (statement = sql`COPY t TO STDOUT`) =>
  Effect.gen(function* () {
    let text = ""
    const copy = yield* CopySql
    const end = yield* copy.to(statement).pipe(
      Stream.runForEach((bytes) =>
        Effect.sync(() => (text += Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")))
      ),
      Effect.match({
        onSuccess: () => "whole",
        onFailure: (error: CartoError) => `${error.reason._tag}: ${error.message}`
      })
    )
    return { text, end }
  })

const latin = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0))

describe("the data of CopySql.to", () => {
  const glued = '1\tone\n2\ttwo\n{"error":["division by zero"]}'
  for (let size = 1; size <= glued.length; size += 1) {
    it.effect(`an error after the data fails the stream, in chunks of ${size} bytes`, () =>
      Effect.gen(function* () {
        const { end, text } = yield* drain()
        assert.strictEqual(text, "1\tone\n2\ttwo\n")
        assert.strictEqual(end, "QueryFailed: CopySql.to: division by zero")
      }).pipe(Effect.provide(layerAnswer(() => chunked(encoder.encode(glued), size))))
    )
  }
  it.effect("an error without any data fails the stream", () =>
    Effect.gen(function* () {
      const { end, text } = yield* drain()
      assert.strictEqual(text, "")
      assert.match(end, /^PermissionDenied: CopySql\.to: permission denied for table t/)
    }).pipe(
      Effect.provide(layerAnswer(() => chunked(encoder.encode('{"error":["permission denied for table t"]}'), 5)))
    )
  )
  for (const [name, text] of [
    ["looks like an error but has rows after it", '{"error":["x"]}\n1\n'],
    ["looks like an error but ends with a line end", '1\n{"error":["x"]}\n'],
    ["begins as an error does", '{"err\n{"error":\n'],
    ["looks like an error inside a line", 'a{"error":["x"]}\n'],
    ["begins as an error does and is very long", `{"error":["${"x".repeat(2_000_000)}\n`]
  ] as const) {
    it.effect(`data that ${name} is passed on`, () =>
      Effect.gen(function* () {
        for (const size of [1000, 7]) {
          if (text.length / size > 10_000) continue
          const found = yield* drain().pipe(Effect.provide(layerAnswer(() => chunked(encoder.encode(text), size))))
          assert.strictEqual(found.end, "whole")
          assert.strictEqual(found.text.length, text.length)
        }
      })
    )
  }
  const binary = "PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x04\0\0\0\x07"
  for (const size of [1, 3, 8, 1000]) {
    it.effect(`an error after binary data fails the stream, in chunks of ${size} bytes`, () =>
      Effect.gen(function* () {
        const statement = sql`COPY t TO STDOUT (FORMAT binary)`
        const broken = yield* drain(statement).pipe(
          Effect.provide(layerAnswer(() => chunked(latin(`${binary}{"error":["division by zero"]}`), size)))
        )
        assert.deepStrictEqual(broken, { text: binary, end: "QueryFailed: CopySql.to: division by zero" })
        const whole = yield* drain(statement).pipe(
          Effect.provide(layerAnswer(() => chunked(latin(`${binary}\xff\xff`), size)))
        )
        assert.deepStrictEqual(whole, { text: `${binary}\xff\xff`, end: "whole" })
        const cut = yield* drain(statement).pipe(Effect.provide(layerAnswer(() => chunked(latin(binary), size))))
        assert.include(cut.end, "CopyTruncated")
      })
    )
  }
  it.effect("data that ends in the middle of a row fails with CopyTruncated", () =>
    Effect.gen(function* () {
      assert.include((yield* drain()).end, "CopyTruncated")
    }).pipe(Effect.provide(layerAnswer(() => chunked(encoder.encode("1\tone\n2\tt"), 4))))
  )
})

describe("requests of CopySql", () => {
  const script = scriptedFetch(new Error("asked"))
  const services = Carto.layer({ username: "alice", apiKey: Redacted.make("k"), retry: false }).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, script.fetch))
  )
  for (const [name, statement] of [
    ["a SELECT", sql`SELECT 1`],
    ["a COPY from the client", sql`COPY t FROM STDIN`],
    ["a COPY to a file", sql`COPY t TO 'file'`],
    ["a COPY with a second statement", sql`COPY t TO STDOUT; DROP TABLE t`],
    ["a COPY whose file is named as the client", sql`COPY t FROM 'TO STDOUT'`],
    ["many parentheses that do not close", sql`COPY ${sql.unsafe("(".repeat(50_000))} TO STDOUT FROM STDIN`],
    ["an empty text", sql``]
  ] as const) {
    it.effect(`CopySql.to refuses ${name} before any request`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          Stream.runDrain(Stream.unwrap(CopySql.use((copy) => Effect.succeed(copy.to(statement)))))
        )
        assert.strictEqual(error.reason._tag, "InvalidInput")
        assert.strictEqual(script.asked.length, 0)
      }).pipe(Effect.provide(services))
    )
  }
  for (const [name, statement] of [
    ["a COPY to the client", sql`COPY t TO STDOUT`],
    ["a COPY from a program", sql`COPY t FROM PROGRAM 'ls'`],
    ["an INSERT", sql`INSERT INTO t VALUES (1)`],
    ["a statement too long for a URL", sql`COPY t FROM STDIN -- ${sql.unsafe("x".repeat(8000))}`]
  ] as const) {
    it.effect(`CopySql.from refuses ${name} before any request`, () =>
      Effect.gen(function* () {
        const error: CartoError = yield* Effect.flip(
          CopySql.use((copy) => copy.from(statement, Stream.make(encoder.encode("1\n"))))
        )
        assert.strictEqual(error.reason._tag, "InvalidInput")
        assert.strictEqual(script.asked.length, 0)
      }).pipe(Effect.provide(services))
    )
  }
  it.effect("CopySql.from refuses a runtime that cannot send a stream before any request", () =>
    Effect.gen(function* () {
      // as browsers do that take a stream for an object like any other
      class Stringifying extends Request {
        constructor(input: RequestInfo | URL, init?: RequestInit) {
          super(input, init?.body instanceof ReadableStream ? { ...init, body: String(init.body) } : init)
        }
      }
      vi.stubGlobal("Request", Stringifying)
      yield* Effect.addFinalizer(() => Effect.sync(() => vi.unstubAllGlobals()))
      const { reason } = yield* Effect.flip(
        CopySql.use((copy) => copy.from(sql`COPY t FROM STDIN`, Stream.make(encoder.encode("1\n"))))
      )
      assert.strictEqual(reason._tag === "InvalidInput" && reason.field, "data")
      assert.strictEqual(script.asked.length, 0)
    }).pipe(Effect.provide(services))
  )
  it.effect("the messages of a refused upload are told as reasons", () =>
    Effect.gen(function* () {
      for (const [words, tag] of [
        ["COPY FROM maximum POST size of 2 GB exceeded", "CopyLimitExceeded"],
        ["DB Quota exceeded", "CopyLimitExceeded"],
        ["Connection closed by server: input data too slow", "CopyLimitExceeded"],
        ["No rows copied", "NoRowsCopied"],
        ["extra data after last expected column", "QueryFailed"]
      ] as const) {
        const error: CartoError = yield* Effect.flip(
          CopySql.use((copy) => copy.from(sql`COPY t FROM STDIN`, Stream.make(encoder.encode("1\n"))))
        ).pipe(Effect.provide(layerAnswer(() => json({ error: [words] }, 400))))
        assert.strictEqual(error.reason._tag, tag)
      }
    })
  )
})
