/** Runs the services for people without Effect: effects as promises, streams as what `for await` takes. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Pull from "effect/Pull"
import type * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ApiKey } from "../../account/ApiKey.ts"
import { Auth } from "../../account/Auth.ts"
import type { CartoErrorOf, InvalidInput } from "../../errors/CartoError.ts"

export interface CallOptions {
  /** Aborts the call and its request; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** An account's services at work under one key. */
export interface Connection<R> {
  readonly run: <A, E>(effect: Effect.Effect<A, E, R>, options?: CallOptions) => Promise<A>
  /** Each iteration runs the stream anew; leaving it ends the run. */
  readonly iterate: <A, E>(stream: Stream.Stream<A, E, R>, options?: CallOptions) => AsyncIterable<A>
}

/** An account's services, built by the first call and shared by all of its keys. */
export interface Session<R> {
  readonly settle: <A, E>(
    effect: Effect.Effect<A, E, R>,
    options: CallOptions
  ) => Promise<Exit.Exit<A, E | CartoErrorOf<InvalidInput>>>
  /** Ends the calls that are under way. */
  readonly dispose: () => Promise<void>
}

const aborted = (message: string): DOMException => new DOMException(message, "AbortError")

/** What a promise rejects with: a failure or defect as it is, an interruption as `fetch` tells it. */
const rejection = (cause: Cause.Cause<unknown>, signal: AbortSignal | undefined): unknown =>
  !Cause.hasInterruptsOnly(cause)
    ? Cause.squash(cause)
    : signal?.aborted === true
      ? signal.reason
      : aborted("the client was disposed of")

export const openSession = <R>(services: Layer.Layer<R, CartoErrorOf<InvalidInput>>): Session<R> => {
  const runtime = ManagedRuntime.make(services)
  let disposed = false
  return {
    settle: async (effect, options) => {
      options.signal?.throwIfAborted()
      if (disposed) throw aborted("the client was disposed of")
      return await runtime.runPromiseExit(effect, options)
    },
    dispose: () => {
      disposed = true
      return runtime.dispose()
    }
  }
}

export const makeConnection = <R>(
  session: Session<R>,
  key: ApiKey | Redacted.Redacted<string> | undefined
): Connection<R> => {
  const run: Connection<R>["run"] = async (effect, { signal } = {}) => {
    const exit = await session.settle(key === undefined ? effect : Auth.withApiKey(effect, key), { signal })
    if (Exit.isSuccess(exit)) return exit.value
    throw rejection(exit.cause, signal)
  }

  async function* elements<A, E>(stream: Stream.Stream<A, E, R>, options: CallOptions): AsyncGenerator<A, void> {
    const scope = Scope.makeUnsafe()
    try {
      const pull = await run(Scope.provide(Stream.toPull(stream), scope), options)
      while (true) {
        const next = await run(
          Pull.catchDone(pull, () => Effect.void),
          options
        )
        if (next === undefined) return
        yield* next
      }
    } finally {
      await Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }

  return {
    run,
    iterate: (stream, { signal } = {}) => ({
      [Symbol.asyncIterator]: () => {
        // who leaves while an element is on its way must not wait for it
        const left = new AbortController()
        const iterator = elements(stream, {
          signal: signal === undefined ? left.signal : AbortSignal.any([signal, left.signal])
        })
        return {
          next: () => iterator.next(),
          return: () => {
            left.abort(aborted("the iteration was left"))
            return iterator.return()
          }
        }
      }
    })
  }
}
