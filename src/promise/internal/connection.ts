/** Runs effects as promises and streams as async iterables, for one account. */
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
import { cartoError } from "../../errors/internal/cartoError.ts"
import { invalidInput } from "../../errors/internal/invalidInput.ts"
import type { HttpClient } from "../../http/client.ts"
import { interruptibleUntilSent } from "../../http/interruption.ts"
import type { ApiKeyManager } from "../../keys/ApiKeyManager.ts"
import type { Sql } from "../../sql/Sql.ts"

/** The options of one call, which every method takes as its last argument. */
export interface CallOptions {
  /** Aborts the call and its request. The call then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** The services that a client has. */
export type Services = ApiKeyManager | Auth | HttpClient | Sql

/** An account under one key, as it runs effects. */
export interface Connection<R> {
  readonly run: <A, E>(effect: Effect.Effect<A, E, R>, call?: CallOptions) => Promise<A>
  /** Runs an effect that an abort ends only until its request is sent. Afterwards it ends with its value. */
  readonly runToEnd: <A, E>(effect: Effect.Effect<A, E, R>, call?: CallOptions) => Promise<A>
  /** Each iteration runs the stream from its start. Leaving the iteration interrupts the stream. */
  readonly iterate: <A, E>(stream: Stream.Stream<A, E, R>, call?: CallOptions) => AsyncIterable<A>
}

/** A client of `connect`, as other entry points of `effect-carto/promise` need it. */
export interface Connected {
  /** @internal */
  readonly connection: Connection<Services>
}

/** The services of an account. The first call builds them, and all keys of the account share them. */
export interface Session<R> {
  readonly runExit: <A, E>(
    effect: Effect.Effect<A, E, R>,
    options: CallOptions & { readonly uninterruptible?: boolean }
  ) => Promise<Exit.Exit<A, E | CartoErrorOf<InvalidInput>>>
  /** Aborts the calls that are running, and refuses later ones. */
  readonly close: () => Promise<void>
}

const aborted = (message: string): DOMException => new DOMException(message, "AbortError")

/** What a promise rejects with: a failure or defect as it is, an interruption as `fetch` reports an abort. */
const rejection = (cause: Cause.Cause<unknown>, signal: AbortSignal | undefined): unknown =>
  !Cause.hasInterruptsOnly(cause)
    ? Cause.squash(cause)
    : signal?.aborted === true
      ? signal.reason
      : aborted("the client is closed")

/** An `AbortSignal` of any realm. */
const isSignal = (u: unknown): u is AbortSignal =>
  typeof u === "object" && u !== null && "aborted" in u && "addEventListener" in u

const checkSignal = (signal: unknown): void => {
  if (signal === undefined) return
  if (!isSignal(signal)) {
    throw cartoError("connect", invalidInput("signal", signal, "give an AbortSignal, such as controller.signal"))
  }
  signal.throwIfAborted()
}

/** The options of a call: the last of its arguments that has a signal. */
export const callOptions = (args: ReadonlyArray<unknown>): CallOptions => {
  const found = args.findLast((u): u is CallOptions => typeof u === "object" && u !== null && "signal" in u)
  return found === undefined ? {} : { signal: found.signal }
}

export const openSession = <R>(services: Layer.Layer<R, CartoErrorOf<InvalidInput>>): Session<R> => {
  const runtime = ManagedRuntime.make(services)
  let closed = false
  return {
    runExit: async (effect, options) => {
      checkSignal(options.signal)
      if (closed) throw aborted("the client is closed")
      return await runtime.runPromiseExit(effect, options)
    },
    close: () => {
      closed = true
      return runtime.dispose()
    }
  }
}

export const makeConnection = <R>(
  session: Session<R>,
  key: ApiKey | Redacted.Redacted<string> | undefined
): Connection<R> => {
  const runWith = async <A, E>(
    effect: Effect.Effect<A, E, R>,
    signal: AbortSignal | undefined,
    uninterruptible: boolean
  ): Promise<A> => {
    const keyed = key === undefined ? effect : Auth.withApiKey(effect, key)
    const exit = await session.runExit(keyed, { signal, uninterruptible })
    if (Exit.isSuccess(exit)) return exit.value
    throw rejection(exit.cause, signal)
  }
  const run: Connection<R>["run"] = (effect, { signal } = {}) => runWith(effect, signal, false)

  async function* elements<A, E>(stream: Stream.Stream<A, E, R>, call: CallOptions): AsyncGenerator<A, void> {
    const scope = Scope.makeUnsafe()
    try {
      const pull = await run(Scope.provide(Stream.toPull(stream), scope), call)
      while (true) {
        const next = await run(
          Pull.catchDone(pull, () => Effect.void),
          call
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
    runToEnd: (effect, { signal } = {}) => runWith(interruptibleUntilSent(effect, Effect.interruptible), signal, true),
    iterate: (stream, { signal } = {}) => ({
      [Symbol.asyncIterator]: () => {
        // leaving the iteration must not wait for an element that is still being read
        const left = new AbortController()
        const iterator = elements(stream, {
          signal:
            signal === undefined ? left.signal : isSignal(signal) ? AbortSignal.any([signal, left.signal]) : signal
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
