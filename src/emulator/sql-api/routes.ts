/**
 * Finds the endpoint of a request. Paths are case-insensitive, and a trailing slash is ignored. The version can be any
 * word.
 */
import { findEndpoint } from "../http/endpoint.ts"
import { endpoints, type SqlEndpoint } from "./endpoints.ts"

/** The endpoint of a request and the variable parts of its path. */
export interface Route {
  readonly endpoint: SqlEndpoint
  /** Variable segments of the path, decoded. */
  readonly segments: Readonly<Record<string, string>>
  /** The account in the path: `/user/NAME/`, or `/u/NAME/` in addresses of organizations. */
  readonly user: string | undefined
}

const prefix = /^((?:\/(?:user|u)\/[^/]+)*)\/api\/[^/]+(\/.*)$/i
const lastUser = /\/(?:user|u)\/([^/]+)$/i

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** Reports whether a request belongs to the SQL API. Unknown paths below `/sql` are included. */
export const isSqlApi = (method: string, pathname: string): boolean =>
  match(method, pathname) !== undefined || /^\/sql(?:\/|$)/i.test(prefix.exec(pathname)?.[2] ?? "")

/** Returns the route of a request; `undefined` if no route matches. */
export const match = (method: string, pathname: string): Route | undefined => {
  const [, users, rest] = prefix.exec(pathname) ?? []
  if (rest === undefined) return undefined
  const found = findEndpoint(endpoints, method, rest.length > 1 ? rest.replace(/\/$/, "") : rest)
  if (found === undefined) return undefined
  const user = lastUser.exec(users ?? "")?.[1]
  return {
    endpoint: found.endpoint,
    segments: Object.fromEntries(Object.entries(found.segments).map(([name, value]) => [name, decode(value)])),
    user: user === undefined ? undefined : decode(user)
  }
}
