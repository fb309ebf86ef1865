/**
 * The few read-only endpoints of other APIs that clients call first: the account, and its tables. Requests for other
 * paths get a JSON 404 response that names the embedded CARTO.
 */
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import type { Account } from "../accounts/account.ts"
import { type AccountNotFound, Accounts } from "../accounts/accounts.ts"
import { ApiKeys } from "../accounts/keys/apiKeys.ts"
import type { ConnectionError, DatabaseError } from "../database.ts"
import { accountOfHost } from "../http/addressing.ts"
import { type Endpoint, findEndpoint } from "../http/endpoint.ts"
import { member, me, user, visualization, visualizations } from "./serializers.ts"
import { tablesOf } from "./tables.ts"

interface Call {
  readonly account: Account
  readonly query: URLSearchParams
  readonly segments: Readonly<Record<string, string>>
  readonly origin: string
}

type Failure = AccountNotFound | ConnectionError | DatabaseError

type Handler = (call: Call) => Effect.Effect<Response, Failure, Accounts>

const json = (status: number, body: unknown): Response => Response.json(body, { status })

const notFound = (message: string): Response => json(404, { errors: [message] })

const listTables: Handler = Effect.fnUntraced(function* ({ account, query }) {
  const tables = yield* tablesOf(account)
  return json(200, visualizations(account, tables, query))
})

const showTable: Handler = Effect.fnUntraced(function* ({ account, segments }) {
  const wanted = segments["name"] ?? ""
  const table = (yield* tablesOf(account)).find(({ id, name }) => name === wanted || id === wanted)
  return table === undefined ? notFound("Visualization not viewable") : json(200, visualization(account, table))
})

const showUser: Handler = Effect.fnUntraced(function* ({ account, segments }) {
  const wanted = segments["name"] ?? ""
  return wanted === account.username || wanted === account.id
    ? json(200, user(account))
    : notFound(`the embedded CARTO has no user ${JSON.stringify(wanted)} that ${account.username} may see`)
})

const listMembers: Handler = Effect.fnUntraced(function* ({ account, segments }) {
  const accounts = yield* Accounts
  const name = segments["name"] ?? ""
  const members = account.organization?.name === name ? accounts.members(name) : []
  return members.length === 0
    ? notFound(`${account.username} is not a member of the organization ${JSON.stringify(name)}`)
    : json(200, { users: members.map(member), total_entries: members.length, total_user_entries: members.length })
})

const read = ["GET", "HEAD"]

/** The endpoints. Paths are relative to `/api`. They have no rate limits. */
const endpoints: ReadonlyArray<Endpoint<Handler>> = [
  {
    name: "me",
    methods: read,
    path: /^\/v[34]\/me$/,
    handle: ({ account, origin }) => Effect.sync(() => json(200, me(account, origin)))
  },
  { name: "list tables", methods: read, path: /^\/v1\/viz$/, handle: listTables },
  { name: "show table", methods: read, path: /^\/v1\/viz\/(?<name>[^/]+)$/, handle: showTable },
  { name: "show user", methods: read, path: /^\/v1\/users\/(?<name>[^/]+)$/, handle: showUser },
  { name: "list members", methods: read, path: /^\/v1\/organization\/(?<name>[^/]+)\/users$/, handle: listMembers }
]

const prefix = /^((?:\/(?:user|u)\/[^/]+)*)\/api(\/v[1-4](?:\/.*)?)$/

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** Whether a path belongs to CARTO's versioned APIs. The Auth API and the SQL API take precedence. */
export const isVersioned = (path: string): boolean => prefix.test(path)

const tokenOf = (request: Request, query: URLSearchParams, username: string): string | undefined => {
  const encoded = /^ *basic +([A-Za-z0-9+/_=-]+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1]
  if (encoded === undefined) return query.get("api_key") ?? undefined
  const decoded = Result.getOrElse(Base64.decodeString(encoded), () => "")
  const colon = decoded.indexOf(":")
  return decoded.slice(0, colon) === username ? decoded.slice(colon + 1) : undefined
}

/** Responds to a request of another versioned API. */
export const handle = (request: Request): Effect.Effect<Response, never, Accounts | ApiKeys> =>
  Effect.gen(function* () {
    const { host, origin, pathname, searchParams } = new URL(request.url)
    const [, users = "", path = ""] = prefix.exec(pathname) ?? []
    const found = findEndpoint(endpoints, request.method, path.replace(/\/$/, ""))
    if (found === undefined) return notFound(`the embedded CARTO does not have ${request.method} ${pathname}`)
    const named = users.split("/").at(-1) ?? ""
    const username = named === "" ? (accountOfHost(request.headers.get("host") ?? host) ?? "") : decode(named)
    const account = (yield* Accounts).find(username)
    if (account === undefined) return notFound(`the embedded CARTO has no account ${JSON.stringify(username)}`)
    const token = tokenOf(request, searchParams, username)
    const key = (yield* ApiKeys).list(username).find((row) => row.token === token)
    if (key?.type !== "master") {
      return json(401, { errors: [`${found.endpoint.name} needs the master key of ${account.username}`] })
    }
    const segments = Object.fromEntries(
      Object.entries(found.segments).map(([name, value]) => [name, decode(value)] as const)
    )
    return yield* found.endpoint.handle({ account, query: searchParams, segments, origin })
  }).pipe(
    Effect.catchCause((cause) =>
      Effect.as(Effect.logError("an API of the account failed", cause), json(500, { errors: ["internal error"] }))
    ),
    Effect.map((response) =>
      request.method === "HEAD" ? new Response(null, { status: response.status, headers: response.headers }) : response
    )
  )
