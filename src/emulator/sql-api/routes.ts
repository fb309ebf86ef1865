/** Finds the endpoint of a request. Paths ignore case and a trailing slash; the version is any word. */
import { findEndpoint } from "../http/endpoint.ts"
import { endpoints, type SqlEndpoint } from "./endpoints.ts"

export interface Route {
  readonly endpoint: SqlEndpoint
  /** Segments of the path that vary, decoded. */
  readonly segments: Readonly<Record<string, string>>
  /** The account in the path: `/user/NAME/`, or `/u/NAME/` as addresses of organizations have it. */
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

/** Whether a request belongs to the SQL API, including the paths below `/sql` that it does not have. */
export const isSqlApi = (method: string, pathname: string): boolean =>
  match(method, pathname) !== undefined || /^\/sql(?:\/|$)/i.test(prefix.exec(pathname)?.[2] ?? "")

/** The route of a request; `undefined` if there is none. */
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
