/** From a path to an endpoint of the SQL API. Paths ignore case and a trailing slash; the version is any word. */

export type Endpoint =
  | { readonly _tag: "Query" }
  | { readonly _tag: "CreateJob" }
  | { readonly _tag: "ReadJob"; readonly jobId: string }
  | { readonly _tag: "CancelJob"; readonly jobId: string }
  | { readonly _tag: "CopyFrom" }
  | { readonly _tag: "CopyTo" }
  | { readonly _tag: "Preflight" }
  | { readonly _tag: "Version" }
  | { readonly _tag: "Health" }
  | { readonly _tag: "JobsInProgress" }

export interface Route {
  readonly endpoint: Endpoint
  /** The account in the path: `/user/NAME/`, or `/u/NAME/` as organisations' addresses have it. */
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

const endpointOf = (method: string, path: string): Endpoint | undefined => {
  const isRead = method === "GET" || method === "HEAD"
  const name = path.toLowerCase()
  if (name === "/version") return isRead ? { _tag: "Version" } : undefined
  if (name === "/health") return isRead ? { _tag: "Health" } : undefined
  if (name === "/jobs-wip") return isRead ? { _tag: "JobsInProgress" } : undefined
  if (name !== "/sql" && !name.startsWith("/sql/")) return undefined
  if (method === "OPTIONS") return { _tag: "Preflight" }
  if (name === "/sql") return { _tag: "Query" }
  if (name === "/sql/job") return method === "POST" ? { _tag: "CreateJob" } : undefined
  if (name === "/sql/copyfrom") return method === "POST" ? { _tag: "CopyFrom" } : undefined
  if (name === "/sql/copyto") return isRead || method === "POST" ? { _tag: "CopyTo" } : undefined
  const jobId = /^\/sql\/job\/([^/]+)$/i.exec(path)?.[1]
  if (jobId === undefined) return undefined
  if (isRead) return { _tag: "ReadJob", jobId: decode(jobId) }
  return method === "DELETE" ? { _tag: "CancelJob", jobId: decode(jobId) } : undefined
}

/** The endpoint of a request, or `undefined` where there is none. */
export const match = (method: string, pathname: string): Route | undefined => {
  const [, users, rest] = prefix.exec(pathname) ?? []
  if (rest === undefined) return undefined
  const endpoint = endpointOf(method, rest.length > 1 ? rest.replace(/\/$/, "") : rest)
  if (endpoint === undefined) return undefined
  const user = lastUser.exec(users ?? "")?.[1]
  return { endpoint, user: user === undefined ? undefined : decode(user) }
}
