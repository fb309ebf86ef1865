/** The life of keys as promises: `leases(client)`, `rotation(client)` and `plans(client)`. They need the master key. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { ApiKey } from "../account/ApiKey.ts"
import type { TargetUserOptions } from "../keys/ApiKeyManager.ts"
import type { CallOptions } from "./internal/runtime.ts"
import { ownPromise } from "./internal/callerPromise.ts"
import * as Desired from "../keys/DesiredKeys.ts"
import * as Lease from "../keys/Lease.ts"
import * as Plan from "../keys/Plan.ts"
import * as Rotation from "../keys/Rotation.ts"
import type { Client } from "./index.ts"
import { Sql } from "../sql/Sql.ts"

export type { DesiredKey, DesiredKeys } from "../keys/DesiredKeys.ts"
export type { Lease, LeaseOptions, SweepOptions, Swept } from "../keys/Lease.ts"
export { type Applied, isUnchanged, type Plan, type PlanAction, type PlanItem } from "../keys/Plan.ts"
export { baseName } from "../keys/Rotation.ts"
export { render, type RenderOptions } from "../keys/PlanText.ts"

/** A key that is deleted when it is disposed of. */
export interface HeldLease extends Lease.Lease, AsyncDisposable {
  /** The account under the lease's key. */
  readonly client: Client
}

/** See `keys/Lease` for what each call does and the reasons it can fail with. */
export interface Leases {
  /** `await using lease = await leases(client).lease({ … })` */
  readonly lease: (options: Lease.LeaseOptions, call?: CallOptions) => Promise<HeldLease>
  /** Runs a function under a lease of its own. Its signal is aborted when the lease ends first. */
  readonly withLease: <A>(
    options: Lease.LeaseOptions,
    use: (client: Client, signal: AbortSignal) => Promise<A>,
    call?: CallOptions
  ) => Promise<A>
  readonly sweep: (options?: Lease.SweepOptions & CallOptions) => Promise<Lease.Swept>
}

/** Whose keys are meant, where that is not the account itself. */
export interface Target extends TargetUserOptions {
  /**
   * The account of `targetUser`, under any key, on which each of its keys is asked who it is. Without it what the Auth API
   * says counts, which leaves out materialized views.
   */
  readonly targetClient?: Client | undefined
}

/** How a new key comes to its consumers. */
export interface HandOver
  extends Omit<Rotation.RotateOptions<never, never>, "publish" | "targetSql" | "verify">, Target {
  /** Writes the key's token where its consumers find it. It may be called again with the same key, after a crash. */
  readonly publish: (key: ApiKey, signal: AbortSignal) => Promise<unknown>
  /** Proves the new key; gets its account under it: the target's, where there is one. If it rejects, both keys stay. */
  readonly verify?: ((client: Client, signal: AbortSignal) => Promise<unknown>) | undefined
}

/** See `keys/Rotation` for what each call does and the reasons it can fail with. */
export interface Rotations {
  readonly current: (name: string, options?: TargetUserOptions & CallOptions) => Promise<ApiKey>
  readonly begin: (key: string | ApiKey, options: Omit<HandOver, "grace"> & CallOptions) => Promise<ApiKey>
  readonly finish: (
    key: string | ApiKey,
    options?: Pick<HandOver, "ownedTables"> & Target & CallOptions
  ) => Promise<ApiKey>
  readonly rotate: (key: string | ApiKey, options: HandOver & CallOptions) => Promise<ApiKey>
  readonly resume: (key: string | ApiKey, options: HandOver & CallOptions) => Promise<ApiKey>
  readonly abandon: (key: string | ApiKey, options: Omit<HandOver, "verify"> & CallOptions) => Promise<ApiKey>
}

/** See `keys/Plan` for what each call does and the reasons it can fail with. */
export interface Plans {
  /** What {@link apply} would do. Changes nothing. */
  readonly plan: (desired: Desired.DesiredKeys, options?: Target & CallOptions) => Promise<Plan.Plan>
  readonly apply: (
    planned: Plan.Plan,
    options: Omit<HandOver, "also" | "targetUser"> & Pick<Plan.ApplyOptions<never, never>, "publishAll"> & CallOptions
  ) => Promise<Plan.Applied>
  /** Desired keys from JSON with comments. */
  readonly fromJsonc: (text: string) => Promise<Desired.DesiredKeys>
}

type Given = Partial<Omit<HandOver, "publish">> & Pick<HandOver, "publish"> & CallOptions

/** The SQL API of a client, for effects that run elsewhere. */
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
      publish: (key: ApiKey) => ownPromise((signal) => publish(key, signal)),
      verify:
        verify === undefined
          ? undefined
          : (key: ApiKey) => ownPromise((signal) => verify((targetClient ?? client).withApiKey(key), signal))
    })
  )

export const leases = (client: Client): Leases => {
  const { run } = client.connection
  return {
    lease: async (options, call) => {
      const scope = Scope.makeUnsafe()
      const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
      try {
        const held = await run(Scope.provide(Lease.lease(options), scope), call)
        return { ...held, client: client.withApiKey(held.key), [Symbol.asyncDispose]: close }
      } catch (error) {
        // a call that is aborted while the key is made makes it all the same
        await close()
        throw error
      }
    },
    withLease: (options, use, call) =>
      run(
        Effect.scoped(
          Effect.flatMap(Lease.lease(options), (held) =>
            Lease.untilDeadline(
              ownPromise((signal) => use(client.withApiKey(held.key), signal)),
              held
            )
          )
        ),
        call
      ),
    sweep: (options) => run(Lease.sweep(options), options)
  }
}

export const rotation = (client: Client): Rotations => {
  const { run } = client.connection
  return {
    current: (name, options) => run(Rotation.current(name, options), options),
    begin: (key, options) =>
      run(
        handOver(client, options, (all) => Rotation.begin(key, all)),
        options
      ),
    finish: (key, { targetClient, ...options } = {}) =>
      run(
        Effect.flatMap(sqlOf(targetClient), (targetSql) => Rotation.finish(key, { ...options, targetSql })),
        options
      ),
    rotate: (key, options) =>
      run(
        handOver(client, options, (all) => Rotation.rotate(key, all)),
        options
      ),
    resume: (key, options) =>
      run(
        handOver(client, options, (all) => Rotation.resume(key, all)),
        options
      ),
    abandon: (key, options) =>
      run(
        handOver(client, options, (all) => Rotation.abandon(key, all)),
        options
      )
  }
}

export const plans = (client: Client): Plans => {
  const { run } = client.connection
  return {
    plan: (desired, { targetClient, ...options } = {}) =>
      run(
        Effect.flatMap(sqlOf(targetClient), (targetSql) => Plan.plan(desired, { ...options, targetSql })),
        options
      ),
    apply: (planned, { publishAll, ...options }) =>
      run(
        handOver(client, options, (all) => Plan.apply(planned, { ...all, publishAll })),
        options
      ),
    fromJsonc: (text) => run(Desired.fromJsonc(text))
  }
}
