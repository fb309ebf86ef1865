/** A `fetch` that breaks one request: before it arrives, or so that its answer is lost. */

export type Fault = "not sent" | "answer lost"

export interface FaultyFetch {
  readonly fetch: typeof globalThis.fetch
  /** Requests so far. */
  readonly count: () => number
}

/** Breaks the request of that number, which counts from 1. */
export const faultyFetch = (inner: typeof globalThis.fetch, at: number, fault: Fault): FaultyFetch => {
  let count = 0
  return {
    count: () => count,
    fetch: async (input, init) => {
      count++
      if (count !== at) return inner(input, init)
      if (fault === "answer lost") await inner(input, init)
      throw new Error(fault)
    }
  }
}
