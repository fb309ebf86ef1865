/** An Auth API in memory that answers in the order in which a scheduler lets requests pass. SQL is answered at once. */

/** What the rules look at. */
interface Held {
  readonly token: string
}

interface StoredKey {
  readonly name: string
  readonly type: "master" | "regular"
  token: string
  readonly grants: ReadonlyArray<unknown>
  readonly createdAt: number
  updatedAt: number
}

export interface AuthApi {
  readonly keys: ReadonlyMap<string, Held>
  readonly isAlive: (token: string) => boolean
  /** Answers one request. `pass` is awaited before a request to the Auth API is carried out. */
  readonly answer: (request: Request, pass: (label: string) => Promise<void>) => Promise<Response>
  /** Creates a key that may use the SQL API, outside of the order. */
  readonly add: (name: string) => Promise<void>
  /** Deletes a key, outside of the order. */
  readonly remove: (name: string) => Promise<void>
}

const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } })

const date = (seconds: number): string =>
  new Date(1_700_000_000_000 + seconds * 1000)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC")

const show = ({ createdAt, grants, name, token, type, updatedAt }: StoredKey) => ({
  name,
  user: { username: "demo" },
  type,
  token,
  grants,
  created_at: date(createdAt),
  updated_at: date(updatedAt)
})

const database = { type: "database", tables: [], schemas: [{ name: "public", permissions: ["usage"] }] }

/** Over all accounts: a client remembers which token replaced which. */
let tokens = 0

/** An account with its master key, whose token is `master`. */
export const makeAuthApi = (): AuthApi => {
  const keys = new Map<string, StoredKey>()
  let ticks = 0
  const create = (name: string, type: StoredKey["type"], apis: ReadonlyArray<string>): StoredKey => {
    const key: StoredKey = {
      name,
      type,
      token: type === "master" ? "master" : `token${++tokens}`,
      grants: [{ type: "apis", apis }, database],
      createdAt: ++ticks,
      updatedAt: ticks
    }
    keys.set(name, key)
    return key
  }
  create("Master", "master", ["sql", "maps"])
  const byToken = (token: string) => [...keys.values()].find((key) => key.token === token)
  const tokenOf = (request: Request) =>
    atob((request.headers.get("authorization") ?? "").replace(/^Basic /, "")).split(":")[1] ?? ""

  const sql = async (request: Request): Promise<Response> => {
    const key = byToken(tokenOf(request))
    if (key === undefined) return json({ error: ["Unauthorized"] }, 401)
    const text = await request.text()
    const rows = /current_user/.test(text)
      ? [{ role: `role of ${key.name}` }]
      : /current_schema/.test(text)
        ? [{ schema: "public" }]
        : [{ schema: "public", name: "", kind: "n", owned: false, permissions: [] }]
    return json({ rows, fields: {}, time: 0, total_rows: rows.length })
  }

  const list = (parameters: URLSearchParams): Response => {
    const types = parameters.get("type")?.split(",")
    const size = Number(parameters.get("per_page") ?? 20)
    const page = Number(parameters.get("page") ?? 1)
    const all = [...keys.values()]
      .filter(({ type }) => types === undefined || types.includes(type))
      .toSorted((self, that) =>
        self.type === that.type ? self.updatedAt - that.updatedAt : self.type < that.type ? -1 : 1
      )
    const result = all.slice((page - 1) * size, page * size).map(show)
    const next = page * size < all.length ? { next: { href: "https://demo.carto.com/" } } : {}
    return json({ total: all.length, count: result.length, result, _links: next })
  }

  const answer: AuthApi["answer"] = async (request, pass) => {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === "/api/v2/sql") return sql(request)
    const [, name = "", action] = /^\/api\/v3\/api_keys\/([^/]+)(\/token\/regenerate)?$/.exec(pathname) ?? []
    const decoded = decodeURIComponent(name)
    const body = request.method === "POST" && action === undefined ? await request.json() : undefined
    await pass(`${request.method} ${body?.name ?? (decoded || "list")}${action === undefined ? "" : " regenerate"}`)
    if (byToken(tokenOf(request))?.type !== "master") return new Response(null, { status: 401 })
    if (name === "") {
      if (request.method === "GET") return list(searchParams)
      if (keys.has(body.name)) return json({ errors: "Validation failed: Name has already been taken" }, 422)
      const apis = body.grants.find((grant: { readonly type: string }) => grant.type === "apis").apis
      return json(show(create(body.name, "regular", apis)), 201)
    }
    const key = keys.get(decoded)
    if (key === undefined) return json({ errors: `API key not found: ${decoded}`, errors_cause: null }, 404)
    if (request.method === "DELETE") {
      keys.delete(decoded)
      return new Response(null, { status: 204 })
    }
    if (action !== undefined) {
      key.token = `token${++tokens}`
      key.updatedAt = ++ticks
    }
    return json(show(key))
  }

  return {
    keys,
    isAlive: (token) => byToken(token) !== undefined,
    answer,
    add: (name) => {
      create(name, "regular", ["sql"])
      return Promise.resolve()
    },
    remove: (name) => {
      keys.delete(name)
      return Promise.resolve()
    }
  }
}
