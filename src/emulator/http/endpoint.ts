/** An endpoint as a row of a table, and how a request finds its row. */

export interface Endpoint<Handler> {
  /** Its name in tests and in the request log. */
  readonly name: string
  readonly methods: ReadonlyArray<string> | "any"
  /** Matches the path below the API's prefix. Its named groups are the segments that vary. */
  readonly path: RegExp
  readonly handle: Handler
}

export interface Match<Row> {
  readonly endpoint: Row
  /** The segments that vary, as they were sent. */
  readonly segments: Readonly<Record<string, string>>
}

/** The first row that matches a method and a path. */
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
