/** The stores of a pacer in another process: what a client sends, and how the other side carries it out. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as RateLimiter from "effect/persistence/RateLimiter"
import type { Policy } from "./policy.ts"
import type { PolicyStore, Stored } from "./policyStore.ts"

type Store = RateLimiter.RateLimiterStore["Service"]
type BucketOptions = Parameters<Store["tokenBucket"]>[0]

const none: readonly [remaining: number, elapsedMillis: number] = [0, 0]

/** A command, as JSON. Both sides are of this module. */
export type Command =
  | { readonly command: "get"; readonly key: string }
  | { readonly command: "replace"; readonly key: string; readonly policy: Policy }
  | {
      readonly command: "take"
      readonly options: Omit<BucketOptions, "refillRate"> & { readonly refillMillis: number }
    }
  | {
      readonly command: "consume"
      readonly options: Omit<RateLimiter.AdaptiveConsumeOptions, "fallbackWindow"> & { readonly windowMillis: number }
    }
  | {
      readonly command: "feedback"
      readonly options: Omit<RateLimiter.AdaptiveFeedbackOptions, "retryAfter"> & {
        readonly retryAfterMillis: number | undefined
      }
    }

/** A command and the key of its policy or bucket. */
export type KeyedCommand = Command & { readonly key: string }

/** The result of a command, as JSON. */
export interface Reply {
  readonly stored?: Stored
  readonly done?: boolean
  readonly taken?: readonly [remaining: number, elapsedMillis: number]
  readonly consumed?: Omit<RateLimiter.AdaptiveConsumeResult, "delay"> & { readonly delayMillis: number }
}

/** Carries out a command on the stores of this process. */
export const carryOut = <E>(
  command: Command,
  policies: PolicyStore<E>,
  store: Store
): Effect.Effect<Reply, E | RateLimiter.RateLimiterError> => {
  switch (command.command) {
    case "get":
      return Effect.map(policies.get(command.key), (stored) => ({ stored }))
    case "replace":
      return Effect.map(policies.replace(command.key, command.policy), (done) => ({ done }))
    case "take": {
      const { refillMillis, ...options } = command.options
      return Effect.map(store.tokenBucket({ ...options, refillRate: Duration.millis(refillMillis) }), (taken) => ({
        taken
      }))
    }
    case "consume": {
      const { windowMillis, ...options } = command.options
      return Effect.map(
        store.adaptiveConsume({ ...options, fallbackWindow: Duration.millis(windowMillis) }),
        ({ delay, ...consumed }) => ({ consumed: { ...consumed, delayMillis: Duration.toMillis(delay) } })
      )
    }
    case "feedback": {
      const { retryAfterMillis, ...options } = command.options
      const retryAfter = retryAfterMillis === undefined ? undefined : Duration.millis(retryAfterMillis)
      return Effect.as(store.adaptiveFeedback({ ...options, retryAfter }), {})
    }
  }
}

/** The stores of another process. */
export const remoteStores = (
  send: (command: KeyedCommand) => Effect.Effect<Reply, RateLimiter.RateLimiterError>
): { readonly policies: PolicyStore<RateLimiter.RateLimiterError>; readonly store: Store } => {
  const ask = (key: string, command: Command) => send({ ...command, key })
  return {
    policies: {
      get: (key) => Effect.map(send({ command: "get", key }), ({ stored }) => stored ?? { policy: undefined }),
      replace: (key, policy) => Effect.map(send({ command: "replace", key, policy }), ({ done }) => done === true)
    },
    store: {
      // no pacer counts in windows
      fixedWindow: () => Effect.die("fixedWindow is not used"),
      tokenBucket: ({ refillRate, ...options }) =>
        Effect.map(
          ask(options.key, { command: "take", options: { ...options, refillMillis: Duration.toMillis(refillRate) } }),
          ({ taken }) => taken ?? none
        ),
      adaptiveConsume: ({ fallbackWindow, ...options }) =>
        Effect.map(
          ask(options.key, {
            command: "consume",
            options: { ...options, windowMillis: Duration.toMillis(fallbackWindow) }
          }),
          ({ consumed }) => ({
            delay: Duration.millis(consumed?.delayMillis ?? 0),
            epoch: consumed?.epoch ?? 0,
            phase: consumed?.phase ?? "inactive"
          })
        ),
      adaptiveFeedback: ({ retryAfter, ...options }) =>
        Effect.asVoid(
          ask(options.key, {
            command: "feedback",
            options: {
              ...options,
              retryAfterMillis: retryAfter === undefined ? undefined : Duration.toMillis(retryAfter)
            }
          })
        )
    }
  }
}
