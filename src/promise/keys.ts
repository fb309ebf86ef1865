/** The life of keys as promises: `leases(client)`, `rotation(client)` and `plans(client)`. They need the master key. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { ApiKey } from "../ApiKey.ts"
import type { CallOptions } from "../internal/connection.ts"
import type { DesiredKeys } from "../keys/DesiredKeys.ts"
import * as Lease from "../keys/Lease.ts"
import * as Plan from "../keys/Plan.ts"
import * as Rotation from "../keys/Rotation.ts"
import type { Client } from "../promise.ts"

export type { DesiredKey, DesiredKeys } from "../keys/DesiredKeys.ts"
export type { Lease, LeaseOptions, SweepOptions, Swept } from "../keys/Lease.ts"
export { type Applied, isUnchanged, type Plan, type PlanAction, type PlanItem } from "../keys/Plan.ts"

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

/** How a new key comes to its consumers. */
export interface HandOver extends Omit<Rotation.RotateOptions<never, never>, "publish" | "verify"> {
  /** Writes the key's token where its consumers find it. It may be called again with the same key, after a crash. */
  readonly publish: (key: ApiKey, signal: AbortSignal) => Promise<unknown>
  /** Proves the new key; gets the account under it. If it rejects, both keys stay. */
  readonly verify?: ((client: Client, signal: AbortSignal) => Promise<unknown>) | undefined
}

/** See `keys/Rotation` for what each call does and the reasons it can fail with. */
export interface Rotations {
  readonly current: (name: string, call?: CallOptions) => Promise<ApiKey>
  readonly begin: (key: string | ApiKey, options: Omit<HandOver, "grace"> & CallOptions) => Promise<ApiKey>
  readonly finish: (key: string | ApiKey, options?: Pick<HandOver, "ownedTables"> & CallOptions) => Promise<ApiKey>
  readonly rotate: (key: string | ApiKey, options: HandOver & CallOptions) => Promise<ApiKey>
  readonly resume: (key: string | ApiKey, options: HandOver & CallOptions) => Promise<ApiKey>
  readonly abandon: (key: string | ApiKey, options: Omit<HandOver, "verify"> & CallOptions) => Promise<ApiKey>
}

/** See `keys/Plan` for what each call does and the reasons it can fail with. */
export interface Plans {
  /** What {@link apply} would do. Changes nothing. */
  readonly plan: (desired: DesiredKeys, call?: CallOptions) => Promise<Plan.Plan>
  readonly apply: (
    planned: Plan.Plan,
    options: HandOver & Pick<Plan.ApplyOptions<never, never>, "publishAll"> & CallOptions
  ) => Promise<Plan.Applied>
}

/** A promise of the caller's own; what it rejects with, the whole call rejects with. */
const own = <A>(use: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, unknown> =>
  // @effect-diagnostics-next-line unknownInEffectCatch:off
  Effect.tryPromise({ try: use, catch: (error) => error })

const handOver = <Options extends Omit<HandOver, "verify"> & Pick<Partial<HandOver>, "verify">>(
  client: Client,
  { publish, verify, ...options }: Options
) => ({
  ...options,
  publish: (key: ApiKey) => own((signal) => publish(key, signal)),
  verify: verify === undefined ? undefined : (key: ApiKey) => own((signal) => verify(client.withApiKey(key), signal))
})

export const leases = (client: Client): Leases => {
  const { run } = client.connection
  return {
    lease: async (options, call) => {
      const scope = Scope.makeUnsafe()
      const held = await run(Scope.provide(Lease.lease(options), scope), call)
      return {
        ...held,
        client: client.withApiKey(held.key),
        [Symbol.asyncDispose]: () => Effect.runPromise(Scope.close(scope, Exit.void))
      }
    },
    withLease: (options, use, call) =>
      run(
        Effect.scoped(
          Effect.flatMap(Lease.lease(options), (held) =>
            Lease.untilDeadline(
              own((signal) => use(client.withApiKey(held.key), signal)),
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
    current: (name, options) => run(Rotation.current(name), options),
    begin: (key, options) => run(Rotation.begin(key, handOver(client, options)), options),
    finish: (key, options) => run(Rotation.finish(key, options), options),
    rotate: (key, options) => run(Rotation.rotate(key, handOver(client, options)), options),
    resume: (key, options) => run(Rotation.resume(key, handOver(client, options)), options),
    abandon: (key, options) => run(Rotation.abandon(key, handOver(client, options)), options)
  }
}

export const plans = (client: Client): Plans => {
  const { run } = client.connection
  return {
    plan: (desired, options) => run(Plan.plan(desired), options),
    apply: (planned, options) => run(Plan.apply(planned, handOver(client, options)), options)
  }
}
