/** Sixteen mistakes of CARTO's Python client, found by running it. This client makes none of them. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Redacted, Schedule, Stream } from "effect"
import {
  ApiKeyManager,
  Auth,
  BatchSql,
  type CartoError,
  CopySql,
  Grants,
  isCartoError,
  Sql,
  sql
} from "../../src/index.ts"
import { json, masterToken, provideScript, scriptedFetch, wireKey } from "../support/scriptedFetch.ts"

const never = () => scriptedFetch(new Error("asked"))
const create = (options: unknown) =>
  // what a caller without types may give
  Effect.flip(ApiKeyManager.use((keys) => keys.create(options as never)))

describe("mistakes of the Python client", () => {
  it.effect("1. key names are encoded in URLs: deleting prod?v2 does not delete prod", () => {
    const script = scriptedFetch(new Response(null, { status: 204 }))
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      for (const name of ["prod?v2", "prod#2", "a/b", "../me", "env:prod"]) yield* keys.delete(name)
      assert.deepStrictEqual(
        script.asked.map(({ url }) => url),
        ["prod%3Fv2", "prod%232", "a%2Fb", "..%2Fme", "env%3Aprod"].map(
          (name) => `https://alice.carto.com/api/v3/api_keys/${name}`
        )
      )
    }).pipe(provideScript(script))
  })
  it.effect("2. a key name that is a URL is sent to the account's host", () => {
    const script = scriptedFetch(json(wireKey()))
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      for (const name of ["https://evil.example.org/x", "//evil.example.org", "\\\\evil.example.org"])
        yield* keys.get(name)
      assert.isTrue(script.asked.every(({ url }) => new URL(url).host === "alice.carto.com"))
    }).pipe(provideScript(script))
  })
  it.effect("3. table grants are sent with their schema, name and permissions", () => {
    const script = scriptedFetch(json(wireKey(), 201))
    return Effect.gen(function* () {
      yield* ApiKeyManager.use((keys) => keys.create({ name: "a", tables: [Grants.table("t", ["select"])] }))
      assert.deepStrictEqual(JSON.parse(script.asked[0]?.body ?? "").grants[1].tables, [
        { schema: "public", name: "t", permissions: ["select"] }
      ])
    }).pipe(provideScript(script))
  })
  it.effect("4. tables of the wrong shape fail with InvalidInput before any request", () => {
    const script = never()
    return Effect.gen(function* () {
      for (const tables of [
        ["t"],
        [["public", "t"]],
        { name: "t", permissions: ["select"] },
        [{ table: "t" }],
        [null]
      ]) {
        assert.strictEqual((yield* create({ name: "a", tables })).reason._tag, "InvalidInput")
      }
      assert.strictEqual(script.asked.length, 0)
    }).pipe(provideScript(script))
  })
  it.effect("5. schemas can be granted, and an empty database section is not sent", () => {
    const script = scriptedFetch(json(wireKey(), 201))
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      yield* keys.create({ name: "a", schemas: [Grants.schema("public")] })
      yield* keys.create({ name: "b" })
      const [first, second] = script.asked.map(({ body }) => JSON.parse(body).grants)
      assert.deepStrictEqual(first[1], { type: "database", schemas: [{ name: "public", permissions: ["create"] }] })
      assert.deepStrictEqual(second, [{ type: "apis", apis: ["sql", "maps"] }])
    }).pipe(provideScript(script))
  })
  it.effect("6. schemas, owners, table metadata and datasets of a key are read, and missing sections are empty", () => {
    const grants = [
      { type: "apis", apis: ["sql", "do"] },
      {
        type: "database",
        tables: [{ schema: "s", name: "t", owner: true, permissions: ["select"] }],
        schemas: [{ name: "s", permissions: ["create", "usage"] }],
        table_metadata: []
      },
      { type: "data-observatory", datasets: ["d"] }
    ]
    return Effect.gen(function* () {
      const full = yield* ApiKeyManager.use((keys) => keys.get("a"))
      assert.deepStrictEqual(
        [
          full.grants.schemas[0]?.permissions,
          full.grants.tables[0]?.owner,
          full.grants.tableMetadata,
          full.grants.datasets
        ],
        [["create", "usage"], true, true, ["d"]]
      )
      const bare = yield* ApiKeyManager.use((keys) => keys.get("b"))
      assert.deepStrictEqual([bare.grants.services, bare.grants.datasets, bare.grants.user], [[], [], []])
    }).pipe(provideScript(scriptedFetch(json(wireKey({ grants })), json(wireKey()))))
  })
  it.effect("7. regenerate returns the new token, and the client continues with it", () => {
    const next = "a".repeat(40)
    const script = scriptedFetch(
      json(wireKey({ name: "Master", type: "master", token: next })),
      json({ total: 0, result: [] })
    )
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const master = yield* keys.regenerate("Master")
      assert.strictEqual(Redacted.value(master.token), next)
      yield* keys.list()
      assert.strictEqual(script.asked[1]?.headers.get("authorization"), `Basic ${btoa(`alice:${next}`)}`)
    }).pipe(provideScript(script))
  })
  it.effect("8. the key is sent in the Authorization header only, and the caller's options stay as they are", () => {
    const script = scriptedFetch(json(wireKey(), 201))
    const options = Object.freeze({
      name: "a",
      tables: Object.freeze([Object.freeze(Grants.table("t", Object.freeze(["select"] as const)))])
    })
    return Effect.gen(function* () {
      yield* ApiKeyManager.use((keys) => keys.create(options))
      assert.deepStrictEqual(Object.keys(JSON.parse(script.asked[0]?.body ?? "")), ["name", "grants"])
      assert.notInclude(script.asked[0]?.body, masterToken)
    }).pipe(provideScript(script))
  })
  it.effect("9. a list with an overstated total ends, and two lists do not disturb each other", () => {
    const page = (name: string) => ({
      total: 99,
      count: 1,
      result: [wireKey({ name })],
      _links: { next: { href: "x" } }
    })
    const script = scriptedFetch(({ url }) => {
      const { searchParams } = new URL(url)
      return json(
        Number(searchParams.get("page")) > 2
          ? { total: 99, result: [] }
          : page(`${searchParams.get("type")}${searchParams.get("page")}`)
      )
    })
    return Effect.gen(function* () {
      const keys = yield* ApiKeyManager
      const [regular, master] = yield* Effect.all([keys.list({ type: "regular" }), keys.list({ type: "master" })], {
        concurrency: 2
      })
      assert.deepStrictEqual(
        [regular.map(({ name }) => name), master.map(({ name }) => name)],
        [
          ["regular1", "regular2"],
          ["master1", "master2"]
        ]
      )
    }).pipe(provideScript(script))
  })
  it.effect("10. every error is a CartoError with the server's message", () =>
    Effect.gen(function* () {
      const answers = [
        json({ errors: "You have reached the limit of API keys for your plan" }, 403),
        json({ error: ["permission denied for table secrets"] }, 403),
        json({ error: ['column "nme" does not exist'], hint: "Perhaps you meant name." }, 400)
      ]
      const calls = [
        ApiKeyManager.use((keys) => Effect.asVoid(keys.create({ name: "a" }))),
        Sql.use((db) => Effect.asVoid(db.query(sql`SELECT 1`))),
        Sql.use((db) => Effect.asVoid(db.query(sql`SELECT 1`)))
      ]
      const words = ["plan", "secrets", "Perhaps you meant"]
      for (const [index, call] of calls.entries()) {
        const error = yield* Effect.flip<void, CartoError, ApiKeyManager | Sql>(call).pipe(
          provideScript(scriptedFetch(answers[index] ?? new Error()))
        )
        assert.isTrue(isCartoError(error))
        assert.include(error.message, words[index] ?? "?")
      }
    })
  )
  it.effect(
    "11. a 429 is read with or without its headers, with a date too, and a statement timeout has its own reason",
    () =>
      Effect.gen(function* () {
        const call = (answer: Response) =>
          Effect.flip(Sql.use((db) => db.query(sql`SELECT 1`))).pipe(provideScript(scriptedFetch(answer)))
        const bare = yield* call(json({}, 429))
        const date = yield* call(json({}, 429, { "retry-after": "Thu, 01 Jan 1970 00:00:05 GMT" }))
        const timeout = yield* call(
          json(
            {
              error: ["You are over platform's limits: SQL query timeout error."],
              context: "limit",
              detail: "datasource"
            },
            429
          )
        )
        assert.deepStrictEqual(
          [bare, date, timeout].map(({ reason }) => reason._tag),
          ["RateLimited", "RateLimited", "StatementTimeout"]
        )
        assert.strictEqual(Duration.toSeconds(date.retryAfter ?? 0), 5)
        assert.isFalse(timeout.isRetryable)
      })
  )
  it.effect("12. the username is read from /u/alice", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Auth).username, "alice")
    }).pipe(Effect.provide(Auth.layer({ baseUrl: "https://team.carto.com/u/alice/", apiKey: Redacted.make("k") })))
  )
  it.live("13. wait fails for a cancelled job, and ends at its deadline", () => {
    const job = (status: string) =>
      json({
        job_id: "j",
        user: "alice",
        query: "SELECT 1",
        status,
        created_at: "2026-01-01T00:00:00Z",
        updated_at: "2026-01-01T00:00:00Z"
      })
    return Effect.gen(function* () {
      const cancelled = yield* Effect.flip(BatchSql.use((batch) => batch.wait("j"))).pipe(
        provideScript(scriptedFetch(job("cancelled")))
      )
      const endless = yield* Effect.flip(
        BatchSql.use((batch) => batch.wait("j", { deadline: "30 millis", schedule: Schedule.spaced("1 millis") }))
      ).pipe(provideScript(scriptedFetch(job("running"))))
      assert.deepStrictEqual([cancelled.reason._tag, endless.reason._tag], ["JobCancelled", "JobDeadlineExceeded"])
    })
  })
  it.effect("14. a long COPY TO statement is sent in the body, and an error after data fails the stream", () => {
    const script = scriptedFetch(new Response('1\n{"error":["division by zero"]}'))
    return Effect.gen(function* () {
      const copy = yield* CopySql
      const statement = sql`COPY (SELECT ${"x".repeat(5000)}) TO STDOUT`
      let data = ""
      const error: CartoError = yield* Effect.flip(
        Stream.runForEach(copy.to(statement), (bytes) => Effect.sync(() => (data += new TextDecoder().decode(bytes))))
      )
      assert.strictEqual(script.asked[0]?.url, "https://alice.carto.com/api/v2/sql/copyto")
      assert.strictEqual(data, "1\n")
      assert.include(error.message, "division by zero")
    }).pipe(provideScript(script))
  })
  it.effect("15. a response of status 200 with an error fails", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Sql.use((db) => db.query(sql`SELECT 1`)))
      assert.strictEqual(error.reason._tag, "PartialResult")
    }).pipe(
      provideScript(
        scriptedFetch(json({ rows: [{ a: 1 }], time: 0, fields: {}, total_rows: 1, error: ["division by zero"] }))
      )
    )
  )
  it.effect("16. failures of the transport do not hold the key", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(ApiKeyManager.use((keys) => keys.get("a")))
      assert.strictEqual(error.reason._tag, "TransportFailed")
      assert.notInclude(`${error.stack} ${JSON.stringify(error)}`, masterToken)
    }).pipe(
      provideScript(
        scriptedFetch(
          ({ headers, url }) =>
            new TypeError(`cannot reach ${url}`, {
              cause: new Error(atob(headers.get("authorization")?.slice(6) ?? ""))
            })
        )
      )
    )
  )
})
