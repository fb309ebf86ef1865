/** The Auth API's JSON of keys and of lists of keys. */
import type * as Schema from "effect/Schema"
import type { ApiKey } from "../accounts/keys/apiKey.ts"
import { section } from "../accounts/keys/grant.ts"
import { isArray, isObject, type JsonObject } from "../accounts/ruby/jsonSchema.ts"
import type { Held } from "../accounts/keys/permissions.ts"
import { cgiEscape } from "../accounts/ruby/values.ts"
import type { Paging } from "./listParameters.ts"
import type { Parameters } from "./parameters.ts"

const date = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ")} UTC`

const listSection = (type: string, name: string, items: ReadonlyArray<string> | undefined): ReadonlyArray<JsonObject> =>
  items === undefined || items.length === 0 ? [] : [{ type, [name]: items }]

const grants = (key: ApiKey, held: Held | undefined): ReadonlyArray<JsonObject> => {
  const hasMetadata = section(key.grants, "database")?.table_metadata !== undefined
  return [
    { type: "apis", apis: section(key.grants, "apis")?.apis ?? [] },
    {
      type: "database",
      tables: held?.tables ?? [],
      schemas: held?.schemas ?? [],
      ...(hasMetadata ? { table_metadata: [] } : {})
    },
    ...listSection("dataservices", "services", section(key.grants, "dataservices")?.services),
    ...listSection("data-observatory", "datasets", section(key.grants, "data-observatory")?.datasets)
  ]
}

/**
 * The JSON of a key. `held` contains the permissions of its role, and is absent for the Master and Default public keys.
 * Lists pass `self`, the link of the key.
 */
export const apiKey = (key: ApiKey, held: Held | undefined, self?: string): JsonObject => ({
  name: key.name,
  user: { username: key.username },
  type: key.type,
  token: key.token,
  grants: grants(key, held),
  created_at: date(key.createdAt),
  updated_at: date(key.updatedAt),
  ...(self === undefined ? {} : { _links: { self } })
})

/** The base of links: scheme and host of the request, and the account if the request names one. */
export interface LinkBase {
  readonly origin: string
  readonly userDomain: string | undefined
  readonly hasFormat: boolean
}

// Rails fills both optional path segments.
const collection = ({ origin, userDomain }: LinkBase): string => {
  const user = userDomain === undefined ? "" : encodeURIComponent(userDomain.toWellFormed())
  return `${origin}${user === "" ? "" : `/user/${user}/u/${user}`}/api/v3/api_keys`
}

const queryPairs = (name: string, value: Schema.Json): ReadonlyArray<string> => {
  if (isArray(value)) {
    return value.length === 0 ? [`${cgiEscape(`${name}[]`)}=`] : value.flatMap((item) => queryPairs(`${name}[]`, item))
  }
  if (isObject(value)) return Object.entries(value).flatMap(([key, member]) => queryPairs(`${name}[${key}]`, member))
  return [`${cgiEscape(name)}=${cgiEscape(value === null ? "" : String(value))}`]
}

const pageLink = (base: LinkBase, parameters: Parameters, { perPage }: Paging, page: number): JsonObject => {
  const query = new Map(parameters)
  query.delete("user_domain")
  query.set("page", page).set("per_page", perPage)
  const pairs = [...query].flatMap(([name, value]) => queryPairs(name, value))
  return { href: `${collection(base)}${base.hasFormat ? ".json" : ""}?${pairs.toSorted().join("&")}` }
}

const selfLink = (base: LinkBase, name: string): string =>
  `${collection(base)}/${cgiEscape(name).replaceAll("%", "%25")}`

/** The JSON of one page of a list. `keys` are the keys on the page. `total` is the number of keys on all pages. */
export const list = (options: {
  readonly keys: ReadonlyArray<ApiKey>
  readonly total: number
  readonly held: ReadonlyMap<string, Held>
  readonly paging: Paging
  readonly parameters: Parameters
  readonly base: LinkBase
}): JsonObject => {
  const { base, held, keys, paging, parameters, total } = options
  const last = Math.ceil(total / paging.perPage)
  const link = (page: number) => pageLink(base, parameters, paging, page)
  return {
    total,
    count: keys.length,
    result: keys.map((key) => apiKey(key, held.get(key.databaseRole), selfLink(base, key.name))),
    _links: {
      first: link(1),
      ...(paging.page > 1 ? { prev: link(paging.page - 1) } : {}),
      ...(paging.page < last ? { next: link(paging.page + 1) } : {}),
      last: link(last)
    }
  }
}
