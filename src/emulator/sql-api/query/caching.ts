/** The headers that tell caches how long to keep a response and when to drop it because a table changed. */
import { createHash } from "node:crypto"
import type { Table } from "./queryTables.ts"

const oneYear = 31_536_000
/**
 * Maximum age in seconds of a response whose tables have no known time of change. The response expires at the next
 * multiple of this on the clock.
 */
const fallback = 300

const writes = /\b(?:alter|insert|update|delete|create|drop|reindex|truncate|refresh)\b/i

/** Reports whether a text contains a word of a writing statement, even within a string. */
export const mayWrite = (sql: string): boolean => writes.test(sql)

const cacheControl = (maxAge: number): string => `no-cache,max-age=${maxAge},must-revalidate,public`

const surrogateKey = (databaseName: string, table: string): string =>
  `t:${createHash("sha256").update(`${databaseName}:${table}`).digest("base64").slice(0, 6)}`

/** Reports whether the client already has the response. Only complete responses are checked. */
export const isFresh = (request: Request, headers: Headers): boolean => {
  const since = request.headers.get("if-modified-since")
  const tags = request.headers.get("if-none-match")
  // responses have no entity tag
  if ((since ?? tags) === null || (tags !== null && tags !== "*")) return false
  if (!/^(?:GET|HEAD)$/.test(request.method)) return false
  if (/(?:^|,)\s*no-cache\s*(?:,|$)/.test(request.headers.get("cache-control") ?? "")) return false
  return since === null || Date.parse(headers.get("last-modified") ?? "") <= Date.parse(since)
}

/** Sets the headers. `tables` is `undefined` if planning failed; `now` is in milliseconds. */
export const setCacheHeaders = (
  headers: Headers,
  options: {
    readonly databaseName: string
    readonly sql: string
    readonly tables: ReadonlyArray<Table> | undefined
    readonly persist: boolean
    readonly now: number
  }
): void => {
  const { databaseName, now, persist, sql, tables } = options
  const known = tables?.flatMap(({ name, updatedAt }) => (updatedAt === undefined ? [] : [{ name, updatedAt }])) ?? []
  const write = mayWrite(sql)
  if (persist) headers.set("Cache-Control", `public,max-age=${oneYear}`)
  else if (tables !== undefined && known.length === tables.length) {
    headers.set("Cache-Control", cacheControl(write ? 0 : oneYear))
  } else headers.set("Cache-Control", cacheControl(fallback - (Math.ceil(now / 1000) % fallback)))
  if (known.length > 0 && !write) {
    headers.set("X-Cache-Channel", `${databaseName}:${known.map(({ name }) => name).join(",")}`)
    headers.set(
      "Surrogate-Key",
      known
        .map(({ name }) => surrogateKey(databaseName, name))
        .toSorted()
        .join(" ")
    )
  }
  if (tables !== undefined) {
    const newest = known.length === 0 ? now : Math.max(...known.map(({ updatedAt }) => updatedAt))
    headers.set("Last-Modified", new Date(newest).toUTCString())
  }
}
