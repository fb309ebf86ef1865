/** Finds the endpoint of a request. The path is matched before it is decoded. */
import { findEndpoint } from "../http/endpoint.ts"
import { concatenate } from "../shared/bytes.ts"
import { type AuthEndpoint, endpoints } from "./endpoints.ts"

/** The endpoint of a request and the parts of its path. */
export interface Route {
  readonly endpoint: AuthEndpoint
  /** The account named in the path by `/user/NAME` or `/u/NAME`. The last name counts. */
  readonly userDomain: string | undefined
  /** The decoded name of the key. Empty for the collection. */
  readonly name: string
  /** Whether the path ends with `.json`, which links repeat. */
  readonly hasFormat: boolean
}

const api = /^(?:\/user\/[^/]+)?(?:\/u\/[^/]+)?\/api\/v3\/api_keys(?=[./]|$)/
const prefix = /^(?:\/user\/([^./]+))?(?:\/u\/([^./]+))?\/api\/v3\/api_keys(?=[./]|$)/

/** Removes repeated slashes and a trailing slash from a path. */
export const normalize = (path: string): string => path.replace(/\/{2,}/g, "/").replace(/(?<=.)\/$/, "")

/** Decodes percent-encoded bytes. Malformed sequences stay as they are, and `+` stays a plus sign. */
export const unescape = (segment: string): string =>
  new TextDecoder().decode(
    concatenate(
      segment
        .split(/((?:%[0-9A-Fa-f]{2})+)/)
        .map((part, index) => (index % 2 === 1 ? Buffer.from(part.replaceAll("%", ""), "hex") : Buffer.from(part)))
    )
  )

/** Whether a path belongs to the Auth API. */
export const isAuthApi = (path: string): boolean => api.test(normalize(path))

/** Finds the route of a request. Returns `undefined` if there is no route. */
export const match = (method: string, path: string): Route | undefined => {
  const normalized = normalize(path)
  const found = prefix.exec(normalized)
  if (found === null) return undefined
  const row = findEndpoint(endpoints, method, normalized.slice(found[0].length))
  if (row === undefined) return undefined
  const domain = found[2] ?? found[1]
  return {
    endpoint: row.endpoint,
    userDomain: domain === undefined ? undefined : unescape(domain),
    name: unescape(row.segments["name"] ?? ""),
    hasFormat: row.segments["format"] !== undefined
  }
}
