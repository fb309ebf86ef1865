/** The hosts and web pages whose requests a listening emulator accepts. */

/** The names of this machine in a URL. */
const loopback = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/

const hostnameOf = (host: string): string | undefined =>
  URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined

/**
 * Hosts of CARTO's own accounts, and names reserved for tests. Other sites cannot point these names at this machine.
 */
export const defaultHosts: ReadonlyArray<string> = [".carto.com", ".test"]

/** Whether a host is this machine or one of the names. A name with a leading dot matches all hosts that end with it. */
export const isOwnHost = (host: string, names: ReadonlyArray<string>): boolean => {
  const hostname = hostnameOf(host)
  if (hostname === undefined) return false
  return (
    loopback.test(hostname) ||
    names.some((name) => (name.startsWith(".") ? hostname.endsWith(name) : hostname === name))
  )
}

/**
 * Whether a request is meant for this server. An attacker can point the name of a web page's host at this machine.
 * Requests from that page have the attacker's host name, and must not reach the emulator.
 */
export const isMeantForUs = ({ headers, url }: Request, names: ReadonlyArray<string>): boolean =>
  [headers.get("host") ?? "", new URL(url).host].every((host) => isOwnHost(host, names))

/** The origin that the browser reports for a request. `"null"` if the browser hides the origin. */
const originOf = ({ headers }: Request): string | undefined => {
  const origin = headers.get("origin")
  if (origin !== null) return origin
  const referrer = headers.get("referer")
  return referrer !== null && URL.canParse(referrer) ? new URL(referrer).origin : undefined
}

const hostOfOrigin = (origin: string): string => (URL.canParse(origin) ? new URL(origin).host : "")

/**
 * Whether a browser sends a request for a page of another site. Every request to the SQL API can write, and the default
 * key needs no token. Without this check, an image on any page could change public data.
 *
 * Pages of this machine, of the names and of the allowed origins are not foreign.
 */
export const isForeignPage = (
  request: Request,
  names: ReadonlyArray<string>,
  allowedOrigins: ReadonlyArray<string>
): boolean => {
  // A preflight request changes nothing.
  if (request.method === "OPTIONS" || allowedOrigins.includes("*")) return false
  const origin = originOf(request)
  if (origin !== undefined && allowedOrigins.includes(origin)) return false
  return origin === undefined
    ? request.headers.get("sec-fetch-site") === "cross-site"
    : !isOwnHost(hostOfOrigin(origin), names)
}
