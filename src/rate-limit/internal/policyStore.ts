/** Keeps policies: in this process, or in Redis for all processes that share it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redis from "effect/persistence/Redis"
import * as Schema from "effect/Schema"
import type { Policy } from "./policy.ts"

/** What a store says of a key. */
export interface Stored {
  readonly policy: Policy | undefined
  /** The time of the store, in milliseconds, by which all that share it measure; `undefined` for that of this process. */
  readonly time?: number | undefined
}

/** Keeps the policy of each key. */
export interface PolicyStore<E> {
  readonly get: (key: string) => Effect.Effect<Stored, E>
  /** Replaces the version before this one. Returns whether that version was still there. */
  readonly replace: (key: string, policy: Policy) => Effect.Effect<boolean, E>
}

/** Keeps policies in a map of this process. */
export const inMemory = (policies: Map<string, Policy> = new Map<string, Policy>()): PolicyStore<never> => {
  return {
    get: (key) => Effect.sync(() => ({ policy: policies.get(key) })),
    replace: (key, policy) =>
      Effect.sync(() => {
        if ((policies.get(key)?.version ?? 0) !== policy.version - 1) return false
        policies.set(key, policy)
        return true
      })
  }
}

/** Policies are text in the stores of several processes, which may be of other versions of this library. */
const PolicyJson: Schema.Codec<Policy, string> = Schema.fromJsonString(
  Schema.Struct({
    version: Schema.Finite,
    limit: Schema.optional(Schema.Finite),
    interval: Schema.Finite,
    confirmed: Schema.optional(Schema.Finite),
    pause: Schema.Finite,
    refusals: Schema.Finite,
    since: Schema.Finite,
    inStep: Schema.Boolean,
    refusing: Schema.Boolean,
    bucket: Schema.Finite
  })
)
const decodeOption: (text: unknown) => Option.Option<Policy> = Schema.decodeUnknownOption(PolicyJson)

/** Reads a policy; `undefined` if the text is not one. */
export const decode = (text: unknown): Policy | undefined => Option.getOrUndefined(decodeOption(text))

/** A policy that has not changed for so long is learned again, in milliseconds. */
const timeToLive = 24 * 60 * 60 * 1000

const getScript = Redis.script((key: string) => [key], {
  numberOfKeys: 1,
  lua: `
local time = redis.call("TIME")
return { redis.call("GET", KEYS[1]), string.format("%.0f", time[1] * 1000 + math.floor(time[2] / 1000)) }
`
}).withReturnType<readonly [text: unknown, time: unknown]>()

const replaceScript = Redis.script(
  (key: string, policy: Policy) => [key, policy.version - 1, JSON.stringify(policy), timeToLive],
  {
    numberOfKeys: 1,
    lua: `
local text = redis.call("GET", KEYS[1])
local read, policy = pcall(cjson.decode, text)
local version = read and type(policy) == "table" and policy.version or 0
if version ~= tonumber(ARGV[1]) then return 0 end
redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
return 1
`
  }
).withReturnType<number>()

export const inRedis = (redis: Redis.Redis["Service"], prefix: string): PolicyStore<Redis.RedisError> => {
  const get = redis.eval(getScript)
  const replace = redis.eval(replaceScript)
  // the number is that of the format
  const name = (key: string): string => `${prefix}policy:2:${key}`
  return {
    get: (key) =>
      Effect.map(get(name(key)), ([text, time]) => ({
        policy: decode(text),
        time: Number(time)
      })),
    replace: (key, policy) => Effect.map(replace(name(key), policy), (done) => done === 1)
  }
}
