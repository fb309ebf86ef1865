/** The keys of a pool and the callers that use them or wait for room. Plain data: every step is one turn of the event loop. */
import type { GrantsRequest } from "../../../account/Grants.ts"
import type { Lease } from "../lifecycle/leaseKey.ts"
import type { Heartbeat } from "./heartbeat.ts"

/** A key of the pool. It takes room from before it is created until it is deleted. */
export interface PooledKey {
  readonly grantsId: string
  /** `undefined` while it is created. */
  lease: Lease | undefined
  /** The caller that creates or deletes it. */
  owner: Heartbeat | undefined
  readonly users: Set<Heartbeat>
  /** When it was created, in milliseconds. */
  since: number
  /** When its last user left, in milliseconds. */
  unusedSince: number
  /** Whether it takes no more users. */
  isRetired: boolean
  /** Whether it takes no more users because others have waited long enough for its room. */
  isOver: boolean
  /** Whether a fiber waits to delete it. */
  hasJanitor: boolean
}

/** A caller that waits for room. */
interface Waiter {
  readonly grantsId: string
  readonly heartbeat: Heartbeat
}

/** What a caller does next. */
export type Step =
  | { readonly do: "create"; readonly key: PooledKey; readonly grants: GrantsRequest }
  | { readonly do: "delete"; readonly key: PooledKey }
  | { readonly do: "use"; readonly key: PooledKey; readonly lease: Lease }
  | { readonly do: "wait" }

export interface RoomOptions {
  readonly capacity: number
  /** A lease is given out if it lives at least so long, in milliseconds. */
  readonly renewBefore: number
  /** For how long a key takes new users while others wait for room, in milliseconds. */
  readonly turn: number
}

export class Room {
  readonly keys: Set<PooledKey> = new Set()
  readonly #waiters: Array<Waiter> = []
  readonly #options: RoomOptions

  constructor(options: RoomOptions) {
    this.#options = options
  }

  /** Decides what a caller does next, and reserves what it needs for that. */
  next(grantsId: string, grants: GrantsRequest, caller: Heartbeat, now: number): Step {
    this.#forgetGone()
    if (this.#waiters.length === 0) for (const key of this.keys) key.isOver = false
    const same = [...this.keys].filter((key) => key.grantsId === grantsId && !key.isRetired && !key.isOver)
    for (const key of same) {
      const { lease, owner } = key
      if (lease === undefined) {
        this.leave(caller)
        return { do: "wait" }
      }
      if (owner !== undefined) continue
      if (lease.deadline.getTime() - now < this.#options.renewBefore) key.isRetired = true
      else if (this.#isOver(key, now)) key.isOver = true
      else {
        this.leave(caller)
        key.users.add(caller)
        return { do: "use", key, lease }
      }
    }
    const isFirst = this.#waiters.length === 0 || this.#waiters[0]?.heartbeat === caller
    if (!isFirst) return this.#wait(grantsId, caller)
    const unused = [...this.keys].filter(
      ({ lease, owner, users }) => lease !== undefined && owner === undefined && users.size === 0
    )
    const old =
      unused.find(({ isRetired }) => isRetired) ?? (this.keys.size < this.#options.capacity ? undefined : unused[0])
    if (old !== undefined) {
      this.reserve(old, caller)
      return { do: "delete", key: old }
    }
    if (this.keys.size < this.#options.capacity) {
      this.leave(caller)
      const key: PooledKey = {
        grantsId,
        lease: undefined,
        owner: caller,
        users: new Set(),
        since: now,
        unusedSince: now,
        isRetired: false,
        isOver: false,
        hasJanitor: false
      }
      this.keys.add(key)
      return { do: "create", key, grants }
    }
    return this.#wait(grantsId, caller)
  }

  /** Reserves an unused key for the caller that deletes it. */
  reserve(key: PooledKey, caller: Heartbeat): void {
    key.isRetired = true
    key.owner = caller
  }

  /** Removes a caller from those that wait. */
  leave(caller: Heartbeat): void {
    const index = this.#waiters.findIndex(({ heartbeat }) => heartbeat === caller)
    if (index >= 0) this.#waiters.splice(index, 1)
  }

  #wait(grantsId: string, heartbeat: Heartbeat): Step {
    if (!this.#waiters.some((waiter) => waiter.heartbeat === heartbeat)) {
      this.#waiters.push({ grantsId, heartbeat })
    }
    return { do: "wait" }
  }

  /** Whether more callers wait for room than keys are about to leave, and this key has had its turn. */
  #isOver(key: PooledKey, now: number): boolean {
    const leaving = [...this.keys].filter(({ isOver }) => isOver).length
    return now - key.since >= this.#options.turn && this.#waiters.length > leaving
  }

  /** Takes the room from callers that ended without saying so. `Lease.sweep` deletes the keys that they were creating. */
  #forgetGone(): void {
    for (const key of this.keys) {
      for (const user of key.users) if (user.isGone()) key.users.delete(user)
      if (key.owner?.isGone() === true) this.keys.delete(key)
    }
    for (const { heartbeat } of this.#waiters.filter((waiter) => waiter.heartbeat.isGone())) this.leave(heartbeat)
  }
}
