/** What JavaScript has for many values one after another, as a stream. */
import { isReadonlyArrayNonEmpty, type NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { SourceFailed } from "../../../errors/Copy.ts"

/** A web stream, or an iterable of either kind. A Node stream is an `AsyncIterable`. */
export type Elements<A> = ReadableStream<A> | AsyncIterable<A> | Iterable<A>

/** The size at which a pull takes no further elements. */
const batchSize = 64 * 1024

/** What is done with an element as soon as it is taken. */
export interface Take<A> {
  /** Keeps the element as it is now: its owner may change it before the next element is taken. */
  readonly keep: (element: A) => A
  /** The size of an element, about. */
  readonly size: (element: A) => number
}

/** Elements that their owner leaves alone. */
const asIs = <A>(): Take<A> => ({ keep: (element) => element, size: () => 1024 })

/** How long one pull takes further elements, in milliseconds. */
const batchTime = 10

type ElementPull<A> = Pull.Pull<NonEmptyReadonlyArray<A>, SourceFailed>

export const isWebStream = (source: object): source is ReadableStream<unknown> =>
  "getReader" in source && typeof source.getReader === "function"

/** Whether a value holds elements. Text does not, although it is an iterable of characters. */
export const isElements = (value: unknown): value is Elements<unknown> =>
  typeof value === "object" &&
  value !== null &&
  (isWebStream(value) || Symbol.asyncIterator in value || Symbol.iterator in value)

/** What keeps a source from being read, and what to do about it. A Node stream reads as empty after its end. */
export const problemOf = (source: object): string | undefined => {
  if ("locked" in source && source.locked === true && isWebStream(source)) {
    return "it is locked to another reader; send a stream that nothing else reads"
  }
  const isNodeStream = "pipe" in source && typeof source.pipe === "function"
  return isNodeStream && (Reflect.get(source, "readableEnded") === true || Reflect.get(source, "destroyed") === true)
    ? "it has been read or destroyed; send a stream that has not been read"
    : undefined
}

const isAsyncIterable = <A>(source: AsyncIterable<A> | Iterable<A>): source is AsyncIterable<A> =>
  Symbol.asyncIterator in source

const failed = (cause: unknown): SourceFailed => new SourceFailed({ cause })

type End = Exit.Exit<void, SourceFailed>

/** Elements that were taken at once. Those before the end are handed on before the reason of the end. */
interface Batch<A> {
  readonly elements: ReadonlyArray<A>
  readonly end?: End | undefined
}

/** An iterator that is being read. */
interface Reading {
  isPulling: boolean
  isOver: boolean
}

const toPull = <A>(reading: Reading, take: Effect.Effect<Batch<A>>): ElementPull<A> => {
  let end: End | undefined
  const over = (exit: End): ElementPull<A> => (Exit.isSuccess(exit) ? Cause.done() : Effect.failCause(exit.cause))
  const pull = Effect.flatMap(take, (batch): ElementPull<A> => {
    end = batch.end
    reading.isOver = end !== undefined
    return isReadonlyArrayNonEmpty(batch.elements) ? Effect.succeed(batch.elements) : over(end ?? Exit.void)
  })
  return Effect.suspend((): ElementPull<A> => (end === undefined ? pull : over(end)))
}

const takeNow = <A>(iterator: Iterator<A>, { keep, size }: Take<A>): Batch<A> => {
  const elements: Array<A> = []
  try {
    for (let total = 0; total < batchSize;) {
      const next = iterator.next()
      if (next.done === true) return { elements, end: Exit.void }
      elements.push(keep(next.value))
      total += size(next.value)
    }
    return { elements }
  } catch (cause) {
    return { elements, end: Exit.fail(failed(cause)) }
  }
}

const take = async <A>(
  reading: Reading,
  next: () => Promise<IteratorResult<A>>,
  { keep, size }: Take<A>
): Promise<Batch<A>> => {
  let total = 0
  const elements: Array<A> = []
  const until = Date.now() + batchTime
  reading.isPulling = true
  try {
    do {
      const element = await next()
      if (element.done === true) return { elements, end: Exit.void }
      elements.push(keep(element.value))
      total += size(element.value)
    } while (!reading.isOver && total < batchSize && Date.now() < until)
    return { elements }
  } catch (cause) {
    return { elements, end: Exit.fail(failed(cause)) }
  } finally {
    reading.isPulling = false
  }
}

/** Ends a source early. Nothing waits for a source that owes an element, which it may never give. */
const addLeave = (reading: Reading, leave: () => unknown): Effect.Effect<void, never, Scope.Scope> => {
  const left = Effect.ignore(Effect.tryPromise(async () => leave()))
  return Effect.addFinalizer(() => {
    if (reading.isOver) return Effect.void
    reading.isOver = true
    return reading.isPulling ? Effect.forkDetach(left) : left
  })
}

const fromIterator = <A>(iterator: Iterator<A>, taking: Take<A>): Effect.Effect<ElementPull<A>, never, Scope.Scope> => {
  const reading: Reading = { isPulling: false, isOver: false }
  const taken = Effect.sync(() => takeNow(iterator, taking))
  return Effect.as(
    addLeave(reading, () => iterator.return?.()),
    toPull(reading, taken)
  )
}

const fromAsync = <A>(
  next: () => Promise<IteratorResult<A>>,
  leave: () => unknown,
  taking: Take<A>
): Effect.Effect<ElementPull<A>, never, Scope.Scope> => {
  const reading: Reading = { isPulling: false, isOver: false }
  const taken = Effect.promise(() => take(reading, next, taking))
  return Effect.as(addLeave(reading, leave), toPull(reading, taken))
}

const open = <A>(source: Elements<A>, taking: Take<A>): Effect.Effect<ElementPull<A>, SourceFailed, Scope.Scope> =>
  Effect.flatMap(
    Effect.try({
      try: (): Effect.Effect<ElementPull<A>, never, Scope.Scope> => {
        if (isWebStream(source)) {
          const reader: ReadableStreamDefaultReader<A> = source.getReader()
          return fromAsync(
            async (): Promise<IteratorResult<A>> => {
              const { done, value } = await reader.read()
              return done ? { done, value: undefined } : { done, value }
            },
            () => reader.cancel(),
            taking
          )
        }
        if (!isAsyncIterable(source)) return fromIterator(source[Symbol.iterator](), taking)
        const iterator = source[Symbol.asyncIterator]()
        return fromAsync(
          () => iterator.next(),
          () => iterator.return?.(),
          taking
        )
      },
      catch: failed
    }),
    (opened) => opened
  )

/**
 * The elements of a source. The stream fails with what the source throws, and leaves the source when it ends early. A slow
 * source may hold an element back until the next one is there.
 */
export const fromElements = <A>(source: Elements<A>, taking?: Take<A>): Stream.Stream<A, SourceFailed> =>
  Stream.unwrap(Effect.map(open(source, taking ?? asIs<A>()), (pull) => Stream.fromPull(Effect.succeed(pull))))
