/** Failures on purpose, in front of the server of an account. */

/**
 * How a call fails.
 *
 * - `rate-limited`: 429 with its headers, before anything runs.
 * - `statement-timeout`: the 429 of a statement that ran too long. The Auth API and batch jobs never send it.
 * - `connection-refused`: nothing arrives at the server.
 * - `connection-cut`: the server carries out the request, and its response breaks off in the middle.
 * - `unavailable`: 503, as a proxy sends it.
 */
export type Fault = "rate-limited" | "statement-timeout" | "connection-refused" | "connection-cut" | "unavailable"

/** The options of a fault. */
export interface FaultOptions {
  /** How many calls fail. @default all, until the fault is ended */
  readonly times?: number | undefined
  /** Which calls fail. @default every call that can fail in this way */
  readonly when?: ((request: Request) => boolean) | undefined
  /** The seconds of `Retry-After`, for `rate-limited`. @default 1 */
  readonly retryAfter?: number | undefined
}

/** An account's server whose calls fail on purpose. */
export interface Faults {
  /** Sends requests to the server, unless a fault answers them. */
  readonly fetch: typeof globalThis.fetch
  /** Makes calls fail. Returns the function that ends the fault. */
  readonly fail: (fault: Fault, options?: FaultOptions) => () => void
}

interface Switch {
  readonly fault: Fault
  readonly options: FaultOptions
  left: number
}

const refusal = (status: number, message: string, detail: string, headers: Readonly<Record<string, string>> = {}) =>
  Response.json({ error: [message], context: "limit", detail }, { status, headers })

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

const respond = async (
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

/** Puts faults in front of a `fetch`. */
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
      return await respond(active, request, fetch)
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
