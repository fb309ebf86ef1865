/** Sources of bytes and rows as the web has them, to and from streams. */
import * as Stream from "effect/Stream"

/** Data that can be sent. */
export type ByteSource =
  | string
  | Uint8Array
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>

const isReadable = <A>(source: object): source is ReadableStream<A> =>
  "getReader" in source && typeof source.getReader === "function"

const isAsync = <A>(source: AsyncIterable<A> | Iterable<A>): source is AsyncIterable<A> =>
  Symbol.asyncIterator in source

/** The elements of a source. Fails with what the source throws. */
export const fromSource = <A>(
  source: ReadableStream<A> | AsyncIterable<A> | Iterable<A>
): Stream.Stream<A, unknown> => {
  if (isReadable<A>(source)) return Stream.fromReadableStream({ evaluate: () => source, onError: (cause) => cause })
  return isAsync(source) ? Stream.fromAsyncIterable(source, (cause) => cause) : Stream.fromIterable(source)
}

/** The bytes of a source. Fails with what the source throws. */
export const fromBytes = (source: ByteSource): Stream.Stream<Uint8Array, unknown> => {
  if (typeof source === "string") return Stream.make(new TextEncoder().encode(source))
  if (source instanceof Uint8Array) return Stream.make(source)
  return fromSource(source instanceof Blob ? source.stream() : source)
}

/** A `ReadableStream` that reads no further than its reader. Canceling it leaves the iteration. */
export const toReadable = (source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> => {
  const iterator = source[Symbol.asyncIterator]()
  return new ReadableStream(
    {
      pull: async (controller) => {
        const next = await iterator.next()
        if (next.done === true) controller.close()
        else controller.enqueue(new Uint8Array(next.value))
      },
      cancel: async () => {
        await iterator.return?.()
      }
    },
    { highWaterMark: 0 }
  )
}
