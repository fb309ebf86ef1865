/**
 * A rate governor that all isolates of a Worker share without Redis. One Durable Object for each account keeps what they learn.
 *
 * ```ts
 * import { env } from "cloudflare:workers"
 * import { connect } from "effect-carto/promise"
 * import { inDurableObject, RateGovernorObject } from "effect-carto/rate-limit/durable-object"
 *
 * export { RateGovernorObject }
 * const carto = connect({ ...account, transformClient: inDurableObject(env.RATE_GOVERNOR) })
 * ```
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { pace } from "./internal/client.ts"
import { withFallback } from "./internal/fallback.ts"
import { ownPacer } from "./internal/ownPacer.ts"
import { makePacer } from "./internal/pacer.ts"
import type { Policy } from "./internal/policy.ts"
import * as PolicyStore from "./internal/policyStore.ts"
import { carryOut, type Command, type KeyedCommand, type Reply, remoteStores } from "./internal/remoteStore.ts"
import { RateGovernor, type RateGovernorService } from "./RateGovernor.ts"

/** The binding to the class {@link RateGovernorObject}. A `DurableObjectNamespace` of Cloudflare's types is one. */
export interface RateGovernorNamespace<Id> {
  /** Returns the id of the object of that name. */
  idFromName(name: string): Id
  /** Returns the object of that id. */
  get(id: Id): { fetch(url: string, init: { readonly method: string; readonly body: string }): Promise<Response> }
}

/** What the runtime gives a Durable Object, as far as it is used. */
export interface RateGovernorState {
  /** The storage of the object. */
  readonly storage: {
    get(key: string): Promise<unknown>
    put(key: string, value: string): Promise<void>
    deleteAll(): Promise<void>
    setAlarm(time: number): Promise<void>
  }
}

/** How long an object keeps what no isolate asks for, in milliseconds. */
const timeToLive = 24 * 60 * 60 * 1000

/** The key of a policy, whose bucket has a number or a name more. */
const policyKey = ({ command, key }: KeyedCommand): string =>
  command === "take" ? key.slice(0, key.lastIndexOf(":")) : key

/** The class to export from the Worker. Each of its objects keeps the policies and buckets of one account. */
export class RateGovernorObject {
  readonly #state: RateGovernorState
  readonly #policies: Map<string, Policy> = new Map()
  readonly #policyStore: PolicyStore.PolicyStore<never> = PolicyStore.inMemory(this.#policies)
  readonly #buckets: RateLimiter.RateLimiterStore["Service"] = Effect.runSync(
    Effect.provide(RateLimiter.RateLimiterStore, Layer.fresh(RateLimiter.layerStoreMemory))
  )
  /** Keys whose policies have been looked for in the storage since the object started. */
  readonly #recalled: Set<string> = new Set()
  /** Keys whose policies are of before the start. */
  readonly #restored: Set<string> = new Set()
  /** Buckets that have been used since the object started. */
  readonly #used: Set<string> = new Set()
  #usedAt = 0
  #alarmAt = 0

  /** Made by the runtime. */
  constructor(state: RateGovernorState) {
    this.#state = state
  }

  /** Carries out a command of {@link inDurableObject}. */
  async fetch(request: Request): Promise<Response> {
    const command: KeyedCommand = await request.json()
    this.#usedAt = Date.now()
    await this.#recall(policyKey(command))
    await this.#emptyFirst(command)
    const reply = await this.#run(command)
    if (command.command === "replace" && reply.done === true) await this.#keep(command.key, command.policy)
    return Response.json(reply.stored === undefined ? reply : { stored: { ...reply.stored, time: Date.now() } })
  }

  /** Deletes what is kept, if no isolate has asked for it for a day. */
  async alarm(): Promise<void> {
    const end = this.#usedAt + timeToLive
    this.#alarmAt = end
    await (end > Date.now() ? this.#state.storage.setAlarm(end) : this.#state.storage.deleteAll())
  }

  #run(command: Command): Promise<Reply> {
    return Effect.runPromise(Effect.orDie(carryOut(command, this.#policyStore, this.#buckets)))
  }

  /** Reads a policy that was stored before the object started. */
  async #recall(key: string): Promise<void> {
    if (this.#recalled.has(key)) return
    const policy = PolicyStore.decode(await this.#state.storage.get(key))
    if (this.#recalled.has(key)) return
    this.#recalled.add(key)
    if (policy === undefined) return
    this.#policies.set(key, policy)
    this.#restored.add(key)
  }

  /** Empties a bucket that may have been empty before the object started. */
  async #emptyFirst(command: KeyedCommand): Promise<void> {
    if (command.command !== "take" || this.#used.has(command.key)) return
    this.#used.add(command.key)
    if (!this.#restored.has(policyKey(command))) return
    const { limit } = command.options
    await this.#run({ ...command, options: { ...command.options, tokens: limit, allowOverflow: true } })
  }

  async #keep(key: string, policy: Policy): Promise<void> {
    await this.#state.storage.put(key, JSON.stringify(policy))
    if (this.#alarmAt > Date.now()) return
    this.#alarmAt = Date.now() + timeToLive
    await this.#state.storage.setAlarm(this.#alarmAt)
  }
}

const unreachable = (cause: unknown): RateLimiter.RateLimiterError =>
  new RateLimiter.RateLimiterError({
    reason: new RateLimiter.RateLimitStoreError({ message: "the Durable Object does not answer", cause })
  })

/** How long to wait for the object, in milliseconds. */
const patience = 1000

/** The account of a key, which has a group of endpoints and perhaps a bucket more. */
const accountOf = (key: string): string => key.replace(/:(?:query|keys|copy_\w+|job_\w+)(?::\w+)?$/, "")

/**
 * Makes the option `transformClient`: a governor that all isolates share. Make it once, at the top of the module. While the object
 * cannot be reached, each isolate paces its own calls, and a warning is logged.
 */
export const inDurableObject = <Id>(namespace: RateGovernorNamespace<Id>): RateGovernorService["transformClient"] => {
  const { policies, store } = remoteStores((command) =>
    Effect.tryPromise({
      try: async (): Promise<Reply> => {
        // an object belongs to the request that asks for it, so each command gets its own
        const object = namespace.get(namespace.idFromName(accountOf(command.key)))
        const response = await object.fetch("https://rate-governor", { method: "POST", body: JSON.stringify(command) })
        return await response.json()
      },
      catch: unreachable
    }).pipe(
      Effect.timeoutOrElse({
        duration: patience,
        orElse: () => Effect.fail(unreachable(undefined))
      })
    )
  )
  const limiter = Effect.runSync(Effect.provideService(RateLimiter.make, RateLimiter.RateLimiterStore, store))
  return pace(withFallback(makePacer({ freshness: 200, limiter, policies }), ownPacer()))
}

/** The service with a governor of {@link inDurableObject}. */
export const layer = <Id>(namespace: RateGovernorNamespace<Id>): Layer.Layer<RateGovernor> =>
  Layer.sync(RateGovernor, () => ({ transformClient: inDurableObject(namespace) }))
