/** Sources of an upload that Node, Deno and Bun have. */
import { PassThrough, Readable } from "node:stream"
import { text, type Sources } from "./sources.ts"

const shared = (): SharedArrayBuffer => {
  const bytes = new TextEncoder().encode(text)
  const buffer = new SharedArrayBuffer(bytes.length)
  new Uint8Array(buffer).set(bytes)
  return buffer
}

export const nodeSources: Sources = {
  Buffer: () => Buffer.from(text),
  SharedArrayBuffer: shared,
  "view of a SharedArrayBuffer": () => new Uint8Array(shared()),
  "Node stream of bytes": () => Readable.from([Buffer.from(text)], { objectMode: false }),
  "Node stream with an encoding": () => {
    const stream = new PassThrough({ encoding: "utf8" })
    for (const byte of Buffer.from(text)) stream.write(Buffer.of(byte))
    stream.end()
    return stream
  },
  "Node stream of objects": () => Readable.from([text.slice(0, 4), Buffer.from(text.slice(4))])
}
