/** The data of an upload: everything in which JavaScript holds text or bytes, as chunks of bytes. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { InvalidInput } from "../../../errors/Call.ts"
import type { SourceFailed } from "../../../errors/Copy.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { cartoError } from "../../../errors/internal/cartoError.ts"
import { describe } from "../../../errors/internal/invalidInput.ts"
import { type Elements, fromElements, isElements, isWebStream, problemOf, type Take } from "./elements.ts"
import { chunkSize, GatheredBytes } from "./gatheredBytes.ts"

/** Text, which is sent as UTF-8, or bytes. */
export type ByteChunk = string | ArrayBuffer | SharedArrayBuffer | ArrayBufferView

/** A part of the data of an upload. A `File` is a `Blob`, as is what `Bun.file` returns. */
export type BytePart = ByteChunk | Blob | Response | ReadableStream<ByteChunk> | AsyncIterable<ByteChunk>

/** The data of an upload. A Node stream is an `AsyncIterable`, with an encoding or without. */
export type ByteSource = BytePart | Elements<BytePart>

const remedy =
  "send text, bytes, a Blob, a Response, or a stream or iterable of these; send rows, which are objects, with fromRows"

/** What a value is, as a part of the data. */
type Part =
  | { readonly text: string }
  | { readonly bytes: Uint8Array<ArrayBufferLike> }
  | { readonly parts: Stream.Stream<unknown, SourceFailed> }

type ReadPart = Result.Result<Part, InvalidInput>

const refuse = (field: string, value: unknown, remedy: string): Result.Result<never, InvalidInput> => {
  const received = typeof value === "object" || typeof value === "function" ? describe(value) : `a ${typeof value}`
  return Result.fail(
    new InvalidInput({ field, received: value === undefined || value === null ? String(value) : received, remedy })
  )
}

const tagOf = (value: object): string => Object.prototype.toString.call(value)

/** Also of another realm. */
const isBuffer = (value: object): value is ArrayBufferLike =>
  ["[object ArrayBuffer]", "[object SharedArrayBuffer]"].includes(tagOf(value))

const isDetached = (buffer: ArrayBufferLike): boolean => "detached" in buffer && buffer.detached === true

const has = (value: object, name: string): boolean => typeof Reflect.get(value, name) === "function"

const isBlob = (value: object): value is Blob => has(value, "stream") && has(value, "arrayBuffer")

const isBody = (value: object): value is Response => "body" in value && "bodyUsed" in value && has(value, "arrayBuffer")

/** Node's readers of lines take the line ends away. */
const isLineReader = (value: object): boolean => "crlfDelay" in value && Symbol.asyncIterator in value

const bytesOf = (value: ArrayBufferView | ArrayBufferLike): Uint8Array =>
  ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value)

const isBytes = (value: unknown): value is ArrayBufferView | ArrayBufferLike =>
  ArrayBuffer.isView(value) || (typeof value === "object" && value !== null && isBuffer(value))

const isTransferred = (value: ArrayBufferView | ArrayBufferLike): boolean =>
  isDetached(ArrayBuffer.isView(value) ? value.buffer : value)

/** Copies bytes: their owner may use the same buffer for those that follow. */
const taking: Take<unknown> = {
  keep: (value) => (isBytes(value) && !isTransferred(value) ? new Uint8Array(bytesOf(value)) : value),
  size: (value) => (typeof value === "string" ? value.length : isBytes(value) ? value.byteLength : 0) + 64
}

const readObject = (field: string, value: object, isNested: boolean): ReadPart => {
  if (isBytes(value)) {
    return isTransferred(value)
      ? refuse(field, value, "its bytes have been transferred to somewhere else; send what they were transferred to")
      : Result.succeed({ bytes: bytesOf(value) })
  }
  if (isBody(value)) {
    if (value.bodyUsed) return refuse(field, value, "its body has been read; send a response that has not been read")
    if (value.ok === false) {
      return refuse(field, value, `its status is ${value.status}, so its body is no data; look at its status first`)
    }
    return value.body === null ? Result.succeed({ text: "" }) : readPart(field, value.body, true)
  }
  if (isBlob(value)) {
    // in some runtimes a file that is not there throws here
    return Result.succeed({ parts: Stream.suspend(() => fromElements<unknown>(value.stream(), taking)) })
  }
  const isAsync = isWebStream(value) || Symbol.asyncIterator in value
  if (!isElements(value) || (isNested && !isAsync)) return refuse(field, value, remedy)
  const problem = problemOf(value)
  if (problem !== undefined) return refuse(field, value, problem)
  const parts = fromElements<unknown>(value, taking)
  return Result.succeed({ parts: isLineReader(value) ? Stream.map(parts, (line) => `${String(line)}\n`) : parts })
}

const readPart = (field: string, value: unknown, isNested: boolean): ReadPart => {
  if (typeof value === "string") return Result.succeed({ text: value })
  return typeof value === "object" && value !== null ? readObject(field, value, isNested) : refuse(field, value, remedy)
}

const cut = <A>(length: number, slice: (begin: number, end: number) => A): ReadonlyArray<A> =>
  Array.from({ length: Math.ceil(length / chunkSize) }, (_, index) => slice(index * chunkSize, (index + 1) * chunkSize))

/** Parts that are being taken, from the outermost source inwards. */
interface Level<E> {
  readonly pull: Pull.Pull<NonEmptyReadonlyArray<unknown>, E>
  parts: ReadonlyArray<unknown>
  next: number
}

/** A failure of the data: the caller's own, or one that the operation is named in. */
type DataError<E> = CartoErrorOf<InvalidInput | SourceFailed> | E

/** Takes parts, and those of the sources among them, as chunks. */
const gather = <E>(operation: string, parts: Stream.Stream<unknown, E>): Stream.Stream<Uint8Array, DataError<E>> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const scope = yield* Effect.scope
      const gathered = new GatheredBytes()
      const levels: Array<Level<DataError<E>>> = [{ pull: yield* Stream.toPull(parts), parts: [], next: 0 }]
      let count = 0

      const checked = <A>(result: Result.Result<A, InvalidInput>) =>
        Effect.fromResult(Result.mapError(result, (reason) => cartoError(operation, reason)))

      const enter = (parts: ReadonlyArray<unknown>): Effect.Effect<void> => {
        levels.push({ pull: Cause.done(), parts, next: 0 })
        return Effect.void
      }

      const add = Effect.fnUntraced(function* (value: unknown) {
        const part = yield* checked(readPart(`data[${count}]`, value, true))
        if (levels.length === 1) count += 1
        if ("parts" in part) {
          const inner = Stream.mapError(part.parts, (reason) => cartoError(operation, reason))
          levels.push({ pull: yield* Scope.provide(Stream.toPull(inner), scope), parts: [], next: 0 })
        } else if ("text" in part) {
          const { text } = part
          if (text.length > chunkSize) yield* enter(cut(text.length, (begin, end) => text.slice(begin, end)))
          else gathered.addText(text)
        } else {
          const { bytes } = part
          if (bytes.length > chunkSize) yield* enter(cut(bytes.length, (begin, end) => bytes.subarray(begin, end)))
          else yield* checked(gathered.addBytes(bytes))
        }
      })

      const pull: Pull.Pull<NonEmptyReadonlyArray<Uint8Array>, DataError<E>> = Effect.gen(function* () {
        for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
          if (level.next < level.parts.length) yield* add(level.parts[level.next++])
          else {
            const more = yield* Pull.catchDone(level.pull, () => Effect.undefined)
            level.parts = more ?? []
            level.next = 0
            if (more === undefined) levels.pop()
          }
          const chunk = gathered.isFull ? yield* checked(gathered.take()) : undefined
          if (chunk !== undefined && chunk.length > 0) return [chunk]
        }
        const last = yield* checked(gathered.takeLast())
        return last.length === 0 ? yield* Cause.done() : [last]
      })
      return Stream.fromPull(Effect.succeed(pull))
    })
  )

/**
 * The data of an upload as chunks. Fails with `InvalidInput` for what is neither text nor bytes, with `SourceFailed` if a
 * source throws, and with the failure of a stream.
 */
export const toBytes = <E, R>(
  operation: string,
  data: ByteSource | Stream.Stream<ByteChunk, E, R>
): Stream.Stream<Uint8Array, DataError<E>, R> => {
  if (Stream.isStream(data)) {
    return Stream.unwrap(
      Effect.contextWith((context: Context.Context<R>) =>
        Effect.succeed(gather(operation, Stream.provideContext(data, context)))
      )
    )
  }
  const read = Result.map(readPart("data", data, false), (part): Stream.Stream<unknown, SourceFailed> =>
    "parts" in part ? part.parts : Stream.succeed(data)
  )
  return Stream.unwrap(
    Effect.map(Effect.fromResult(read), (parts) =>
      gather(
        operation,
        Stream.mapError(parts, (reason) => cartoError(operation, reason))
      )
    ).pipe(Effect.mapError((reason) => cartoError(operation, reason)))
  )
}
