/** The routes of the Auth API. They are matched on the path as it was sent: what is percent-encoded takes no part. */

export type Action = "list" | "create" | "show" | "delete" | "regenerate"

export interface Route {
  readonly action: Action
  /** The account named in the path, by `/user/NAME` or `/u/NAME`; the last one counts. */
  readonly userDomain: string | undefined
  /** The key's name, decoded; empty for the collection. */
  readonly name: string
  /** Whether the path ended with `.json`, which links repeat. */
  readonly hasFormat: boolean
}

const api = /^(?:\/user\/[^/]+)?(?:\/u\/[^/]+)?\/api\/v3\/api_keys(?=[./]|$)/
const prefix = /^(?:\/user\/([^./]+))?(?:\/u\/([^./]+))?\/api\/v3\/api_keys(?=[./]|$)/
const item = /^\/([^/]+)$/
const regenerate = /^\/([^./]+)\/token\/regenerate$/

const normalize = (path: string): string => path.replace(/\/{2,}/g, "/").replace(/(?<=.)\/$/, "")

/** Decodes what is percent-encoded well and leaves the rest; `+` is a plus. */
const unescape = (segment: string): string =>
  new TextDecoder().decode(
    Buffer.concat(
      segment
        .split(/((?:%[0-9A-Fa-f]{2})+)/)
        .map((part, index) => (index % 2 === 1 ? Buffer.from(part.replaceAll("%", ""), "hex") : Buffer.from(part)))
    )
  )

const methods: Readonly<Record<string, string>> = { HEAD: "GET" }

/** Whether a path is the Auth API's to answer. */
export const isAuthApi = (path: string): boolean => api.test(normalize(path))

/** The route of a request; `undefined` where there is none. */
export const match = (method: string, path: string): Route | undefined => {
  const normalized = normalize(path)
  const found = prefix.exec(normalized)
  if (found === null) return undefined
  const domain = found[2] ?? found[1]
  const common = { userDomain: domain === undefined ? undefined : unescape(domain), hasFormat: false }
  const verb = methods[method] ?? method
  const rest = normalized.slice(found[0].length)
  if (rest === "" || rest === ".json") {
    const collection = { ...common, hasFormat: rest !== "", name: "" }
    if (verb === "GET") return { ...collection, action: "list" }
    return verb === "POST" ? { ...collection, action: "create" } : undefined
  }
  const name = unescape((item.exec(rest) ?? regenerate.exec(rest))?.[1] ?? "")
  if (item.test(rest)) {
    if (verb === "GET") return { ...common, name, action: "show" }
    return verb === "DELETE" ? { ...common, name, action: "delete" } : undefined
  }
  return regenerate.test(rest) && verb === "POST" ? { ...common, name, action: "regenerate" } : undefined
}
