import { assert, describe, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { setImmediate } from "node:timers/promises"
import { gzipSync } from "node:zlib"
import { type EmulatorService, make } from "../../../src/emulator/index.ts"

interface World {
  readonly emulator: EmulatorService
  readonly master: string
  /** A key that may create in `public` and read `places`. */
  readonly writer: string
}

class TheWorld extends Context.Service<TheWorld, World>()("test/TheWorld") {}

interface Call {
  readonly method?: string
  readonly path?: string
  readonly host?: string
  readonly query?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly body?: BodyInit
  readonly headers?: Readonly<Record<string, string>>
  readonly key?: string
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

const sendTo = (emulator: EmulatorService, call: Call): Effect.Effect<Answer> =>
  Effect.promise(async () => {
    const url = new URL(`https://${call.host ?? "acme.carto.com"}${call.path ?? "/api/v2/sql"}`)
    for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value)
    const headers = new Headers(call.headers)
    if (call.key !== undefined) headers.set("Authorization", `Basic ${btoa(`acme:${call.key}`)}`)
    if (call.json !== undefined) headers.set("Content-Type", "application/json")
    const body = call.body ?? (call.json === undefined ? undefined : JSON.stringify(call.json))
    const response = await emulator.handler(
      new Request(url, {
        method: call.method ?? (call.form === undefined && body === undefined ? "GET" : "POST"),
        headers,
        ...(call.form === undefined ? {} : { body: new URLSearchParams(call.form) }),
        ...(body === undefined ? {} : { body })
      })
    )
    return { status: response.status, headers: response.headers, text: await response.text() }
  })

const send = (call: Call) => TheWorld.use(({ emulator }) => sendTo(emulator, call))

const json = (answer: Answer): Record<string, unknown> => JSON.parse(answer.text)

/** Runs SQL as the master key. */
const asMaster = (q: string, query: Readonly<Record<string, string>> = {}) =>
  TheWorld.use(({ emulator, master }) => sendTo(emulator, { form: { q }, query, key: master }))

const copyFrom = (body: BodyInit, headers: Readonly<Record<string, string>> = {}, q = "copy inbox from stdin csv") =>
  TheWorld.use(({ emulator, master }) =>
    sendTo(emulator, { path: "/api/v2/sql/copyfrom", query: { q }, body, headers, key: master })
  )

const copyTo = (q: string) =>
  TheWorld.use(({ emulator, master }) => sendTo(emulator, { path: "/api/v2/sql/copyto", form: { q }, key: master }))

const jobs = (method: string, path: string, body?: unknown) =>
  TheWorld.use(({ emulator, master }) =>
    sendTo(emulator, {
      method,
      path: `/api/v2/sql/job${path}`,
      key: master,
      ...(body === undefined ? {} : { json: body })
    })
  )

const final = (id: unknown) =>
  jobs("GET", `/${id}`).pipe(
    Effect.map(json),
    Effect.tap(() => Effect.promise(() => setImmediate())),
    Effect.repeat({ until: ({ status }) => status !== "pending" && status !== "running" })
  )

const total = (q: string) => Effect.map(asMaster(q), (answer) => json(answer)["total_rows"])

const WithEmulator = Layer.effect(
  TheWorld,
  Effect.gen(function* () {
    const emulator = yield* make({ accounts: [{ username: "acme" }, { username: "bob" }], postgis: false })
    yield* emulator.execute(
      "acme",
      `CREATE TABLE places (id int PRIMARY KEY, name text); INSERT INTO places VALUES (1, 'Madrid'), (2, 'Rome');
       CREATE TABLE secrets (a int); INSERT INTO secrets VALUES (1);
       CREATE TABLE inbox (id int, name text); GRANT SELECT ON places TO publicuser`
    )
    const master = Redacted.value(emulator.account("acme")?.masterKey ?? Redacted.make(""))
    const created = yield* sendTo(emulator, {
      path: "/api/v3/api_keys",
      key: master,
      json: {
        name: "writer",
        grants: [
          { type: "apis", apis: ["sql"] },
          {
            type: "database",
            tables: [{ schema: "public", name: "places", permissions: ["select"] }],
            schemas: [{ name: "public", permissions: ["create"] }]
          }
        ]
      }
    })
    return { emulator, master, writer: String(json(created)["token"]) }
  })
)

layer(WithEmulator, { excludeTestServices: true })("the SQL API", (it) => {
  describe("queries", () => {
    it.effect("the members of a response have CARTO's order", () =>
      Effect.gen(function* () {
        const answer = yield* send({ query: { q: "select id, name from places order by id" } })
        assert.match(
          answer.text,
          /^\{"rows":\[\{"id":1,"name":"Madrid"\},\{"id":2,"name":"Rome"\}\],"time":[\d.]+,"fields":\{"id":\{"type":"number","pgtype":"int4"\},"name":\{"type":"string","pgtype":"text"\}\},"total_rows":2\}$/
        )
        assert.strictEqual(answer.headers.get("content-type"), "application/json; charset=utf-8")
        assert.strictEqual(answer.headers.get("carto-user"), "acme")
        assert.strictEqual(answer.headers.get("vary"), "Authorization")
        assert.match(
          answer.headers.get("content-disposition") ?? "",
          /^inline; filename=cartodb-query\.json; modification-date="[^"]+";$/
        )
      })
    )
    it.effect("a statement runs under the role of the key", () =>
      Effect.gen(function* () {
        const { writer } = yield* TheWorld
        assert.deepEqual(json(yield* send({ query: { q: "select * from secrets" } }))["error"], [
          "permission denied for table secrets"
        ])
        const answer = yield* send({ form: { q: "select session_user = current_user as same" }, key: writer })
        assert.deepEqual(json(answer)["rows"], [{ same: true }])
        assert.strictEqual((yield* asMaster("select * from secrets")).status, 200)
      })
    )
    it.effect("total_rows is that of the last statement with a count", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* total("create temp table t (a int)"), 0)
        assert.strictEqual(yield* total("create temp table t (a int); insert into t values (1), (2); reset all"), 2)
        assert.strictEqual(yield* total("select 1; select 2 where false"), 1)
        assert.strictEqual(yield* total("show server_encoding"), 1)
        assert.strictEqual(yield* total("delete from inbox where false"), 0)
        assert.strictEqual(yield* total("copy places to stdout"), 2)
        assert.strictEqual(yield* total(" "), 0)
      })
    )
    it.effect("an error after the first row is reported within the response", () =>
      Effect.gen(function* () {
        const late = yield* send({ query: { q: "select 1/(2-i) as v from generate_series(1,3) i" } })
        assert.strictEqual(late.status, 200)
        assert.deepInclude(json(late), { rows: [{ v: 1 }], total_rows: 1, error: ["division by zero"] })
        const early = yield* send({ query: { q: "select 1/(1-i) as v from generate_series(1,3) i" } })
        assert.deepEqual([early.status, early.text], [400, '{"error":["division by zero"]}'])
        assert.strictEqual(early.headers.get("content-disposition"), "inline")
      })
    )
    it.effect("a COPY FROM STDIN in a query fails", () =>
      Effect.gen(function* () {
        const answer = yield* asMaster("copy inbox from stdin")
        assert.deepEqual(
          [answer.status, answer.text],
          [400, '{"error":["COPY from stdin failed: No source stream defined"]}']
        )
        const denied = yield* send({ query: { q: "copy inbox from stdin" } })
        assert.deepEqual([denied.status, denied.text], [403, '{"error":["permission denied for table inbox"]}'])
      })
    )
    it.effect("notices are collected by severity, errors first", () =>
      Effect.gen(function* () {
        const answer = yield* asMaster(
          "select 1 as a; do $$ begin raise warning 'w'; raise notice 'n1'; raise notice 'n2'; perform 1/0; end $$"
        )
        assert.match(
          answer.text,
          /"total_rows":1,"error":\["division by zero"\],"warnings":\["w"\],"notices":\["n1","n2"\]\}$/
        )
      })
    )
    it.effect("session state ends with the request", () =>
      Effect.gen(function* () {
        yield* asMaster("begin; create table half_done (a int); set search_path = nowhere; create temp table t (a int)")
        const answer = yield* asMaster("select to_regclass('half_done') is null and to_regclass('t') is null as gone")
        assert.deepEqual(json(answer)["rows"], [{ gone: true }])
      })
    )
    it.effect("JSONP wraps responses, also of failures", () =>
      Effect.gen(function* () {
        const good = yield* send({ query: { q: "select 1 as a", callback: "cb" } })
        assert.match(good.text, /^cb\(\{"rows":\[\{"a":1\}\].*\}\)$/)
        const bad = yield* send({ query: { q: "selec", callback: "cb<script>", api_key: "nope" } })
        assert.deepEqual(
          [bad.status, bad.headers.get("content-type"), bad.text],
          [
            200,
            "text/javascript; charset=utf-8",
            `/**/ typeof cbscript === 'function' && cbscript({"error":["Unauthorized"]});`
          ]
        )
      })
    )
    it.effect("a statement stops when its client leaves", () =>
      Effect.gen(function* () {
        const { emulator } = yield* TheWorld
        const controller = new AbortController()
        const url = `https://acme.carto.com/api/v2/sql?${new URLSearchParams({ q: "select pg_sleep(1000)" })}`
        const answer = emulator.handler(new Request(url, { signal: controller.signal }))
        yield* Effect.promise(() => setImmediate())
        controller.abort()
        assert.strictEqual((yield* Effect.promise(() => answer)).status, 499)
      })
    )
    it.effect("HEAD has the headers of GET and no body", () =>
      Effect.gen(function* () {
        const answer = yield* send({ method: "HEAD", query: { q: "select 1" } })
        assert.deepEqual([answer.status, answer.text], [200, ""])
        assert.strictEqual(answer.headers.get("content-type"), "application/json; charset=utf-8")
      })
    )
  })

  describe("planning", () => {
    it.effect("planning finds the tables of every statement with any names", () =>
      Effect.gen(function* () {
        const { emulator } = yield* TheWorld
        yield* emulator.execute("acme", 'CREATE TABLE "Odd; name" (a int)')
        const answer = yield* asMaster(
          `select 1; select * from places; with x as (select * from "Odd; name") select * from x`
        )
        assert.strictEqual(answer.status, 200)
        assert.match(answer.headers.get("cache-control") ?? "", /^no-cache,max-age=([1-9]|[1-9]\d|[12]\d\d|300),/)
        const closed = yield* send({ query: { q: 'select 1; select * from "Odd; name", pg_class' } })
        assert.strictEqual(closed.text, '{"error":["system tables are forbidden"]}')
        const failing = yield* send({ query: { q: "select relname from pg_class limit 1; select 1/0" } })
        assert.strictEqual(failing.status, 200)
      })
    )
    it.effect("system tables are closed to all keys except the master key", () =>
      Effect.gen(function* () {
        const { writer } = yield* TheWorld
        for (const q of [
          "select relname from pg_class limit 1",
          " -- x\n select relname from pg_class limit 1",
          "with x as (select 1) select table_name from information_schema.tables, x",
          "select * from secrets, pg_class"
        ]) {
          const answer = yield* send({ form: { q }, key: writer })
          assert.deepEqual([answer.status, answer.text], [403, '{"error":["system tables are forbidden"]}'], q)
        }
        assert.strictEqual((yield* asMaster("select relname from pg_class limit 1")).status, 200)
      })
    )
    it.effect("planning reveals nothing that the key may not read", () =>
      Effect.gen(function* () {
        const { writer } = yield* TheWorld
        const made = yield* send({
          key: writer,
          form: {
            q: `create or replace function peek() returns int immutable language plpgsql as $$
                begin return (select a from secrets); end $$`
          }
        })
        assert.strictEqual(made.status, 200, made.text)
        const answer = yield* send({ form: { q: "select * from places where id = peek()" }, key: writer })
        assert.deepEqual([answer.status, answer.headers.get("x-cache-channel")], [403, null])
        assert.match(answer.headers.get("cache-control") ?? "", /^no-cache,max-age=([1-9]|[1-9]\d|[12]\d\d|300),/)
        yield* asMaster("drop function peek()")
      })
    )
    it.effect("planning runs no statement hidden in another one", () =>
      Effect.gen(function* () {
        const { writer } = yield* TheWorld
        for (const q of [
          "select E'\\\\'; insert into inbox values (99)--'",
          "set standard_conforming_strings = off; select '\\'; insert into inbox values (99); --'",
          'select 1 as "a""; insert into inbox values (99); --"'
        ]) {
          yield* send({ form: { q }, key: writer })
        }
        assert.deepEqual(json(yield* asMaster("select count(*) as n from inbox where id = 99"))["rows"], [{ n: 0 }])
      })
    )
  })

  describe("requests", () => {
    it.effect("OPTIONS needs no account", () =>
      Effect.gen(function* () {
        const answer = yield* send({ method: "OPTIONS", host: "localhost", path: "/api/v2/sql/job" })
        assert.deepEqual(
          [
            answer.status,
            answer.text,
            answer.headers.get("access-control-allow-origin"),
            answer.headers.get("content-length")
          ],
          [200, "", "*", "0"]
        )
      })
    )
    it.effect("the account in the path is used with any host", () =>
      Effect.gen(function* () {
        for (const path of ["/user/acme/api/v2/sql", "/u/acme/api/v2/sql"]) {
          const answer = yield* send({ host: "127.0.0.1:8080", path, query: { q: "select count(*) as n from places" } })
          assert.deepEqual(json(answer)["rows"], [{ n: 2 }])
        }
      })
    )
    it.effect("a key is refused in another account", () =>
      Effect.gen(function* () {
        const { master } = yield* TheWorld
        const answer = yield* send({ host: "bob.carto.com", query: { q: "select 1", api_key: master } })
        assert.deepEqual([answer.status, answer.headers.get("carto-user")], [401, "bob"])
      })
    )
    it.effect("an unknown path has an HTML page", () =>
      Effect.gen(function* () {
        const answer = yield* send({ method: "PUT", path: "/api/v2/sql/job/<b>" })
        assert.deepEqual([answer.status, answer.headers.get("content-type")], [404, "text/html; charset=utf-8"])
        assert.include(answer.text, "<pre>Cannot PUT /api/v2/sql/job/%3Cb%3E</pre>")
      })
    )
    it.effect("characters that a header cannot hold are encoded or replaced in headers", () =>
      Effect.gen(function* () {
        const answer = yield* send({ query: { q: "select 1", client: "a\r\nX: é", filename: "日本\n.csv" } })
        assert.strictEqual(answer.status, 200)
        assert.strictEqual(answer.headers.get("carto-client"), "a%0D%0AX: %C3%A9")
        assert.include(answer.headers.get("content-disposition") ?? "", "filename=%E6%97%A5%E6%9C%AC_.json")
      })
    )
    it.effect("service endpoints need no account", () =>
      Effect.gen(function* () {
        const version = yield* send({ host: "localhost", path: "/api/v2/version" })
        assert.strictEqual(version.text, '{"cartodb_sql_api":"6.0.0"}')
        assert.isNull(version.headers.get("access-control-allow-origin"))
        assert.deepInclude(json(yield* send({ host: "localhost", path: "/api/v2/health" })), {
          enabled: true,
          ok: true
        })
        assert.strictEqual((yield* send({ host: "localhost", path: "/api/v2/jobs-wip" })).text, "{}")
      })
    )
  })

  describe("formats", () => {
    it.effect("csv quotes only values that need it", () =>
      Effect.gen(function* () {
        const answer = yield* asMaster(
          "select true as b, 'a,b'::text as comma, E'l1\\nl2'::text as nl, 'q\"'::text as q, null as \"no\", 'x'::char(3) as c",
          { format: "csv" }
        )
        assert.strictEqual(answer.text, 'b,comma,nl,q,no,c\r\ntrue,"a,b","l1\nl2","q""",,x\r\n')
        assert.strictEqual((yield* asMaster("select 1 as a", { format: "csv" })).text, "a,\r\n1\r\n")
        const failed = yield* asMaster("select 1/(2-i) as a from generate_series(1,3) i", { format: "csv" })
        assert.strictEqual(failed.status, 400)
        assert.match(json(failed)["error"] + "", /^ogr2ogr command return code 1, Error: .*division by zero/)
      })
    )
    it.effect("arraybuffer has blocks of columns", () =>
      Effect.gen(function* () {
        const { emulator, master } = yield* TheWorld
        const bytes = yield* Effect.promise(async () => {
          const q = "select 1 as a__uint8, 2 as b"
          const response = await emulator.handler(
            new Request(
              `https://acme.carto.com/api/v2/sql?${new URLSearchParams({ q, format: "arraybuffer", api_key: master })}`
            )
          )
          return Buffer.from(await response.arrayBuffer()).toString("base64")
        })
        assert.strictEqual(
          bytes,
          "AAAACwAAAEQAAAAKAAAAIgAAAAUAAAAQYQBfAF8AdQBpAG4AdAA4AAAAAAUAAAACYgAAAAAAAAIAAAABAQAAAAAAAAgAAAAEAAAAQA=="
        )
        const geometry = yield* asMaster("select 1 as the_geom", { format: "arraybuffer" })
        assert.strictEqual(geometry.text, '{"error":["geometry types are not supported"]}')
        assert.strictEqual((yield* asMaster("select 1 as a where false", { format: "arraybuffer" })).text, "")
      })
    )
    it.effect("formats except json and arraybuffer take one read-only statement", () =>
      Effect.gen(function* () {
        for (const format of ["csv", "geojson", "topojson"]) {
          const answer = yield* asMaster("insert into inbox values (1) returning id", { format })
          assert.strictEqual(answer.text, '{"error":["syntax error at or near \\"into\\""]}', format)
        }
        const svg = yield* asMaster("insert into inbox values (1)", { format: "svg" })
        assert.strictEqual(svg.text, '{"error":["WITH query \\"source\\" does not have a RETURNING clause"]}')
        const buffer = yield* asMaster("insert into inbox values (1) returning id", { format: "arraybuffer" })
        assert.strictEqual(buffer.status, 200)
      })
    )
    it.effect("an unknown format is named in the error", () =>
      Effect.gen(function* () {
        for (const format of ["kml", "shp", "gpkg", "spatialite"]) {
          const answer = yield* asMaster("select 1", { format })
          assert.strictEqual(answer.status, 400)
          assert.include(answer.text, "GDAL")
        }
      })
    )
  })

  describe("COPY", () => {
    it.effect("copyfrom loads a plain or compressed body atomically", () =>
      Effect.gen(function* () {
        yield* asMaster("truncate inbox")
        assert.match((yield* copyFrom("1,a\n2,b\n")).text, /^\{"time":[\d.]+,"total_rows":2\}$/)
        const packed = gzipSync("3,c\n")
        assert.strictEqual((yield* copyFrom(packed, { "Content-Encoding": "gzip" })).status, 200)
        assert.strictEqual(
          (yield* copyFrom("4,d\nx,e\n")).text,
          '{"error":["invalid input syntax for type integer: \\"x\\""]}'
        )
        const cut = yield* copyFrom(packed.subarray(0, 12), { "Content-Encoding": "gzip" })
        assert.strictEqual(cut.text, '{"error":["Error while gunzipping: unexpected end of file"]}')
        const plain = yield* copyFrom("4,d\n", { "Content-Encoding": "gzip" })
        assert.strictEqual(plain.text, '{"error":["Error while gunzipping: incorrect header check"]}')
        assert.strictEqual((yield* copyFrom("")).text, '{"error":["No rows copied"]}')
        assert.strictEqual(
          (yield* copyTo("copy (select id, name from inbox order by 1) to stdout")).text,
          "1\ta\n2\tb\n3\tc\n"
        )
      })
    )
    it.effect("copyfrom needs a COPY in the query string", () =>
      Effect.gen(function* () {
        for (const q of ["", " copy inbox from stdin", "copy\ninbox from stdin", "select 1"]) {
          assert.strictEqual((yield* copyFrom("1,a\n", {}, q)).text, '{"error":["SQL must start with COPY"]}')
        }
        const { master } = yield* TheWorld
        const inBody = yield* send({ path: "/api/v2/sql/copyfrom", form: { q: "copy inbox from stdin" }, key: master })
        assert.strictEqual(inBody.text, '{"error":["SQL is missing"]}')
      })
    )
    it.effect("copyfrom enforces the quota for plain and compressed bodies", () =>
      Effect.gen(function* () {
        const { emulator } = yield* TheWorld
        const quota = (bytes: number) =>
          emulator.execute(
            "acme",
            `CREATE OR REPLACE FUNCTION public._cdb_userquotainbytes() RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT ${bytes}::bigint + cdb_userdatasize(''public'')'`
          )
        const data = `1,${"x".repeat(2000)}\n`
        yield* quota(1000)
        const plain = yield* copyFrom(data)
        const packed = yield* copyFrom(gzipSync(data), { "Content-Encoding": "gzip" })
        yield* quota(1_000_000_000)
        for (const answer of [plain, packed]) {
          assert.deepEqual([answer.status, answer.text], [400, '{"error":["DB Quota exceeded"]}'])
        }
        assert.strictEqual((yield* copyFrom(data)).status, 200)
      })
    )
    it.effect("copyto appends an error to data that was already sent", () =>
      Effect.gen(function* () {
        const late = yield* copyTo("copy (select 1/(50000-i) from generate_series(1,60000) i) to stdout")
        assert.strictEqual(late.status, 200)
        assert.match(late.text, /^(?:0\n)+\{"error":\["division by zero"\]\}$/)
        const early = yield* copyTo("copy (select 1/(5-i) from generate_series(1,9) i) to stdout")
        assert.deepEqual([early.status, early.text], [400, '{"error":["division by zero"]}'])
        assert.strictEqual(early.headers.get("content-disposition"), "inline")
      })
    )
    it.effect("copyto streams the first of several statements, or nothing", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* copyTo("copy (select 1) to stdout; copy (select 2) to stdout")).text, "1\n")
        const none = yield* copyTo("copy (select 1 where false) to stdout")
        assert.deepEqual([none.status, none.text, none.headers.get("content-length")], [200, "", "0"])
      })
    )
  })

  describe("batch jobs", () => {
    it.effect("batch jobs run under the role of the account", () =>
      Effect.gen(function* () {
        const created = yield* jobs("POST", "/", {
          query: ["create table made_by_job as select current_user::text as who", "selec"]
        })
        assert.strictEqual(created.status, 201)
        const job = yield* final(json(created)["job_id"])
        assert.deepInclude(job, { user: "acme", status: "failed", failed_reason: 'syntax error at or near "selec"' })
        const { rows } = json(yield* asMaster("select who = current_user as same from made_by_job"))
        assert.deepEqual(rows, [{ same: true }])
        const again = yield* jobs("DELETE", `/${job["job_id"]}`)
        assert.deepEqual([again.status, again.text], [400, '{"error":["Cannot set status from failed to cancelled"]}'])
      })
    )
    it.effect("batch jobs need the master key, and their size is checked first", () =>
      Effect.gen(function* () {
        const { writer } = yield* TheWorld
        const path = "/api/v2/sql/job"
        assert.strictEqual((yield* send({ path, key: writer, json: { query: "select 1" } })).status, 403)
        const large = yield* send({ path, key: writer, json: { query: "x".repeat(16_384) } })
        assert.strictEqual(large.status, 400)
        assert.match(large.text, /Your payload is too large: 16396 bytes/)
      })
    )
  })
})
