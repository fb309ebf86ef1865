/** Sources of an upload that every runtime has. Each holds the same text. */
import type { ByteSource } from "../../src/index.ts"

export const uploaded = [
  { name: "upload", year: 1 },
  { name: "upload ☃ 😀", year: 2 }
] as const

export const text: string = uploaded.map(({ name, year }) => `${name}\t${year}\n`).join("")

export type Sources = Readonly<Record<string, () => ByteSource>>

const bytes = (): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

async function* asynchronous<A>(...parts: ReadonlyArray<A>): AsyncGenerator<A> {
  for (const part of parts) {
    await Promise.resolve()
    yield part
  }
}

const half = text.indexOf("😀") + 1

export const webSources: Sources = {
  string: () => text,
  "strings cut inside a character": () => [text.slice(0, half), text.slice(half)],
  ArrayBuffer: () => bytes().buffer,
  DataView: () => new DataView(bytes().buffer),
  Blob: () => new Blob([text]),
  File: () => new File([text], "rows.tsv"),
  Response: () => new Response(text),
  "stream of bytes": () => new Blob([text]).stream(),
  "stream of text": () => new Blob([text]).stream().pipeThrough(new TextDecoderStream()),
  "parts of every kind": () =>
    asynchronous<string | Blob | ArrayBuffer | Response | Uint8Array>(
      text.slice(0, 3),
      new Blob([text.slice(3, 5)]),
      new TextEncoder().encode(text.slice(5, 7)).buffer,
      new Response(text.slice(7, 9)),
      new TextEncoder().encode(text.slice(9))
    )
}

/** Values that are refused before the request. */
export const refused: Readonly<Record<string, unknown>> = {
  number: 7,
  promise: Promise.resolve(text),
  rows: [{ name: "upload" }],
  "half of a character": "\ud83d",
  "number among text": [text, 7]
}
