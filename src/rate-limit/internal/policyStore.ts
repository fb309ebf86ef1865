/** Keeps what was learned of rate limits: in this process, or in Redis for all that share it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redis from "effect/persistence/Redis"
import * as Schema from "effect/Schema"
import type { Policy } from "./policy.ts"

export interface PolicyStore<E> {
  readonly get: (key: string) => Effect.Effect<Policy | undefined, E>
  /** Puts a policy in the place of the version before it. Whether that was still there. */
  readonly replace: (key: string, policy: Policy) => Effect.Effect<boolean, E>
}

export const inMemory = (): PolicyStore<never> => {
  const policies = new Map<string, Policy>()
  return {
    get: (key) => Effect.sync(() => policies.get(key)),
    replace: (key, policy) =>
      Effect.sync(() => {
        if ((policies.get(key)?.version ?? 0) !== policy.version - 1) return false
        policies.set(key, policy)
        return true
      })
  }
}

const PolicyJson: Schema.Codec<Policy, string> = Schema.fromJsonString(
  Schema.Struct({
    version: Schema.Finite,
    limit: Schema.optional(Schema.Finite),
    interval: Schema.Finite,
    pausedUntil: Schema.Finite,
    since: Schema.Finite,
    settled: Schema.Boolean,
    refusing: Schema.Boolean
  })
)
const decode: (text: unknown) => Option.Option<Policy> = Schema.decodeUnknownOption(PolicyJson)

/** A policy that has not changed for so long is learned anew. */
const timeToLive = 24 * 60 * 60 * 1000

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
  const replace = redis.eval(replaceScript)
  // the number is that of the format
  const name = (key: string): string => `${prefix}policy:1:${key}`
  return {
    get: (key) => Effect.map(redis.send("GET", name(key)), (text) => Option.getOrUndefined(decode(text))),
    replace: (key, policy) => Effect.map(replace(name(key), policy), (done) => done === 1)
  }
}
