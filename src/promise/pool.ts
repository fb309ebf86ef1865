/**
 * Leases that many calls share, in promises: `openPool(client, options)`. The client needs the master key.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { Auth } from "../account/Auth.ts"
import type { GrantsRequest } from "../account/Grants.ts"
import type { Lease } from "../keys/Lease.ts"
import * as LeasePool from "../keys/LeasePool.ts"
import type { Client } from "./index.ts"
import { callerPromise } from "./internal/callerPromise.ts"
import type { CallOptions } from "./internal/connection.ts"
import type { HeldLease } from "./lifecycle.ts"

export type { LeasePoolOptions } from "../keys/LeasePool.ts"
export type { HeldLease } from "./lifecycle.ts"

/** A pool of leases: the methods of `LeasePool`, with the same errors. */
export interface Pool extends AsyncDisposable {
  /** Returns a lease with these grants. Closing the lease gives it back to the pool. */
  readonly get: (grants: GrantsRequest, call?: CallOptions) => Promise<HeldLease>
  /**
   * Runs a function under a lease of the pool. Its signal is aborted if the lease ends first.
   *
   * Use the client that the function gets. To ask the pool for the same grants inside the function can deadlock.
   */
  readonly withLease: <A>(
    grants: GrantsRequest,
    use: (client: Client, signal: AbortSignal) => Promise<A>,
    call?: CallOptions
  ) => Promise<A>
  /** Invalidates this lease only; a newer lease for the same grants stays. Its key is deleted when no call uses it. */
  readonly invalidate: (lease: Lease, call?: CallOptions) => Promise<void>
  /** Closes the pool and deletes its keys. */
  readonly close: () => Promise<void>
}

/** Opens a pool under the key of a client. Nothing is sent before the first lease. */
export const openPool = async (
  client: Client,
  options: LeasePool.LeasePoolOptions,
  call?: CallOptions
): Promise<Pool> => {
  const { run } = client.connection
  const scope = Scope.makeUnsafe()
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
  const pool = await run(Scope.provide(LeasePool.make(options), scope), call)
  // `invalidate` compares leases by identity, and the caller has a copy that can be closed
  const originals = new WeakMap<Lease, Lease>()
  return {
    get: async (grants, call) => {
      const own = await run(Scope.fork(scope), call)
      const giveBack = () => Effect.runPromise(Scope.close(own, Exit.void))
      try {
        const lease = await run(Scope.provide(pool.get(grants), own), call)
        const held = {
          ...lease,
          client: client.withApiKey(lease.key),
          close: giveBack,
          [Symbol.asyncDispose]: giveBack
        }
        originals.set(held, lease)
        return held
      } catch (error) {
        await giveBack()
        throw error
      }
    },
    withLease: (grants, use, call) =>
      run(
        Effect.flatMap(
          Auth.use(({ apiKey }) => apiKey),
          (key) => callerPromise((signal) => use(client.withApiKey(key), signal))
        ).pipe(pool.withLease(grants)),
        call
      ),
    invalidate: (lease, call) => run(pool.invalidate(originals.get(lease) ?? lease), call),
    close,
    [Symbol.asyncDispose]: close
  }
}
