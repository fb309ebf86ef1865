import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Layer, Redacted, Stream } from "effect"
import { SqlClient as Client, type SqlError } from "effect/sql"
import { isCartoError } from "../../src/index.ts"
import { sql as carto } from "../../src/sql/Statement.ts"
import * as SqlClient from "../../src/sql/SqlClient.ts"
import { recordSpans } from "../support/recordSpans.ts"
import {
  type Answer,
  json,
  layerScripted,
  result,
  scriptedFetch,
  type ScriptedFetch
} from "../support/scriptedFetch.ts"

const layerOver = (script: ScriptedFetch, options?: Parameters<typeof layerScripted>[1]) =>
  SqlClient.layer.pipe(Layer.provide(layerScripted(script, options)))

/** What the client sends for a statement. */
const sent = <E>(use: (sql: Client.SqlClient) => Effect.Effect<unknown, E>) => {
  const script = scriptedFetch(json(result()))
  return Client.SqlClient.use(use).pipe(
    Effect.map(() => script.asked.map(({ body }) => new URLSearchParams(body).get("q"))),
    Effect.provide(layerOver(script))
  )
}
/** Why it sends nothing. */
const unsent = <E>(use: (sql: Client.SqlClient) => Effect.Effect<unknown, E>) => {
  const script = scriptedFetch(json(result()))
  return Effect.flip(Client.SqlClient.use(use)).pipe(
    Effect.tap(() => Effect.sync(() => assert.strictEqual(script.asked.length, 0))),
    Effect.provide(layerOver(script))
  )
}

const refused = (message: string, status = 400, more: Record<string, unknown> = {}) =>
  json({ error: [message], ...more }, status)

describe("what is sent", () => {
  const at = new Date("2020-02-03T10:11:12.345Z")
  const cases: ReadonlyArray<
    readonly [string, (sql: Client.SqlClient) => Effect.Effect<unknown, SqlError.SqlError>, string]
  > = [
    ["a string", (sql) => sql`SELECT ${"O'Brien"}`, "SELECT 'O''Brien'"],
    ["a backslash", (sql) => sql`SELECT ${"a\\"}`, "SELECT E'a\\\\'"],
    ["a bigint", (sql) => sql`SELECT ${9007199254740993n}`, "SELECT 9007199254740993"],
    ["a date", (sql) => sql`SELECT ${at}`, "SELECT '2020-02-03T10:11:12.345Z'::timestamptz"],
    [
      "a DateTime",
      (sql) => sql`SELECT ${DateTime.fromDateUnsafe(at)}`,
      "SELECT '2020-02-03T10:11:12.345Z'::timestamptz"
    ],
    ["bytes", (sql) => sql`SELECT ${Uint8Array.of(1)}`, "SELECT E'\\\\x01'::bytea"],
    ["an array", (sql) => sql`SELECT ${[1, null]}`, "SELECT ARRAY[1, NULL]"],
    ["JSON", (sql) => sql`SELECT ${SqlClient.json({ a: [1] })}`, `SELECT '{"a":[1]}'::jsonb`],
    ["a statement of effect-carto", (sql) => sql`SELECT ${carto`now() - ${"1 day"}`}`, "SELECT now() - '1 day'"],
    ["a name", (sql) => sql`SELECT * FROM ${sql('public.a"b')}`, 'SELECT * FROM "public"."a""b"'],
    ["a list", (sql) => sql`SELECT 1 WHERE ${sql.in("id", [1, "b"])}`, `SELECT 1 WHERE "id" IN (1,'b')`],
    ["a list of JSON", (sql) => sql`SELECT 1 IN ${sql.in([SqlClient.json(1)])}`, "SELECT 1 IN ('1'::jsonb)"],
    ["no list", (sql) => sql`SELECT 1 WHERE id IN ${sql.in([])}`, "SELECT 1 WHERE id = ANY('{}')"],
    [
      "an insert",
      (sql) =>
        sql`INSERT INTO t ${sql
          .insert([
            { a: 1, b: SqlClient.json([]) },
            { a: undefined, b: null }
          ])
          .returning("*")}`,
      `INSERT INTO t ("a","b") VALUES (1,'[]'::jsonb),(NULL,NULL) RETURNING *`
    ],
    [
      "an update",
      (sql) => sql`UPDATE t SET ${sql.update({ id: 1, a: "x", b: at }, ["id"])} WHERE id = ${1}`,
      `UPDATE t SET "a" = 'x', "b" = '2020-02-03T10:11:12.345Z'::timestamptz WHERE id = 1`
    ],
    [
      "an update of many",
      (sql) =>
        sql`UPDATE t SET a = d.a FROM ${sql
          .updateValues(
            [
              { id: 1, a: "x" },
              { id: 2, a: "y" }
            ],
            "d"
          )
          .returning(sql`t.id, ${"z"} AS z`)}`,
      `UPDATE t SET a = d.a FROM (values (1,'x'),(2,'y')) AS "d"("id","a") RETURNING t.id, 'z' AS z`
    ],
    [
      "conditions",
      (sql) =>
        sql`SELECT 1 WHERE ${sql.and([sql`a = ${1}`, sql.or([sql`b = ${"$1"}`, "c"])])} ${sql.csv("ORDER BY", ["a", sql`b`])}`,
      "SELECT 1 WHERE (a = 1 AND (b = '$1' OR c)) ORDER BY a,b"
    ],
    ["raw text with values", (sql) => sql.unsafe("SELECT $2, $1, $2", ["a", 1]), "SELECT 1, 'a', 1"],
    ["raw text without values", (sql) => sql.unsafe("PREPARE p AS SELECT $1"), "PREPARE p AS SELECT $1"],
    [
      "what looks like a parameter",
      (sql) => sql`SELECT '$1', "$1", a$1, $$ $1 $$, E'\\'$1' -- $1
          , /* $1 /* */ $1 */ ${"v"}`,
      `SELECT '$1', "$1", a$1, $$ $1 $$, E'\\'$1' -- $1
          , /* $1 /* */ $1 */ 'v'`
    ],
    ["parameters side by side", (sql) => sql`SELECT ${"a"}${"b"}`, "SELECT 'a' 'b'"],
    [
      "a name before a value",
      (sql) => sql`SELECT ARRAY[${1}]::int[], -${-1}, x=${2}AND`,
      "SELECT ARRAY[1]::int[], - (-1), x=2 AND"
    ]
  ]
  for (const [name, use, text] of cases) {
    it.effect(`SqlClient sends ${name} as SQL text`, () =>
      Effect.map(sent(use), (asked) => assert.deepStrictEqual(asked, [text]))
    )
  }
  it.effect("names of columns are transformed in both directions", () => {
    const script = scriptedFetch(json(result({ rows: [{ birth_day: { in_json: 1 } }] })))
    return Effect.gen(function* () {
      const sql = yield* Client.SqlClient
      const select = sql`SELECT ${sql("birthDay")}`
      assert.deepStrictEqual(yield* select, [{ birthDay: { in_json: 1 } }])
      assert.deepStrictEqual(yield* select.withoutTransform, [{ birth_day: { in_json: 1 } }])
      assert.deepStrictEqual(
        script.asked.map(({ body }) => new URLSearchParams(body).get("q")),
        ['SELECT "birth_day"', 'SELECT "birthDay"']
      )
    }).pipe(
      Effect.provide(
        SqlClient.layerWith({
          transformQueryNames: (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
          transformResultNames: (name) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
        }).pipe(Layer.provide(layerScripted(script)))
      )
    )
  })
})

describe("refused before any request", () => {
  const cases: ReadonlyArray<
    readonly [string, (sql: Client.SqlClient) => Effect.Effect<unknown, SqlError.SqlError>, string]
  > = [
    ["an object", (sql) => sql`SELECT ${{}}`, "json"],
    ["undefined", (sql) => sql`SELECT ${undefined}`, "null"],
    ["NUL", (sql) => sql`SELECT ${"a\0"}`, "NUL"],
    ["a secret", (sql) => sql`SELECT ${Redacted.make("hunter2")}`, "secret"],
    [
      "a cycle in JSON",
      (sql) => {
        const cycle: Record<string, unknown> = {}
        cycle["cycle"] = cycle
        return sql`SELECT ${SqlClient.json(cycle)}`
      },
      "JSON"
    ],
    ["a bigint in JSON", (sql) => sql`SELECT ${SqlClient.json(1n)}`, "JSON"],
    ["a value inside a string", (sql) => sql`SELECT '${"x"}'`, "outside of quotes"],
    ["a value inside a comment", (sql) => sql`SELECT 1 -- ${"x"}`, "outside of quotes"],
    ["a value inside a name", (sql) => sql`SELECT a${"x"}`, "outside of quotes"],
    ["a digit after a value", (sql) => sql`SELECT ${"x"}2`, "1 values"],
    ["a place that one setting reads as quoted", (sql) => sql`SELECT '\\' , ${"x"}`, "literal of its own"],
    ["a number without a value", (sql) => sql.unsafe("SELECT $2", ["a"]), "1 values"],
    ["number 0", (sql) => sql.unsafe("SELECT $0, $1", ["a"]), "1 values"],
    ["nothing", (sql) => sql``, "write the SQL"],
    ["an array in a list", (sql) => sql`SELECT 1 WHERE a IN (${["a"]})`, "sql.csv"],
    ["a name of 64 bytes", (sql) => sql`SELECT ${sql("x".repeat(64))}`, "63 bytes"],
    ["an empty name", (sql) => sql`SELECT ${sql("a.")} WHERE 1 = ${1}`, "63 bytes"],
    ["NUL in a name", (sql) => sql`SELECT ${sql("a\0")}`, "NUL"],
    [
      "what passes for a statement in JSON",
      (sql) => sql`SELECT ${JSON.parse('{"~effect-carto/Statement":[{"_tag":"Text","text":"now()"}]}')}`,
      "give a string"
    ]
  ]
  for (const [name, use, said] of cases) {
    it.effect(`SqlClient refuses ${name} before any request`, () =>
      Effect.map(unsent(use), (error) => {
        assert.strictEqual(error._tag, "SqlError")
        assert.strictEqual(error.reason._tag, "UnknownError")
        assert.include(error.message, said)
        assert.notInclude(error.message, "hunter2")
        assert.isTrue(isCartoError(error.reason.cause))
        assert.isFalse(error.isRetryable)
      })
    )
  }
  const sessions: ReadonlyArray<
    readonly [string, (sql: Client.SqlClient) => Effect.Effect<unknown, SqlError.SqlError>]
  > = [
    ["a transaction", (sql) => sql.withTransaction(sql`SELECT 1`)],
    ["a reserved connection", (sql) => Effect.scoped(sql.reserve)]
  ]
  for (const [name, use] of sessions) {
    it.effect(`SqlClient refuses ${name} before any request, since the server keeps no session`, () =>
      Effect.map(unsent(use), (error) => {
        assert.strictEqual(error._tag, "SqlError")
        assert.include(error.message, "one transaction")
        assert.isFalse(error.isRetryable)
      })
    )
  }
})

describe("failures", () => {
  const timeout = "You are over platform's limits: SQL query timeout error. Refactor your query before running again."
  const cases: ReadonlyArray<readonly [SqlError.SqlErrorReason["_tag"], string, Answer]> = [
    ["SqlSyntaxError", "SqlSyntax", refused('syntax error at or near "selec"')],
    ["SqlSyntaxError", "UndefinedTable", refused('relation "nope" does not exist')],
    ["SqlSyntaxError", "UndefinedColumn", refused("column nme does not exist")],
    ["SqlSyntaxError", "UndefinedFunction", refused("function f(integer) does not exist")],
    ["UniqueViolation", "UniqueViolation", refused('duplicate key value violates unique constraint "t_pkey"')],
    ["ConstraintError", "NotNullViolation", refused('null value in column "a" violates not-null constraint')],
    ["ConstraintError", "CheckViolation", refused('new row for relation "t" violates check constraint "c"')],
    [
      "ConstraintError",
      "ForeignKeyViolation",
      refused('insert or update on table "t" violates foreign key constraint "t_a_fkey"')
    ],
    ["ConstraintError", "ExclusionViolation", refused('conflicting key value violates exclusion constraint "x"')],
    ["AuthorizationError", "PermissionDenied", refused("permission denied for table secrets", 403)],
    ["AuthorizationError", "NotOwner", refused("must be owner of table places")],
    ["AuthorizationError", "SystemTableForbidden", refused("system tables are forbidden", 403)],
    ["AuthorizationError", "ApiNotGranted", refused("forbidden", 403)],
    ["AuthenticationError", "Unauthenticated", refused("permission denied", 403)],
    ["AuthenticationError", "Unauthenticated", refused("Unauthorized", 401)],
    ["AuthenticationError", "AccountNotFound", refused("Sorry, we can't find CARTO user 'alice'.", 404)],
    ["StatementTimeoutError", "StatementTimeout", refused(timeout, 429, { context: "limit", detail: "datasource" })],
    ["ConnectionError", "RateLimited", refused("over limits", 429, { context: "limit", detail: "rate-limit" })],
    ["ConnectionError", "ServerUnavailable", json({}, 503)],
    ["UnknownError", "ServerUnavailable", json({}, 500)],
    ["ConnectionError", "TransportFailed", new TypeError("fetch failed")],
    ["UnknownError", "ResponseMalformed", json({ rows: 1 })],
    ["UnknownError", "QueryFailed", refused("division by zero")],
    ["DeadlockError", "QueryFailed", refused("deadlock detected")],
    ["SerializationError", "QueryFailed", refused("could not serialize access due to concurrent update")],
    ["LockTimeoutError", "QueryFailed", refused("canceling statement due to lock timeout")],
    [
      "AuthorizationError",
      "PartialResult",
      json(result({ rows: [{ a: 1 }], error: ["permission denied for table x"] }))
    ]
  ]
  for (const [tag, cartoTag, answer] of cases) {
    it.effect(`the reason ${cartoTag} becomes ${tag} of effect/sql`, () =>
      Effect.gen(function* () {
        const sql = yield* Client.SqlClient
        const error = yield* Effect.flip(sql`SELECT 1`)
        assert.strictEqual(error.reason._tag, tag)
        const { cause } = error.reason
        assert.isTrue(isCartoError(cause) && cause.reason._tag === cartoTag)
        assert.isNotEmpty(error.message)
        assert.strictEqual(error.reason.operation, "execute")
        if (error.reason._tag === "UniqueViolation") assert.strictEqual(error.reason.constraint, "t_pkey")
      }).pipe(Effect.provide(layerOver(scriptedFetch(answer))))
    )
  }
  it.effect("a key that cannot be read is a failure of authentication", () =>
    Effect.gen(function* () {
      const sql = yield* Client.SqlClient
      const error = yield* Effect.flip(sql`SELECT 1`)
      assert.strictEqual(error.reason._tag, "AuthenticationError")
    }).pipe(Effect.provide(layerOver(scriptedFetch(json(result())), { apiKey: Effect.fail("vault") })))
  )
})

describe("answers", () => {
  const rows = [
    { b: 1, a: 2 },
    { b: 3, a: 4 }
  ]
  const layer = layerOver(scriptedFetch(json(result({ rows, total_rows: 2 }))))
  it.effect("a statement gives rows, values, a stream and the raw result", () =>
    Effect.gen(function* () {
      const sql = yield* Client.SqlClient
      assert.strictEqual(sql.driver, "carto")
      assert.strictEqual(sql.onDialectOrElse({ pg: () => "pg", orElse: () => "other" }), "pg")
      const select = sql`SELECT b, a FROM t WHERE a > ${0}`
      assert.deepStrictEqual(yield* select, rows)
      assert.deepStrictEqual(yield* select.unprepared, rows)
      assert.deepStrictEqual(yield* select.values, [
        [1, 2],
        [3, 4]
      ])
      assert.deepStrictEqual(yield* Stream.runCollect(select.stream), rows)
      assert.deepInclude(yield* select.raw, { rows, totalRows: 2 })
    }).pipe(Effect.provide(layer))
  )
  it.effect("a span has the text with its parameters and no value", () =>
    Effect.gen(function* () {
      const sql = yield* Client.SqlClient
      const spans = yield* recordSpans(sql`SELECT ${"hunter2"}`)
      const attributes = spans.flatMap((span) => Array.from(span.attributes))
      assert.deepInclude(attributes, ["db.query.text", "SELECT $1"])
      assert.notInclude(JSON.stringify(attributes), "hunter2")
    }).pipe(Effect.provide(layer))
  )
})

describe("values", () => {
  const valuesOf = (rows: ReadonlyArray<Record<string, unknown>>) =>
    Client.SqlClient.use((sql) => sql`SELECT 1`.values).pipe(
      Effect.provide(layerOver(scriptedFetch(json(result({ rows })))))
    )

  it.effect("values are in the order of the server's columns", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* valuesOf([{ b: 1, a: 2 }]), [[1, 2]])
      assert.deepStrictEqual(yield* valuesOf([{ "2021": 1 }]), [[1]])
      assert.deepStrictEqual(yield* valuesOf([]), [])
    })
  )
  it.effect("values fail if the name of a column is a number, since their order is lost", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(valuesOf([{ b: 1, "2021": 2 }]))
      assert.include(error.message, '"2021"')
    })
  )
})
