/** Finds the account that a request addresses by its host. Both APIs have the same rule. */

/**
 * The first label of a host name with a dot, such as `demo` for `demo.carto.com`, `demo.localhost:8080` or
 * `demo.example.org`. `undefined` for a name without a dot.
 */
export const accountOfHost = (host: string): string | undefined => {
  const name = host.replace(/:\d*$/, "").toLowerCase()
  const dot = name.indexOf(".")
  return dot > 0 ? name.slice(0, dot) : undefined
}
