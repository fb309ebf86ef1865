/** The headers by which caches keep an answer and drop it again when a table changes. */
import { createHash } from "node:crypto"
import type { Table } from "./queryTables.ts"

const oneYear = 31_536_000
/** Seconds after which an answer of unknown age is asked for again: the clock's next multiple of them. */
const fallback = 300

const writes = /\b(?:alter|insert|update|delete|create|drop|reindex|truncate|refresh)\b/i

/** Whether a text has a word that writes, be it within a string. */
export const mayWrite = (sql: string): boolean => writes.test(sql)

const cacheControl = (maxAge: number): string => `no-cache,max-age=${maxAge},must-revalidate,public`

const surrogateKey = (databaseName: string, table: string): string =>
  `t:${createHash("sha256").update(`${databaseName}:${table}`).digest("base64").slice(0, 6)}`

/** Whether a request has the answer already: whoever sends an answer as a whole says so. */
export const isFresh = (request: Request, headers: Headers): boolean => {
  const since = request.headers.get("if-modified-since")
  const tags = request.headers.get("if-none-match")
  // no answer has a tag
  if ((since ?? tags) === null || (tags !== null && tags !== "*")) return false
  if (!/^(?:GET|HEAD)$/.test(request.method)) return false
  if (/(?:^|,)\s*no-cache\s*(?:,|$)/.test(request.headers.get("cache-control") ?? "")) return false
  return since === null || Date.parse(headers.get("last-modified") ?? "") <= Date.parse(since)
}

/** Sets the headers. `tables` is `undefined` when planning failed; `now` is milliseconds. */
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
