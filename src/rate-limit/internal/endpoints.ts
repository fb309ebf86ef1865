/** What a pacer knows of each key. */
import { type FifoQueue, makeFifoQueue } from "./fifoQueue.ts"
import type { Observed, Policy } from "./policy.ts"

/** The state of one key. */
export interface Endpoint {
  /** One call at a time is between our bucket and the wire, so that a change takes effect at once. */
  readonly queue: FifoQueue
  /** The policy as it was last read. */
  policy: Policy | undefined
  /** When the policy was read. */
  readAt: number
  observed: Observed | undefined
  /** The calls that were sent while no limit was known, and have no response yet. */
  unanswered: number
  /** Those of them that failed. For each another one may be sent, so that a server that is down is not waited for in vain. */
  failed: number
}

/** Makes a function that returns the state of a key, the same one at each call. */
export const makeEndpoints = (): ((key: string) => Endpoint) => {
  const endpoints = new Map<string, Endpoint>()
  return (key) => {
    const endpoint = endpoints.get(key) ?? {
      queue: makeFifoQueue(),
      policy: undefined,
      readAt: -Infinity,
      observed: undefined,
      unanswered: 0,
      failed: 0
    }
    endpoints.set(key, endpoint)
    return endpoint
  }
}
