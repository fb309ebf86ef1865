import { assert, describe, it } from "@effect/vitest"
import { mayWrite, setCacheHeaders } from "../../../../src/emulator/sql-api/query/caching.ts"
import { hasSystemTable, plannable, type Table } from "../../../../src/emulator/sql-api/query/queryTables.ts"

const january = Date.UTC(2020, 0, 1)
const june = Date.UTC(2020, 5, 1)
const now = Date.UTC(2026, 0, 1, 0, 1, 40)

const headersOf = (tables: ReadonlyArray<Table> | undefined, sql = "select 1", persist = false) => {
  const headers = new Headers()
  setCacheHeaders(headers, { databaseName: "acme_db", sql, tables, persist, now })
  return Object.fromEntries(headers)
}

describe("setCacheHeaders", () => {
  it("a response without tables is cached for a year", () => {
    assert.deepEqual(headersOf([]), {
      "cache-control": "no-cache,max-age=31536000,must-revalidate,public",
      "last-modified": "Thu, 01 Jan 2026 00:01:40 GMT"
    })
  })
  it("cache headers name the known tables", () => {
    assert.deepEqual(headersOf([{ name: "public.places", updatedAt: january }]), {
      "cache-control": "no-cache,max-age=31536000,must-revalidate,public",
      "last-modified": "Wed, 01 Jan 2020 00:00:00 GMT",
      "surrogate-key": "t:rodFzf",
      "x-cache-channel": "acme_db:public.places"
    })
  })
  it("Last-Modified is the time of the newest table, and max-age is short if the time of a table is unknown", () => {
    const headers = headersOf([
      { name: "public.places", updatedAt: january },
      { name: "public.plain", updatedAt: undefined },
      { name: "public.secrets", updatedAt: june }
    ])
    assert.strictEqual(headers["cache-control"], "no-cache,max-age=200,must-revalidate,public")
    assert.strictEqual(headers["last-modified"], "Mon, 01 Jun 2020 00:00:00 GMT")
    assert.strictEqual(headers["x-cache-channel"], "acme_db:public.places,public.secrets")
  })
  it("a statement that may write is not cached", () => {
    assert.deepEqual(headersOf([{ name: "public.places", updatedAt: january }], "select 'Update'"), {
      "cache-control": "no-cache,max-age=0,must-revalidate,public",
      "last-modified": "Wed, 01 Jan 2020 00:00:00 GMT"
    })
  })
  it("cache headers name no tables if planning failed", () => {
    assert.deepEqual(headersOf(undefined), { "cache-control": "no-cache,max-age=200,must-revalidate,public" })
  })
  it("a response with cache_policy=persist is cached for a year, also if planning failed", () => {
    assert.strictEqual(headersOf(undefined, "select 1", true)["cache-control"], "public,max-age=31536000")
  })
})

describe("mayWrite", () => {
  it("mayWrite looks for whole words", () => {
    for (const sql of ["DROP table t", "select 'delete'", "x;Refresh"]) assert.isTrue(mayWrite(sql), sql)
    for (const sql of ["select updated_at", "select 1 as inserted", "select dropped"])
      assert.isFalse(mayWrite(sql), sql)
  })
})

const table = (name: string) => [{ name, updatedAt: undefined }]

describe("QueryTables", () => {
  it("QueryTables plans statements that begin with SELECT or WITH", () => {
    assert.deepEqual(plannable("select 1; update t set a=1; -- x\n WITH a as (select 2) select 3; explain select 4"), [
      "select 1",
      "WITH a as (select 2) select 3"
    ])
  })
  it("QueryTables recognizes a system table by its name", () => {
    assert.isTrue(hasSystemTable(table("pg_catalog.pg_class")))
    assert.isTrue(hasSystemTable(table("public.pg_mine")))
    assert.isFalse(hasSystemTable(table("public.my_pg_table")))
    assert.isFalse(hasSystemTable(undefined))
  })
})
