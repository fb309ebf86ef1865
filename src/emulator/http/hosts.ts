/** Which hosts and which web pages a listening emulator answers. */

/** Names of this machine, as a URL has them. */
const loopback = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/

const hostnameOf = (host: string): string | undefined =>
  URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined

/** Hosts of CARTO's own accounts, and names that are reserved for tests. Nobody can point them at this machine. */
export const defaultHosts: ReadonlyArray<string> = [".carto.com", ".test"]

/** Whether a host is this machine or one of the names. A name that begins with a dot stands for all that end with it. */
export const isOwnHost = (host: string, names: ReadonlyArray<string>): boolean => {
  const hostname = hostnameOf(host)
  if (hostname === undefined) return false
  return (
    loopback.test(hostname) ||
    names.some((name) => (name.startsWith(".") ? hostname.endsWith(name) : hostname === name))
  )
}

/**
 * Whether a request is meant for this server. A web page whose owner has pointed its name at this machine sends that
 * name, and must not reach the emulator.
 */
export const isMeantForUs = ({ headers, url }: Request, names: ReadonlyArray<string>): boolean =>
  [headers.get("host") ?? "", new URL(url).host].every((host) => isOwnHost(host, names))

/** The origin that a browser says a request comes from; `"null"` if the browser hides it. */
const originOf = ({ headers }: Request): string | undefined => {
  const origin = headers.get("origin")
  if (origin !== null) return origin
  const referrer = headers.get("referer")
  return referrer !== null && URL.canParse(referrer) ? new URL(referrer).origin : undefined
}

const hostOfOrigin = (origin: string): string => (URL.canParse(origin) ? new URL(origin).host : "")

/**
 * Whether a browser sends a request for a page of another site. Every request of the SQL API can write, and the default
 * key needs no token: an image on any page could change what is public.
 *
 * Pages of this machine and of the names are not foreign, nor are those of the allowed origins.
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
