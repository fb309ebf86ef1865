import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schema, Stream } from "effect"
import { type CartoError, Sql, sql } from "../../src/index.ts"
import { json, masterToken, provideScript, result, scriptedFetch } from "../support/scriptedFetch.ts"

const query = Sql.use((db) => db.query(sql`SELECT 1`))
const failure = (...answers: ReadonlyArray<Response | Error>): Effect.Effect<CartoError> =>
  Effect.flip(query).pipe(provideScript(scriptedFetch(...answers)), Effect.orDie)
const refused = (message: string, status = 400, more: Record<string, unknown> = {}) =>
  json({ error: [message], ...more }, status)

describe("Sql.query", () => {
  it.effect("Sql.query sends the text in the body of a POST", () => {
    const script = scriptedFetch(
      json({
        rows: [{ a: 1 }],
        time: 0.003,
        fields: { a: { type: "number", pgtype: "int4" } },
        total_rows: 1,
        notices: ["careful"],
        warnings: ["very"]
      })
    )
    return Effect.gen(function* () {
      const found = yield* Sql.use((db) => db.query(sql`SELECT ${"é&=+ %"} AS a`))
      const [asked] = script.asked
      assert.strictEqual(asked?.method, "POST")
      assert.strictEqual(asked?.url, "https://alice.carto.com/api/v2/sql")
      assert.strictEqual(new URLSearchParams(asked?.body).get("q"), "SELECT 'é&=+ %' AS a")
      assert.deepStrictEqual(found, {
        rows: [{ a: 1 }],
        fields: { a: { type: "number", pgtype: "int4" } },
        totalRows: 1,
        time: 0.003,
        notices: ["careful"],
        warnings: ["very"],
        infos: [],
        logs: [],
        debugs: []
      })
    }).pipe(provideScript(script))
  })
  it.effect("Sql.query sends paging and ordering", () => {
    const script = scriptedFetch(json(result()))
    return Effect.gen(function* () {
      yield* Sql.use((db) =>
        db.query(sql`SELECT 1`, { page: 2, rowsPerPage: 50, orderBy: 'a"b', sortOrder: "desc", skipFields: ["x", "y"] })
      )
      assert.deepStrictEqual([...new URLSearchParams(script.asked[0]?.body)].slice(1), [
        ["page", "2"],
        ["rows_per_page", "50"],
        ["order_by", 'a""b'],
        ["sort_order", "desc"],
        ["skipfields", "x"],
        ["skipfields", "y"]
      ])
    }).pipe(provideScript(script))
  })
  it.effect("a cacheable Sql.query is a GET, with the key in the header", () => {
    const script = scriptedFetch(json(result()))
    return Effect.gen(function* () {
      const db = yield* Sql
      yield* db.query(sql`SELECT ${"a&b"}`, { cacheable: true, cachePolicy: "persist" })
      const [asked] = script.asked
      assert.strictEqual(asked?.method, "GET")
      assert.deepStrictEqual(
        [...new URL(asked?.url ?? "").searchParams],
        [
          ["q", "SELECT 'a&b'"],
          ["cache_policy", "persist"]
        ]
      )
      assert.notInclude(asked?.url, masterToken)
      const error = yield* Effect.flip(db.query(sql`SELECT ${"x".repeat(9000)}`, { cacheable: true }))
      assert.strictEqual(error.reason._tag, "InvalidInput")
    }).pipe(provideScript(script))
  })
  it.effect(
    "a cacheable statement that may write is refused before any request, unless the caller calls it idempotent",
    () => {
      const script = scriptedFetch(json(result()))
      return Effect.gen(function* () {
        const db = yield* Sql
        for (const statement of [sql`INSERT INTO t VALUES (1)`, sql`SELECT f(1)`, sql`SELECT p.paid FROM p`]) {
          const error = yield* Effect.flip(db.query(statement, { cacheable: true }))
          assert.strictEqual(error.reason._tag, "InvalidInput")
        }
        assert.strictEqual(script.asked.length, 0)
        yield* db.query(sql`SELECT f(1)`, { cacheable: true, idempotent: true })
        assert.strictEqual(script.asked[0]?.method, "GET")
      }).pipe(provideScript(script))
    }
  )

  it.effect("Sql.export fails with ResponseMalformed for the page of a proxy", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Sql.use((db) => db.export(sql`SELECT 1`, { format: "csv" })))
      assert.strictEqual(error.reason._tag, "ResponseMalformed")
    }).pipe(
      provideScript(scriptedFetch(new Response("<html>sign in</html>", { headers: { "content-type": "text/html" } })))
    )
  )

  it.effect("Sql.export does not look for GeoJSON in another format, and a file without a media type is bytes", () =>
    Effect.gen(function* () {
      const file = yield* Sql.use((db) => db.export(sql`SELECT 1`, { format: "topojson" }))
      assert.strictEqual(file.contentType, "application/octet-stream")
      yield* Stream.runDrain(file.bytes)
    }).pipe(
      provideScript(scriptedFetch(new Response('[],"error":["x"]}', { headers: { "content-type": "undefined" } })))
    )
  )
  it.effect("Sql.export fails with InvalidFormat for a format that the server does not know", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Sql.use((db) => db.export(sql`SELECT 1`, { format: "kml" })))
      assert.strictEqual(error.reason._tag, "InvalidFormat")
    }).pipe(provideScript(scriptedFetch(refused("Invalid format: kml"))))
  )
  for (const [name, options, field] of [
    ["a page without a size", { page: 1 }, "rowsPerPage"],
    ["a size without a page", { rowsPerPage: 1 }, "page"],
    ["a negative page", { page: -1, rowsPerPage: 1 }, "page"],
    ["half a row", { page: 0, rowsPerPage: 0.5 }, "rowsPerPage"],
    ["an empty column", { orderBy: "" }, "orderBy"],
    ["a column of 64 bytes", { orderBy: "x".repeat(64) }, "orderBy"],
    ["a column with half of a surrogate pair", { orderBy: "x\ud800" }, "orderBy"],
    ["an order without a column", { sortOrder: "asc" }, "orderBy"],
    ["another order", { orderBy: "a", sortOrder: "up" }, "sortOrder"],
    ["a column with a comma", { skipFields: ["a", "b,c"] }, "skipFields[1]"]
  ] as const) {
    it.effect(`Sql.query refuses ${name} before any request`, () => {
      const script = scriptedFetch(new Error("asked"))
      return Effect.gen(function* () {
        const error = yield* Effect.flip(Sql.use((db) => db.query(sql`SELECT 1`, options as never)))
        assert.strictEqual("field" in error.reason && error.reason.field, field)
        assert.strictEqual(script.asked.length, 0)
      }).pipe(provideScript(script))
    })
  }
  it.effect("Sql.query refuses an empty statement before any request", () => {
    const script = scriptedFetch(new Error("asked"))
    return Effect.gen(function* () {
      const error = yield* Effect.flip(Sql.use((db) => db.query(sql``)))
      assert.strictEqual(error.reason._tag, "InvalidInput")
      assert.strictEqual(error.operation, "Sql.query")
      assert.strictEqual(script.asked.length, 0)
    }).pipe(provideScript(script))
  })
  it.effect("Sql.query decodes rows by a schema and fails with the number of the row that does not fit", () => {
    const Row = Schema.Struct({ at: Schema.DateTimeUtcFromString, n: Schema.Number })
    const row = (n: unknown) => ({ at: "2020-02-03T10:11:12Z", n })
    const script = scriptedFetch(json(result({ rows: [row(1), row(2)] })), json(result({ rows: [row(1), row("2")] })))
    return Effect.gen(function* () {
      const db = yield* Sql
      const { rows } = yield* db.query(sql`SELECT 1`, { schema: Row })
      assert.deepStrictEqual(
        rows.map(({ n }) => n),
        [1, 2]
      )
      const error = yield* Effect.flip(db.query(sql`SELECT 1`, { schema: Row }))
      assert.strictEqual(error.reason._tag, "RowMalformed")
      assert.strictEqual("row" in error.reason && error.reason.row, 2)
      assert.include(error.message, "n: expected Number")
    }).pipe(provideScript(script))
  })
})

describe("failures of Sql.query", () => {
  const cases: ReadonlyArray<readonly [string, string, Response]> = [
    ["SqlSyntax", "near", refused('syntax error at or near "selec"')],
    ["SqlSyntax", "end of input", refused("syntax error at end of input")],
    ["SqlSyntax", "unterminated", refused('unterminated quoted string at or near "\'abc"')],
    ["UndefinedTable", "nope", refused('relation "nope" does not exist')],
    [
      "UndefinedColumn",
      "places.name",
      refused("column nme does not exist", 400, { hint: 'Perhaps you meant to reference the column "places.name".' })
    ],
    ["UndefinedFunction", "f(integer)", refused("function f(integer) does not exist")],
    ["UndefinedFunction", "operator", refused("operator does not exist: text = integer")],
    [
      "UniqueViolation",
      "already exists",
      refused('duplicate key value violates unique constraint "t_pkey"', 400, { detail: "Key (a)=(1) already exists." })
    ],
    [
      "NotNullViolation",
      "null value",
      refused('null value in column "a" of relation "t" violates not-null constraint')
    ],
    [
      "ForeignKeyViolation",
      "foreign key",
      refused('insert or update on table "t" violates foreign key constraint "t_fk"')
    ],
    ["CheckViolation", "check", refused('new row for relation "t" violates check constraint "t_check"')],
    ["ExclusionViolation", "exclusion", refused('conflicting key value violates exclusion constraint "t_excl"')],
    ["NotOwner", "owner", refused("must be owner of table places")],
    ["QueryFailed", "division", refused("division by zero")],
    ["PermissionDenied", "secrets", refused("permission denied for table secrets", 403)],
    ["PermissionDenied", "database", refused("permission denied to create database", 403)],
    ["PermissionDenied", "Geocoding", refused("Geocoding permission denied", 403)],
    ["SystemTableForbidden", "system tables", refused("system tables are forbidden", 403)],
    ["ApiNotGranted", "sql", refused("forbidden", 403)],
    ["Unauthenticated", "alice", refused("Forbidden", 403)],
    ["Unauthenticated", "alice", refused("Unauthorized", 401)],
    [
      "AccountNotFound",
      "alice",
      refused("Sorry, we can't find CARTO user 'alice'. Please check that you have entered the correct domain.", 404)
    ],
    [
      "StatementTimeout",
      "limits",
      refused(
        "You are over platform's limits: SQL query timeout error. Refactor your query before running again or contact CARTO support for more details.",
        429,
        { context: "limit", detail: "datasource" }
      )
    ],
    ["ServerUnavailable", "cannot connect", refused("cannot connect to the database", 500)],
    ["ResponseMalformed", "404", new Response("<pre>Cannot GET /api/v2/nope</pre>", { status: 404 })],
    ["ResponseMalformed", "not a JSON object", new Response("<html>", { status: 200 })],
    ["ResponseMalformed", "rows", json({ time: 1 })],
    ["ResponseMalformed", "fields", json(result({ fields: 1 }))],
    ["ResponseMalformed", "total_rows", json(result({ total_rows: "1" }))]
  ]
  for (const [tag, words, answer] of cases) {
    it.effect(`Sql.query fails with ${tag} for: ${words}`, () =>
      Effect.map(failure(answer), (error) => {
        assert.strictEqual(error.reason._tag, tag)
        assert.include(error.message, words)
      })
    )
  }
  it.effect("PermissionDenied names the object of the missing permission", () =>
    Effect.map(failure(refused("permission denied for materialized view a b", 403)), ({ reason }) => {
      assert.deepStrictEqual(reason._tag === "PermissionDenied" && [reason.objectType, reason.object], [
        "materialized view",
        "a b"
      ])
    })
  )
  it.effect("text of the statement in a message does not change its reason", () =>
    Effect.gen(function* () {
      const quoted = yield* failure(refused('invalid input syntax for type integer: "permission denied for table x"'))
      assert.strictEqual(quoted.reason._tag, "QueryFailed")
      const near = yield* failure(refused('syntax error at or near "relation "x" does not exist"'))
      assert.strictEqual(near.reason._tag, "SqlSyntax")
    })
  )
  it.effect("RateLimited has the time to wait", () =>
    Effect.map(
      failure(
        json({ error: ["You are over platform's limits."], context: "limit", detail: "rate-limit" }, 429, {
          "retry-after": "10",
          "carto-rate-limit-limit": "2",
          "carto-rate-limit-remaining": "0",
          "carto-rate-limit-reset": "19"
        })
      ),
      (error) => {
        assert.strictEqual(error.reason._tag, "RateLimited")
        assert.isTrue(error.isRetryable)
        assert.strictEqual(Duration.toSeconds(error.retryAfter ?? 0), 10)
        assert.deepStrictEqual(
          error.reason._tag === "RateLimited" && [
            error.reason.limit,
            error.reason.remaining,
            Duration.toSeconds(error.reason.reset ?? 0)
          ],
          [2, 0, 19]
        )
      }
    )
  )
  it.effect("the time to wait may be a date, or missing", () =>
    Effect.gen(function* () {
      const date = yield* failure(json({}, 429, { "retry-after": "Thu, 01 Jan 1970 00:00:30 GMT" }))
      // the test's clock stands at 0
      assert.strictEqual(Duration.toSeconds(date.retryAfter ?? 0), 30)
      const none = yield* failure(json({}, 429))
      assert.strictEqual(none.reason._tag, "RateLimited")
      assert.isUndefined(none.retryAfter)
    })
  )
  it.effect("a response with rows and an error fails with PartialResult and the rows", () =>
    Effect.map(
      failure(json({ rows: [{ v: 0 }, { v: 1 }], time: 0.02, fields: {}, total_rows: 2, error: ["division by zero"] })),
      ({ message, reason }) => {
        assert.strictEqual(reason._tag, "PartialResult")
        assert.deepStrictEqual(reason._tag === "PartialResult" && reason.rows, [{ v: 0 }, { v: 1 }])
        assert.include(message, "after 2 rows: division by zero")
      }
    )
  )
  it.effect("ResponseMalformed keeps at most 4 KB of the body", () =>
    Effect.map(failure(new Response("é".repeat(10_000), { status: 418 })), ({ reason }) => {
      const body = reason._tag === "ResponseMalformed" ? reason.body : ""
      assert.isAtMost(new TextEncoder().encode(body).length, 4096)
      assert.isAtLeast(body.length, 2000)
      assert.notInclude(body, "\ufffd")
    })
  )
})

describe("the transport of Sql.query", () => {
  it.effect("TransportFailed says why the connection failed, without the request", () =>
    Effect.map(
      failure(
        new TypeError("fetch failed", { cause: Object.assign(new Error("connect ECONNREFUSED"), { code: "X" }) })
      ),
      ({ message, reason }) => {
        assert.strictEqual(reason._tag, "TransportFailed")
        assert.include(message, "fetch failed: connect ECONNREFUSED")
      }
    )
  )
  it.effect("a redirect to another origin is refused, and the key is not sent there", () => {
    const script = scriptedFetch(
      new Response(null, { status: 307, headers: { location: "https://evil.example.org/api?x=1" } })
    )
    return Effect.gen(function* () {
      const error = yield* Effect.flip(query)
      assert.strictEqual(error.reason._tag, "RedirectRefused")
      assert.include(error.message, "redirect to https://evil.example.org/api is not followed")
      assert.strictEqual(script.asked.length, 1)
    }).pipe(provideScript(script))
  })
  it.effect("a POST is not turned into a GET by a 301", () => {
    const script = scriptedFetch(new Response(null, { status: 301, headers: { location: "/elsewhere" } }))
    return Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(query)).reason._tag, "RedirectRefused")
      assert.strictEqual(script.asked.length, 1)
    }).pipe(provideScript(script))
  })
  it.effect("a 308 within the origin is not followed", () => {
    const script = scriptedFetch(new Response(null, { status: 308, headers: { location: "/again" } }))
    return Effect.gen(function* () {
      const error = yield* Effect.flip(query)
      assert.include(error.message, "the redirect to https://alice.carto.com/again is not followed")
      assert.strictEqual(script.asked.length, 1)
    }).pipe(provideScript(script))
  })
  it.effect("a key that the server echoes is not in the error", () =>
    Effect.gen(function* () {
      const echoes = [
        new Response(`bad key ${masterToken}`, { status: 418 }),
        new Response(`bad header Basic ${btoa(`alice:${masterToken}`)}`, { status: 502 }),
        refused(`invalid input syntax: "${masterToken}"`),
        json({ rows: [], error: [`about ${masterToken}`] }),
        new Response(null, { status: 302, headers: { location: `https://x.example.org/${masterToken}` } }),
        new TypeError(`cannot reach https://alice.carto.com/?api_key=${masterToken}`)
      ]
      for (const echo of echoes) {
        const error = yield* failure(echo)
        assert.notInclude(`${error.message} ${JSON.stringify(error)} ${String(error.stack)}`, masterToken)
        assert.notInclude(JSON.stringify(error), btoa(`alice:${masterToken}`))
      }
    })
  )
})
