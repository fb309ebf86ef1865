/** What can be uploaded: each source of a JavaScript program arrives as it is, or is refused before the request. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { createReadStream } from "node:fs"
import { mkdtemp, open, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { PassThrough, Readable } from "node:stream"
import { type ByteSource, type CartoError, CopySql, sql } from "../../src/index.ts"
import { connect, isCartoError } from "../../src/promise/index.ts"
import { copy } from "../../src/promise/copy.ts"
import { json, masterToken, provideScript, type ScriptedFetch } from "../support/scriptedFetch.ts"

const encoder = new TextEncoder()
const into = sql`COPY t FROM STDIN`

/** A server that keeps the bytes of the last upload. */
const server = () => {
  const bodies: Array<Uint8Array> = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const body = new Uint8Array(await new Request(input, init).arrayBuffer())
    bodies.push(body)
    return json({ total_rows: 1, time: 0.1 })
  }
  const script: ScriptedFetch = { fetch, asked: [] }
  return { script, bodies }
}

const text = "1\tone\n2\t☃ 😀\n"
const bytes = encoder.encode(text)

const shared = (): SharedArrayBuffer => {
  const buffer = new SharedArrayBuffer(bytes.length)
  new Uint8Array(buffer).set(bytes)
  return buffer
}

async function* asynchronous<A>(...parts: ReadonlyArray<A>): AsyncGenerator<A> {
  for (const part of parts) {
    await Promise.resolve()
    yield part
  }
}

function* reusing(): Generator<Uint8Array> {
  const buffer = new Uint8Array(1)
  for (const byte of bytes) {
    buffer[0] = byte
    yield buffer
  }
}

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "effect-carto-upload-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true }))
)
const file = Effect.flatMap(folder, (path) =>
  Effect.as(
    Effect.promise(() => writeFile(join(path, "data"), text)),
    join(path, "data")
  )
)

const byteStream = (): ReadableStream<Uint8Array> =>
  new ReadableStream({
    type: "bytes",
    start: (controller) => {
      controller.enqueue(bytes.slice())
      controller.close()
    }
  })

const half = text.indexOf("😀") + 1

const sources: ReadonlyArray<readonly [string, () => ByteSource]> = [
  ["a string", () => text],
  ["a Uint8Array", () => bytes],
  ["a Buffer", () => Buffer.from(text)],
  ["a DataView of a part of a buffer", () => new DataView(encoder.encode(`xx${text}yy`).buffer, 2, bytes.length)],
  ["an Int8Array", () => new Int8Array(bytes.buffer.slice(0))],
  ["an ArrayBuffer", () => bytes.buffer.slice(0)],
  ["a SharedArrayBuffer", shared],
  ["a view of a SharedArrayBuffer", () => new Uint8Array(shared())],
  ["a Blob", () => new Blob([text])],
  ["a File", () => new File([text], "rows.tsv")],
  ["a Response", () => new Response(text)],
  ["the body of a Response", () => new Response(text).body ?? ""],
  ["a web stream of text", () => new Blob([text]).stream().pipeThrough(new TextDecoderStream())],
  ["a web stream of bytes that can be read into a buffer", () => byteStream()],
  ["a Node stream of bytes", () => Readable.from([Buffer.from(text)], { objectMode: false })],
  ["a Node stream with an encoding", () => new PassThrough({ encoding: "utf8" }).end(text)],
  ["a Node stream of objects", () => Readable.from([text.slice(0, 4), bytes.slice(4)])],
  ["an array of strings", () => [text.slice(0, 3), text.slice(3)]],
  ["a Set of strings", () => new Set([text.slice(0, 3), text.slice(3)])],
  ["strings that are cut inside a character", () => [text.slice(0, half), text.slice(half)]],
  ["a generator that fills the same buffer again", () => reusing()],
  [
    "an async generator of every kind of part",
    () =>
      asynchronous<string | ArrayBuffer | Uint8Array | Blob>(
        "1\t",
        encoder.encode("on").buffer,
        new Blob(["e\n"]),
        encoder.encode("2\t☃"),
        " 😀\n"
      )
  ],
  [
    "an array with streams, Blobs and Responses in it",
    () => [
      new Response("1\t"),
      asynchronous("one"),
      new Blob(["\n"]),
      Readable.from(["2\t☃"]),
      new Blob([" 😀\n"]).stream()
    ]
  ]
]

describe("sources of an upload", () => {
  for (const [name, make] of sources) {
    it.effect(`CopySql.from sends ${name} as it is`, () => {
      const { bodies, script } = server()
      return Effect.gen(function* () {
        const result = yield* CopySql.use(({ from }) => from(into, make()))
        assert.deepStrictEqual([result.rows, bodies.map((body) => new TextDecoder().decode(body))], [1, [text]])
      }).pipe(provideScript(script))
    })
    it(`copy(client).from sends ${name} as it is`, async () => {
      const { bodies, script } = server()
      const client = connect({ username: "alice", apiKey: masterToken, fetch: script.fetch })
      await copy(client).from(into, make())
      assert.deepStrictEqual(
        bodies.map((body) => new TextDecoder().decode(body)),
        [text]
      )
    })
  }

  it.effect("CopySql.from sends a stream of text and bytes as it is", () => {
    const { bodies, script } = server()
    return Effect.gen(function* () {
      yield* CopySql.use(({ from }) =>
        from(into, Stream.make<ReadonlyArray<string | Uint8Array>>(text.slice(0, 3), encoder.encode(text.slice(3))))
      )
      assert.deepStrictEqual(bodies, [bytes])
    }).pipe(provideScript(script))
  })

  it.effect("a file is sent as it is with an encoding, without, and line by line", () => {
    const { bodies, script } = server()
    return Effect.gen(function* () {
      const path = yield* file
      const { from } = yield* CopySql
      yield* from(into, createReadStream(path))
      yield* from(into, createReadStream(path, "utf8"))
      yield* from(into, createReadStream(path, { encoding: "utf8", highWaterMark: 3 }))
      yield* from(into, createInterface(createReadStream(path)))
      assert.deepStrictEqual(bodies, [bytes, bytes, bytes, bytes])
    }).pipe(Effect.scoped, provideScript(script))
  })

  it.effect("large text and bytes arrive whole", () => {
    const { bodies, script } = server()
    return Effect.gen(function* () {
      const { from } = yield* CopySql
      const large = text.repeat(50_000)
      yield* from(into, large)
      yield* from(into, encoder.encode(large))
      yield* from(
        into,
        Array.from({ length: 50_000 }, () => text)
      )
      for (const body of bodies) assert.deepStrictEqual(Buffer.compare(body, encoder.encode(large)), 0)
      assert.strictEqual(bodies.length, 3)
    }).pipe(provideScript(script))
  })
})

const detached = (): ArrayBuffer => {
  const buffer = bytes.buffer.slice(0)
  structuredClone(buffer, { transfer: [buffer] })
  return buffer
}
const locked = (): ReadableStream => {
  const stream = new Blob([text]).stream()
  stream.getReader()
  return stream
}

const refused: ReadonlyArray<readonly [string, () => unknown, string, string]> = [
  ["undefined", () => undefined, "data", "undefined"],
  ["null", () => null, "data", "null"],
  ["a number", () => 7, "data", "a number"],
  ["a function", () => () => text, "data", "a function"],
  ["a promise", () => Promise.resolve(text), "data", "a Promise"],
  ["an object", () => ({ a: 1 }), "data", "an object"],
  ["rows", () => [{ a: 1 }], "data[0]", "an object"],
  ["rows as arrays", () => [["1", "one"]], "data[0]", "an array of 2"],
  ["a Map", () => new Map([["a", "b"]]), "data[0]", "an array of 2"],
  ["URLSearchParams", () => new URLSearchParams("a=b"), "data[0]", "an array of 2"],
  ["numbers", () => [1, 2], "data[0]", "a number"],
  ["a number in a stream", () => Readable.from([7]), "data[0]", "a number"],
  ["a number of an async generator", () => asynchronous<unknown>(7), "data[0]", "a number"],
  ["half of a character", () => "a\ud83d", "data", "a string of 2 characters"],
  ["half of a character before bytes", () => ["\ud83d", bytes], "data", "a string of 1 characters"],
  ["a detached buffer", detached, "data", "a ArrayBuffer"],
  [
    "a view of a detached buffer",
    () => {
      const view = new Uint8Array(8)
      structuredClone(view.buffer, { transfer: [view.buffer] })
      return view
    },
    "data",
    "a Uint8Array"
  ],
  ["a locked stream", locked, "data", "a ReadableStream"],
  ["a response that is an error", () => new Response("no", { status: 404 }), "data", "a Response"]
]

describe("values that cannot be uploaded", () => {
  for (const [name, make, field, received] of refused) {
    it.effect(`${name}: CopySql.from and copy(client).from refuse it before the request`, () => {
      const { bodies, script } = server()
      return Effect.gen(function* () {
        const error: CartoError = yield* Effect.flip(CopySql.use(({ from }) => from(into, make() as never)))
        assert.deepInclude(error.reason, { _tag: "InvalidInput", field, received })
        const client = connect({ username: "alice", apiKey: masterToken, fetch: script.fetch })
        const rejection = yield* Effect.flip(Effect.tryPromise(() => copy(client).from(into, make() as never)))
        assert.isTrue(isCartoError(rejection.cause, "InvalidInput"))
        assert.deepStrictEqual(bodies, [])
      }).pipe(provideScript(script))
    })
  }

  it.effect("sources that have been read are refused before the request", () => {
    const { bodies, script } = server()
    return Effect.gen(function* () {
      const response = new Response(text)
      const stream = Readable.from([text])
      yield* Effect.promise(async () => {
        await response.text()
        for await (const _ of stream);
      })
      const handle = yield* Effect.acquireRelease(
        Effect.flatMap(file, (path) => Effect.promise(() => open(path))),
        (opened) => Effect.promise(() => opened.close())
      )
      for (const [source, received] of [
        [response, "a Response"],
        [stream, "a Readable"],
        [handle, "a FileHandle"]
      ] as const) {
        const error: CartoError = yield* Effect.flip(CopySql.use(({ from }) => from(into, source as never)))
        assert.deepInclude(error.reason, { _tag: "InvalidInput", field: "data", received })
      }
      assert.deepStrictEqual(bodies, [])
    }).pipe(Effect.scoped, provideScript(script))
  })

  it.effect("a bad part after good ones fails the upload with the number of the part", () =>
    Effect.gen(function* () {
      const parts = [...Array.from({ length: 3 }, () => "x".repeat(100_000)), 7]
      const error: CartoError = yield* Effect.flip(CopySql.use(({ from }) => from(into, parts as never)))
      assert.deepInclude(error.reason, { _tag: "InvalidInput", field: "data[3]", received: "a number" })
    }).pipe(provideScript(server().script))
  )
})

describe("sources that fail", () => {
  const failing: ReadonlyArray<readonly [string, (cause: Error) => ByteSource]> = [
    [
      "an iterable",
      (cause) =>
        (function* () {
          throw cause
        })()
    ],
    [
      "an async iterable",
      (cause) =>
        (async function* () {
          throw cause
        })()
    ],
    ["a web stream", (cause) => new ReadableStream({ pull: () => Promise.reject(cause) })],
    [
      "a Node stream",
      (cause) =>
        new Readable({
          read() {
            this.destroy(cause)
          }
        })
    ]
  ]
  for (const [name, make] of failing) {
    it.effect(`${name} that throws at once fails the upload with its cause, before the request`, () => {
      const { bodies, script } = server()
      return Effect.gen(function* () {
        const cause = new Error("the disk is gone")
        const error: CartoError = yield* Effect.flip(CopySql.use(({ from }) => from(into, make(cause))))
        assert.isTrue(error.reason._tag === "SourceFailed" && error.reason.cause === cause)
        assert.include(error.message, "the source of the data failed: the disk is gone")
        const client = connect({ username: "alice", apiKey: masterToken, fetch: script.fetch })
        const rejection = yield* Effect.flip(Effect.tryPromise(() => copy(client).from(into, make(cause))))
        assert.strictEqual(rejection.cause, cause)
        assert.deepStrictEqual(bodies, [])
      }).pipe(provideScript(script))
    })
  }

  it.live("a source is left when the upload is interrupted", () =>
    Effect.gen(function* () {
      let isLeft = false
      const endless = async function* () {
        try {
          while (true) yield await new Promise<string>((resolve) => setTimeout(() => resolve("1\n"), 1))
        } finally {
          isLeft = true
        }
      }
      const error = yield* CopySql.use(({ from }) => from(into, endless())).pipe(
        Effect.timeout("50 millis"),
        Effect.flip
      )
      assert.strictEqual(error._tag, "TimeoutError")
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 20)))
      assert.isTrue(isLeft)
    }).pipe(provideScript(server().script))
  )
})
