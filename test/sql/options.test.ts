/** Options and arguments that cannot work: each is `InvalidInput` before any request. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { BatchSql, type Carto, type CartoError, CopySql, GeoJson, Sql, sql } from "../../src/index.ts"
import * as Keyset from "../../src/sql/Keyset.ts"
import { provideScript, scriptedFetch } from "../support/scriptedFetch.ts"

type Call = (value: never) => Effect.Effect<unknown, CartoError, Carto.CartoServices>

const batch =
  (use: (service: BatchSql["Service"], value: never) => Effect.Effect<unknown, CartoError>): Call =>
  (value) =>
    BatchSql.use((service) => use(service, value))
const copy =
  (use: (service: CopySql["Service"], value: never) => Effect.Effect<unknown, CartoError>): Call =>
  (value) =>
    CopySql.use((service) => use(service, value))

const create = batch(({ create }, input) => create(input))
const wait = batch(({ wait }, options) => wait("id", options))
const watch = batch(({ watch }, options) => Stream.runDrain(watch("id", options)))
const run = batch(({ run }, options) => run(sql`SELECT 1`, options))
const page: Call = (options) => Stream.runDrain(Keyset.stream(sql`SELECT 1`, options))
const query: Call = (options) => Sql.use((db) => db.query(sql`SELECT 1`, options))
const features: Call = (options) => GeoJson.query(sql`SELECT 1`, options)
const target = copy(({ fromRows }, given) => fromRows(given, [{ a: 1 }]))

const durations = ["10 minuts", "", -1, Number.NaN, { hour: 1 }, [1, Number.NaN]] as const

const cases: ReadonlyArray<readonly [method: string, call: Call, value: unknown, field: string]> = [
  ...durations.flatMap((duration) => [
    ["BatchSql.wait", wait, { deadline: duration }, "deadline"] as const,
    ["BatchSql.watch", watch, { deadline: duration }, "deadline"] as const,
    ["BatchSql.run", run, { deadline: duration }, "deadline"] as const,
    ["BatchSql.create", create, { query: [{ query: sql`SELECT 1`, timeout: duration }] }, "query[0].timeout"] as const,
    ["Keyset.stream", page, { by: "id", timeout: duration }, "timeout"] as const,
    ["GeoJson.query", features, { timeout: duration }, "timeout"] as const,
    ["Sql.query", query, { timeout: duration }, "timeout"] as const
  ]),
  ["BatchSql.create", create, { query: [{ query: sql`SELECT 1`, timeout: "Infinity" }] }, "query[0].timeout"],
  ["BatchSql.create", create, { query: [{ query: sql`SELECT 1`, timeout: 0.5 }] }, "query[0].timeout"],
  ["BatchSql.create", create, { query: [null] }, "query[0]"],
  ["BatchSql.create", create, { query: [{}] }, "query[0].query: statement"],
  ["BatchSql.create", create, { query: [{ query: sql`SELECT 1`, id: 7 }] }, "query[0].id"],
  ["BatchSql.create", create, { query: "SELECT 1" }, "query"],
  ["BatchSql.create", create, null, "query"],
  ["BatchSql.create", create, "SELECT 1", "query"],
  ["BatchSql.wait", wait, { schedule: "5 seconds" }, "schedule"],
  ["BatchSql.run", run, { schedule: "5 seconds" }, "schedule"],
  ["BatchSql.get", batch(({ get }, job) => get(job)), undefined, "job"],
  ["BatchSql.cancel", batch(({ cancel }, job) => cancel(job)), "..", "job"],
  ["Keyset.stream", page, undefined, "by"],
  ["Keyset.stream", page, {}, "by"],
  ["Keyset.stream", page, { by: 7 }, "by"],
  ["Keyset.stream", page, { by: [] }, "by"],
  ["Keyset.stream", page, { by: [7] }, "by"],
  ["Keyset.stream", page, { by: "" }, "identifier"],
  ["Keyset.stream", page, { by: "a\0" }, "identifier"],
  ["Keyset.stream", page, { by: "a", pageSize: "10" }, "pageSize"],
  ["Keyset.stream", page, { by: "a", pageSize: Number.NaN }, "pageSize"],
  ["Keyset.stream", page, { by: "a", order: "up" }, "order"],
  ["Sql.query", query, { skipFields: "a" }, "skipFields"],
  ["Sql.query", query, { skipFields: [7] }, "skipFields[0]"],
  ["Sql.query", query, { orderBy: 7 }, "orderBy"],
  ["Sql.query", query, { page: "1", rowsPerPage: 1 }, "page"],
  ["Sql.query", query, { cachePolicy: "forever" }, "cachePolicy"],
  ["CopySql.fromRows", target, undefined, "target.columns"],
  ["CopySql.fromRows", target, { table: "t", columns: "ab" }, "target.columns"],
  ["CopySql.fromRows", target, { table: "t", columns: [] }, "target.columns"],
  ["CopySql.fromRows", target, { table: "t", columns: [7] }, "identifier"],
  ["CopySql.fromRows", target, { columns: ["a"] }, "target.table"],
  ["CopySql.fromRows", target, { table: ["a", "b", "c"], columns: ["a"] }, "target.table"],
  ["CopySql.fromRows", target, { table: [7, "b"], columns: ["a"] }, "identifier"],
  ["CopySql.fromRows", copy(({ fromRows }, rows) => fromRows({ table: "t", columns: ["a"] }, rows)), undefined, "rows"],
  ["CopySql.fromRows", copy(({ fromRows }, rows) => fromRows({ table: "t", columns: ["a"] }, rows)), { a: 1 }, "rows"],
  ["CopySql.fromRows", copy(({ fromRows }, rows) => fromRows({ table: "t", columns: ["a"] }, rows)), "a\n", "rows"]
]

const show = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (Number.isNaN(part) ? "NaN" : part)) ?? "undefined"

describe("arguments that cannot work", () => {
  for (const [index, [method, call, value, field]] of cases.entries()) {
    it.effect(`${method} refuses ${show(value)} (${index}) by the name ${field} before any request`, () => {
      const script = scriptedFetch(new Error("asked"))
      return Effect.gen(function* () {
        const error: CartoError = yield* Effect.flip(call(value as never))
        assert.deepInclude(error.reason, { _tag: "InvalidInput", field })
        assert.strictEqual(error.operation, method)
        assert.strictEqual(script.asked.length, 0)
      }).pipe(provideScript(script))
    })
  }

  it.effect("options that are null are none", () => {
    const script = scriptedFetch(Response.json({ rows: [], time: 0, fields: {}, total_rows: 0 }))
    return query(null as never).pipe(provideScript(script))
  })
})
