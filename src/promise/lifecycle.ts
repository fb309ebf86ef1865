/**
 * The life of keys in promises: `leases(client)`, `rotation(client)` and `plans(client)`. The client needs the master key.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { ApiKey } from "../account/ApiKey.ts"
import type { TargetUserOptions } from "../keys/ApiKeyManager.ts"
import * as DesiredKeysModule from "../keys/DesiredKeys.ts"
import * as Lease from "../keys/Lease.ts"
import * as Plan from "../keys/Plan.ts"
import * as Rotation from "../keys/Rotation.ts"
import { Sql } from "../sql/Sql.ts"
import type { Client } from "./index.ts"
import { callerPromise } from "./internal/callerPromise.ts"
import { callOptions, type CallOptions, type Services } from "./internal/connection.ts"
import { promised, type Promised } from "./internal/promised.ts"

export type { DesiredKey, DesiredKeys } from "../keys/DesiredKeys.ts"
export type { Lease, LeaseOptions, SweepOptions, Swept } from "../keys/Lease.ts"
export {
  type Applied,
  isUnchanged,
  type Plan,
  type PlanAction,
  type PlanItem,
  toText,
  type ToTextOptions
} from "../keys/Plan.ts"
export { baseName } from "../keys/Rotation.ts"

/** A key that is deleted when its lease is closed. */
export interface HeldLease extends Lease.Lease, AsyncDisposable {
  /** The account under the lease's key. */
  readonly client: Client
  /** Ends the lease. The key of a lease of its own is deleted, and a lease of a pool is given back. */
  readonly close: () => Promise<void>
}

/** The functions of `effect-carto/keys/Lease`, with the same errors. */
export interface Leases extends Promised<Pick<typeof Lease, "sweep">> {
  /**
   * Creates a key with these grants. Close the lease to delete the key, by `await lease.close()` or `await using`.
   * `POST /api/v3/api_keys`.
   */
  readonly lease: (options: Lease.LeaseOptions, call?: CallOptions) => Promise<HeldLease>
  /** Runs a function under a lease of its own. The function's signal is aborted if the lease ends first. */
  readonly withLease: <A>(
    options: Lease.LeaseOptions,
    use: (client: Client, signal: AbortSignal) => Promise<A>,
    call?: CallOptions
  ) => Promise<A>
  /** Deletes leases that are past their deadline, which crashed processes left behind. */
  readonly sweep: (options?: Lease.SweepOptions, call?: CallOptions) => Promise<Lease.Swept>
}

/** The member of an organization whose keys are meant. Without it, they are those of the client's own account. */
export interface Target extends TargetUserOptions {
  /**
   * A client of `targetUser`, under any key. It is used to ask the database what each key can do. Without it, the response of
   * the Auth API decides, which leaves out materialized views.
   */
  readonly targetClient?: Client | undefined
}

/** How consumers get a new key. */
export interface HandOver
  extends Omit<Rotation.RotateOptions<never, never>, "publish" | "targetSql" | "verify">, Target {
  /** Stores the key's token where its consumers read it. After a crash it may be called again with the same key. */
  readonly publish: (key: ApiKey, signal: AbortSignal) => Promise<unknown>
  /** Tries the new key, by a client under it. If it rejects, both keys stay. */
  readonly verify?: ((client: Client, signal: AbortSignal) => Promise<unknown>) | undefined
}

/** The functions of `effect-carto/keys/Rotation`, with the same errors. */
export interface Rotations extends Promised<Pick<typeof Rotation, "current">> {
  /** Returns the newest generation of a key. Rejects with `ApiKeyNotFound` if there is no such key. */
  readonly current: (name: string, options?: TargetUserOptions, call?: CallOptions) => Promise<ApiKey>
  /** Creates the next generation of a key, publishes and verifies it. The old key stays until {@link finish}. */
  readonly begin: (key: string | ApiKey, options: Omit<HandOver, "grace">, call?: CallOptions) => Promise<ApiKey>
  /** Deletes the older generations of a key. Call it when all consumers use the new key. */
  readonly finish: (
    key: string | ApiKey,
    options?: Pick<HandOver, "ownedTables"> & Target,
    call?: CallOptions
  ) => Promise<ApiKey>
  /** Replaces a key: creates, publishes and verifies the next generation, waits for `grace`, and deletes the old one. */
  readonly rotate: (key: string | ApiKey, options: HandOver, call?: CallOptions) => Promise<ApiKey>
  /** Continues a rotation that was interrupted. If there is none, it returns the key in use. */
  readonly resume: (key: string | ApiKey, options: HandOver, call?: CallOptions) => Promise<ApiKey>
  /** Gives up a rotation: publishes the old key again, waits for `grace`, and deletes the new one. */
  readonly abandon: (key: string | ApiKey, options: Omit<HandOver, "verify">, call?: CallOptions) => Promise<ApiKey>
}

/** The options of {@link Plans.apply}. */
export interface ApplyOptions
  extends Omit<HandOver, "also" | "targetUser">, Pick<Plan.ApplyOptions<never, never>, "publishAll"> {}

/** The functions of `effect-carto/keys/Plan`, with the same errors. */
export interface Plans {
  /** Compares the keys of the account with the desired ones. Changes nothing. */
  readonly plan: (desired: DesiredKeysModule.DesiredKeys, options?: Target, call?: CallOptions) => Promise<Plan.Plan>
  /** Creates, replaces and deletes keys as planned. If it is interrupted, plan and apply again to finish. */
  readonly apply: (planned: Plan.Plan, options: ApplyOptions, call?: CallOptions) => Promise<Plan.Applied>
  /** Formats a plan as text: one line for each key, and one for each grant that changes. */
  readonly toText: (plan: Plan.Plan, options?: Plan.ToTextOptions) => string
  /** Reads desired keys from JSON with comments. */
  readonly fromJsonc: (text: string, call?: CallOptions) => Promise<DesiredKeysModule.DesiredKeys>
}

type Given = Partial<Omit<HandOver, "publish">> & Pick<HandOver, "publish">

/** The SQL API of another client, for effects that run under this one. */
const sqlOf = (client: Client | undefined) =>
  client === undefined ? Effect.undefined : Effect.promise(() => client.connection.run(Sql.use(Effect.succeed)))

const handOver = <A, E, R>(
  client: Client,
  { publish, targetClient, verify, ...options }: Given,
  use: (options: Rotation.RotateOptions<unknown, never>) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(sqlOf(targetClient), (targetSql) =>
    use({
      ...options,
      targetSql,
      publish: (key: ApiKey) => callerPromise((signal) => publish(key, signal)),
      verify:
        verify === undefined
          ? undefined
          : (key: ApiKey) => callerPromise((signal) => verify((targetClient ?? client).withApiKey(key), signal))
    })
  )

/** Keys that end, under the master key of a client. */
export const leases = (client: Client): Leases => {
  const { run } = client.connection
  return {
    ...promised<Pick<Leases, "sweep">, Services>(client.connection, Effect.succeed(Lease), { sweep: "promise" }),
    lease: async (options, call) => {
      const scope = Scope.makeUnsafe()
      const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
      try {
        const held = await run(Scope.provide(Lease.lease(options), scope), call)
        return { ...held, client: client.withApiKey(held.key), close, [Symbol.asyncDispose]: close }
      } catch (error) {
        // a call that is aborted while the key is created creates it all the same
        await close()
        throw error
      }
    },
    withLease: (options, use, call) =>
      run(
        Effect.scoped(
          Effect.flatMap(Lease.lease(options), (held) =>
            Lease.untilDeadline(
              callerPromise((signal) => use(client.withApiKey(held.key), signal)),
              held
            )
          )
        ),
        call
      )
  }
}

/** Replacing keys, under the master key of a client. */
export const rotation = (client: Client): Rotations => {
  const { run } = client.connection
  type Step = (
    key: string | ApiKey,
    options: Rotation.RotateOptions<unknown, never>
  ) => Effect.Effect<ApiKey, unknown, Services>
  const step = (rotate: Step) => (key: string | ApiKey, options: Given, call?: CallOptions) =>
    run(
      handOver(client, options, (all) => rotate(key, all)),
      callOptions([options, call])
    )
  return {
    ...promised<Pick<Rotations, "current">, Services>(client.connection, Effect.succeed(Rotation), {
      current: "promise"
    }),
    begin: step(Rotation.begin),
    finish: (key, { targetClient, ...options } = {}, call) =>
      run(
        Effect.flatMap(sqlOf(targetClient), (targetSql) => Rotation.finish(key, { ...options, targetSql })),
        callOptions([options, call])
      ),
    rotate: step(Rotation.rotate),
    resume: step(Rotation.resume),
    abandon: step(Rotation.abandon)
  }
}

/** Keys as they are described, under the master key of a client. */
export const plans = (client: Client): Plans => {
  const { run } = client.connection
  return {
    plan: (desired, { targetClient, ...options } = {}, call) =>
      run(
        Effect.flatMap(sqlOf(targetClient), (targetSql) => Plan.plan(desired, { ...options, targetSql })),
        callOptions([options, call])
      ),
    apply: (planned, { publishAll, ...options }, call) =>
      run(
        handOver(client, options, (all) => Plan.apply(planned, { ...all, publishAll })),
        callOptions([options, call])
      ),
    toText: Plan.toText,
    fromJsonc: (text, call) => run(DesiredKeysModule.fromJsonc(text), call)
  }
}
