/** Failures on purpose, in front of an account's server. */

/**
 * - `rate-limited`: 429 with its headers, before anything runs.
 * - `statement-timeout`: the 429 of a statement that ran too long; the Auth API and batch jobs never say it.
 * - `connection-refused`: nothing arrives at the server.
 * - `connection-cut`: the server does what it is asked, and its answer breaks off in the middle.
 * - `unavailable`: 503, as a proxy says it.
 */
export type Fault = "rate-limited" | "statement-timeout" | "connection-refused" | "connection-cut" | "unavailable"

export interface FaultOptions {
  /** How many calls fail; by default all of them, until the fault is taken back. */
  readonly times?: number | undefined
  /** Which calls fail. Default: every call that can fail so. */
  readonly when?: ((request: Request) => boolean) | undefined
  /** Seconds that a limited caller is told to wait. Default 1. */
  readonly retryAfter?: number | undefined
}

export interface Faults {
  readonly fetch: typeof globalThis.fetch
  /** Makes calls fail; the function that it returns takes that back. */
  readonly fail: (fault: Fault, options?: FaultOptions) => () => void
}

interface Switch {
  readonly fault: Fault
  readonly options: FaultOptions
  left: number
}

const refusal = (status: number, words: string, detail: string, headers: Readonly<Record<string, string>> = {}) =>
  Response.json({ error: [words], context: "limit", detail }, { status, headers })

const failedConnection = (message: string, code: string): TypeError =>
  new TypeError("fetch failed", { cause: Object.assign(new Error(message), { code }) })

const cut = async (response: Response): Promise<Response> => {
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (bytes.length < 2) throw failedConnection("other side closed", "UND_ERR_SOCKET")
  let begun = false
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (begun) return controller.error(new TypeError("terminated"))
      begun = true
      controller.enqueue(bytes.subarray(0, bytes.length >> 1))
    }
  })
  return new Response(body, { status: response.status, headers: response.headers })
}

const answer = async (
  { fault, options: { retryAfter = 1 } }: Switch,
  request: Request,
  fetch: typeof globalThis.fetch
): Promise<Response> => {
  switch (fault) {
    case "rate-limited":
      return refusal(429, "You are over platform's limits. Please contact us to know more details", "rate-limit", {
        "carto-rate-limit-limit": "1",
        "carto-rate-limit-remaining": "0",
        "carto-rate-limit-reset": String(retryAfter),
        "retry-after": String(retryAfter)
      })
    case "statement-timeout":
      return refusal(
        429,
        "You are over platform's limits: SQL query timeout error. Refactor your query before running again or contact CARTO support for more details.",
        "datasource"
      )
    case "connection-refused":
      throw failedConnection(`connect ECONNREFUSED ${new URL(request.url).host}`, "ECONNREFUSED")
    case "connection-cut":
      return await cut(await fetch(request))
    case "unavailable":
      return new Response("<html><body><h1>503 Service Unavailable</h1></body></html>", {
        status: 503,
        headers: { "content-type": "text/html" }
      })
  }
}

const canFail = (fault: Fault, { url }: Request): boolean =>
  fault !== "statement-timeout" || /\/api\/v\d+\/sql(?:\/copy(?:to|from))?$/.test(new URL(url).pathname)

/** Puts switches in front of a `fetch`. */
export const makeFaults = (fetch: typeof globalThis.fetch): Faults => {
  const switches = new Set<Switch>()
  return {
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const active = [...switches].find(
        ({ fault, left, options: { when } }) => left > 0 && canFail(fault, request) && (when?.(request) ?? true)
      )
      if (active === undefined) return await fetch(request)
      active.left--
      return await answer(active, request, fetch)
    },
    fail: (fault, options = {}) => {
      const added: Switch = { fault, options, left: options.times ?? Number.POSITIVE_INFINITY }
      switches.add(added)
      return () => {
        switches.delete(added)
      }
    }
  }
}
