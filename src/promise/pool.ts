/** Leases that are shared, as promises: `await using pool = await openPool(client, { … })`. Needs the master key. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { Auth } from "../account/Auth.ts"
import type { GrantsRequest } from "../account/Grants.ts"
import type { CallOptions } from "./internal/runtime.ts"
import { ownPromise } from "./internal/callerPromise.ts"
import type { Lease } from "../keys/Lease.ts"
import * as LeasePool from "../keys/LeasePool.ts"
import type { Client } from "./index.ts"
import type { HeldLease } from "./lifecycle.ts"

export type { LeasePoolOptions } from "../keys/LeasePool.ts"
export type { HeldLease } from "./lifecycle.ts"

/** See `keys/LeasePool` for what each call does and the reasons it can fail with. Disposing of it deletes its keys. */
export interface Pool extends AsyncDisposable {
  /** A lease with these grants, which is given back when it is disposed of. */
  readonly get: (grants: GrantsRequest, call?: CallOptions) => Promise<HeldLease>
  /**
   * Runs a function under a lease of the pool. Its signal is aborted when the lease ends first. Use the client that it gets:
   * to ask for the same grants inside may be to wait behind others, who wait for this lease.
   */
  readonly withLease: <A>(
    grants: GrantsRequest,
    use: (client: Client, signal: AbortSignal) => Promise<A>,
    call?: CallOptions
  ) => Promise<A>
  /** Gives this lease out no more; its key is deleted as soon as nobody uses it. */
  readonly invalidate: (lease: Lease) => Promise<void>
}

/** A pool under the client's key. Nothing is sent before the first lease. */
export const openPool = async (client: Client, options: LeasePool.LeasePoolOptions): Promise<Pool> => {
  const { run } = client.connection
  const scope = Scope.makeUnsafe()
  const pool = await run(Scope.provide(LeasePool.make(options), scope))
  // `invalidate` is of the lease that the pool gave, not of the copy that can be disposed of
  const given = new WeakMap<Lease, Lease>()
  return {
    get: async (grants, call) => {
      const own = await run(Scope.fork(scope))
      const close = () => Effect.runPromise(Scope.close(own, Exit.void))
      try {
        const lease = await run(Scope.provide(pool.get(grants), own), call)
        const held = { ...lease, client: client.withApiKey(lease.key), [Symbol.asyncDispose]: close }
        given.set(held, lease)
        return held
      } catch (error) {
        await close()
        throw error
      }
    },
    withLease: (grants, use, call) =>
      run(
        Effect.flatMap(
          Auth.use(({ apiKey }) => apiKey),
          (key) => ownPromise((signal) => use(client.withApiKey(key), signal))
        ).pipe(pool.withLease(grants)),
        call
      ),
    invalidate: (lease) => run(pool.invalidate(given.get(lease) ?? lease)),
    [Symbol.asyncDispose]: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}
