/** Tables of endpoints, and the search for the endpoint of a request. */

/** An endpoint. */
export interface Endpoint<Handler> {
  /** The name of the endpoint in tests and in the request log. */
  readonly name: string
  readonly methods: ReadonlyArray<string> | "any"
  /** The pattern of the path after the API's prefix. Its named groups are the variable segments. */
  readonly path: RegExp
  readonly handle: Handler
}

/** An endpoint that matches a request. */
export interface Match<Row> {
  readonly endpoint: Row
  /** The variable segments, not decoded. */
  readonly segments: Readonly<Record<string, string>>
}

/** Finds the first endpoint that matches a method and a path. */
export const findEndpoint = <Row extends Pick<Endpoint<unknown>, "methods" | "path">>(
  rows: ReadonlyArray<Row>,
  method: string,
  path: string
): Match<Row> | undefined => {
  for (const endpoint of rows) {
    if (endpoint.methods !== "any" && !endpoint.methods.includes(method)) continue
    const found = endpoint.path.exec(path)
    if (found !== null) return { endpoint, segments: { ...found.groups } }
  }
  return undefined
}
