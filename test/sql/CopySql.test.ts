import { assert, describe, it, layer, vi } from "@effect/vitest"
import { Effect, Layer, Redacted, Schema, SchemaGetter, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { Auth, Carto, type CartoError, CopySql, Sql, sql } from "../../src/index.ts"
import * as Column from "../../src/sql/Column.ts"
import { hostile, randomFrom } from "../support/hostile.ts"
import { layerEmbedded } from "../support/embedded.ts"
import { json, masterToken, scriptedFetch } from "../support/scriptedFetch.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const layerAnswer = (answer: () => Response) =>
  Carto.layer({ baseUrl: "https://alice.carto.com", apiKey: Redacted.make(masterToken), retry: false }).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, async () => answer())),
    Layer.orDie
  )

const chunked = (bytes: Uint8Array, size: number): Response =>
  new Response(
    new ReadableStream({
      start: (controller) => {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size))
        controller.close()
      }
    })
  )

/** What came out before the end, and how it ended. */
const drain = (statement = sql`COPY t TO STDOUT`) =>
  Effect.gen(function* () {
    let text = ""
    const copy = yield* CopySql
    const end = yield* copy.to(statement).pipe(
      Stream.runForEach((bytes) =>
        Effect.sync(() => (text += Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")))
      ),
      Effect.match({
        onSuccess: () => "whole",
        onFailure: (error: CartoError) => `${error.reason._tag}: ${error.message}`
      })
    )
    return { text, end }
  })

const latin = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0))

describe("an error that is glued to the data", () => {
  const glued = '1\tone\n2\ttwo\n{"error":["division by zero"]}'
  for (let size = 1; size <= glued.length; size += 1) {
    it.effect(`is found when chunks have ${size} bytes`, () =>
      Effect.gen(function* () {
        const { end, text } = yield* drain()
        assert.strictEqual(text, "1\tone\n2\ttwo\n")
        assert.strictEqual(end, "QueryFailed: CopySql.to: division by zero")
      }).pipe(Effect.provide(layerAnswer(() => chunked(encoder.encode(glued), size))))
    )
  }
  it.effect("is found where there is nothing else", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* drain(), {
        text: "",
        end: "PermissionDenied: CopySql.to: permission denied for table t: the key in use needs a permission on t; keys cannot be edited, so create one that has it"
      })
    }).pipe(
      Effect.provide(layerAnswer(() => chunked(encoder.encode('{"error":["permission denied for table t"]}'), 5)))
    )
  )
  for (const [name, text] of [
    ["looks like it but has rows after it", '{"error":["x"]}\n1\n'],
    ["is a row", '1\n{"error":["x"]}\n'],
    ["begins like it", '{"err\n{"error":\n'],
    ["stands inside a line", 'a{"error":["x"]}\n'],
    ["is long", `{"error":["${"x".repeat(2_000_000)}\n`]
  ] as const) {
    it.effect(`data that ${name} is data`, () =>
      Effect.gen(function* () {
        for (const size of [1000, 7]) {
          if (text.length / size > 10_000) continue
          const found = yield* drain().pipe(Effect.provide(layerAnswer(() => chunked(encoder.encode(text), size))))
          assert.strictEqual(found.end, "whole")
          assert.strictEqual(found.text.length, text.length)
        }
      })
    )
  }
  const binary = "PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x04\0\0\0\x07"
  for (const size of [1, 3, 8, 1000]) {
    it.effect(`in binary data, in chunks of ${size} bytes`, () =>
      Effect.gen(function* () {
        const statement = sql`COPY t TO STDOUT (FORMAT binary)`
        const broken = yield* drain(statement).pipe(
          Effect.provide(layerAnswer(() => chunked(latin(`${binary}{"error":["division by zero"]}`), size)))
        )
        assert.deepStrictEqual(broken, { text: binary, end: "QueryFailed: CopySql.to: division by zero" })
        const whole = yield* drain(statement).pipe(
          Effect.provide(layerAnswer(() => chunked(latin(`${binary}\xff\xff`), size)))
        )
        assert.deepStrictEqual(whole, { text: `${binary}\xff\xff`, end: "whole" })
        const cut = yield* drain(statement).pipe(Effect.provide(layerAnswer(() => chunked(latin(binary), size))))
        assert.include(cut.end, "CopyTruncated")
      })
    )
  }
  it.effect("data that breaks off in a row is a failure", () =>
    Effect.gen(function* () {
      assert.include((yield* drain()).end, "CopyTruncated")
    }).pipe(Effect.provide(layerAnswer(() => chunked(encoder.encode("1\tone\n2\tt"), 4))))
  )
})

describe("statements that the server would hang on", () => {
  const script = scriptedFetch(new Error("asked"))
  const services = Carto.layer({ username: "alice", apiKey: Redacted.make("k"), retry: false }).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, script.fetch))
  )
  for (const statement of [
    sql`SELECT 1`,
    sql`COPY t FROM STDIN`,
    sql`COPY t TO 'file'`,
    sql`COPY t TO STDOUT; DROP TABLE t`,
    sql`COPY t FROM 'TO STDOUT'`,
    sql``
  ]) {
    it.effect("are refused before any request: to", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          Stream.runDrain(Stream.unwrap(CopySql.use((copy) => Effect.succeed(copy.to(statement)))))
        )
        assert.strictEqual(error.reason._tag, "InvalidInput")
        assert.strictEqual(script.asked.length, 0)
      }).pipe(Effect.provide(services))
    )
  }
  for (const statement of [sql`COPY t TO STDOUT`, sql`COPY t FROM PROGRAM 'ls'`, sql`INSERT INTO t VALUES (1)`]) {
    it.effect("are refused before any request: from", () =>
      Effect.gen(function* () {
        const error: CartoError = yield* Effect.flip(
          CopySql.use((copy) => copy.from(statement, Stream.make(encoder.encode("1\n"))))
        )
        assert.strictEqual(error.reason._tag, "InvalidInput")
        assert.strictEqual(script.asked.length, 0)
      }).pipe(Effect.provide(services))
    )
  }
  it.effect("so is an upload on a runtime that cannot send a stream", () =>
    Effect.gen(function* () {
      // as browsers do that take a stream for an object like any other
      class Stringifying extends Request {
        constructor(input: RequestInfo | URL, init?: RequestInit) {
          super(input, init?.body instanceof ReadableStream ? { ...init, body: String(init.body) } : init)
        }
      }
      vi.stubGlobal("Request", Stringifying)
      yield* Effect.addFinalizer(() => Effect.sync(() => vi.unstubAllGlobals()))
      const { reason } = yield* Effect.flip(
        CopySql.use((copy) => copy.from(sql`COPY t FROM STDIN`, Stream.make(encoder.encode("1\n"))))
      )
      assert.strictEqual(reason._tag === "InvalidInput" && reason.field, "data")
      assert.strictEqual(script.asked.length, 0)
    }).pipe(Effect.provide(services))
  )
  it.effect("limits of an upload have names", () =>
    Effect.gen(function* () {
      for (const [words, tag] of [
        ["COPY FROM maximum POST size of 2 GB exceeded", "CopyLimitExceeded"],
        ["DB Quota exceeded", "CopyLimitExceeded"],
        ["Connection closed by server: input data too slow", "CopyLimitExceeded"],
        ["No rows copied", "NoRowsCopied"],
        ["extra data after last expected column", "QueryFailed"]
      ] as const) {
        const error: CartoError = yield* Effect.flip(
          CopySql.use((copy) => copy.from(sql`COPY t FROM STDIN`, Stream.make(encoder.encode("1\n"))))
        ).pipe(Effect.provide(layerAnswer(() => json({ error: [words] }, 400))))
        assert.strictEqual(error.reason._tag, tag)
      }
    })
  )
})

layer(layerEmbedded(), { timeout: "60 seconds" })("on PostgreSQL", (it) => {
  const collect = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
    Effect.map(
      Stream.runFold(
        stream,
        () => "",
        (text, bytes) => text + decoder.decode(bytes)
      ),
      (text) => text
    )

  it.effect("out, in, and out again", () =>
    Effect.gen(function* () {
      const copy = yield* CopySql
      const db = yield* Sql
      yield* db.query(sql`CREATE TABLE a (id int, name text); CREATE TABLE b (id int, name text)`)
      const data = "1\tone\n2\tt\\two\n3\t\\N\n"
      const sent = yield* copy.from(
        sql`COPY a FROM STDIN`,
        Stream.make(encoder.encode(data.slice(0, 5)), encoder.encode(data.slice(5)))
      )
      assert.strictEqual(sent.rows, 3)
      const again = yield* copy.from(
        sql`copy
        b (id, name) FROM STDIN`,
        copy.to(sql`COPY a TO STDOUT`),
        { gzip: true }
      )
      assert.strictEqual(again.rows, 3)
      assert.strictEqual(yield* collect(copy.to(sql`COPY (SELECT * FROM b ORDER BY id) TO STDOUT`)), data)
      assert.strictEqual(yield* collect(copy.to(sql`COPY (SELECT * FROM b WHERE false) TO STDOUT`)), "")
    })
  )
  it.effect("an upload is kept whole or not at all, and the data's own failure comes out", () =>
    Effect.gen(function* () {
      const copy = yield* CopySql
      const db = yield* Sql
      yield* db.query(sql`CREATE TABLE c (id int)`)
      const bad: CartoError = yield* Effect.flip(
        copy.from(sql`COPY c FROM STDIN`, Stream.make(encoder.encode("1\nx\n")))
      )
      assert.include(bad.message, "invalid input syntax for type integer")
      const none: CartoError = yield* Effect.flip(copy.from(sql`COPY c FROM STDIN`, Stream.empty))
      assert.strictEqual(none.reason._tag, "NoRowsCopied")
      class Own {
        readonly _tag = "Own"
      }
      const own = yield* Effect.flip(
        copy.from(sql`COPY c FROM STDIN`, Stream.concat(Stream.make(encoder.encode("1\n")), Stream.fail(new Own())))
      )
      assert.strictEqual(own._tag, "Own")
      assert.deepStrictEqual((yield* db.query(sql`SELECT count(*)::int AS n FROM c`)).rows, [{ n: 0 }])
    })
  )
  it.effect("progress ends with the result", () =>
    Effect.gen(function* () {
      const copy = yield* CopySql
      yield* Sql.use((db) => db.query(sql`CREATE TABLE d (id int)`))
      const seen = yield* Stream.runCollect(
        copy.progress(
          sql`COPY d FROM STDIN`,
          Stream.fromIterable(["1\n", "22\n", "333\n"].map((line) => encoder.encode(line)))
        )
      )
      assert.deepStrictEqual(seen.at(-1)?.bytes, 9)
      assert.strictEqual(seen.at(-1)?.result?.rows, 3)
      assert.isTrue(seen.every(({ bytes }, index) => index === 0 || bytes >= (seen[index - 1]?.bytes ?? 0)))
    })
  )
  it.effect("rows in, with and without a schema", () =>
    Effect.gen(function* () {
      const copy = yield* CopySql
      const db = yield* Sql
      yield* db.query(
        sql`CREATE TABLE e (id int8, name text, at timestamptz, tags text[], extra jsonb, raw bytea, ok boolean)`
      )
      const row = {
        id: 9007199254740993n,
        name: "a\tb\\c\nd\r'\"☃",
        at: new Date("2020-02-03T10:11:12.345Z"),
        tags: ['a"b', "c\\d", "{,}", "NULL", "", null],
        extra: { "k\\": [1, null] },
        raw: new Uint8Array([0, 255]),
        ok: true
      }
      const columns = ["id", "name", "at", "tags", "extra", "raw", "ok"] as const
      yield* copy.fromRows({ table: ["public", "e"], columns }, Stream.make(row))
      const Row = Schema.Struct({
        id: Schema.Number,
        name: Schema.NullOr(Schema.String),
        at: Schema.DateTimeUtcFromString
      })
      yield* copy.fromRows(
        { table: "e", columns: ["id", "name", "at"] },
        Stream.fromEffect(Schema.decodeUnknownEffect(Row)({ id: 2, name: null, at: "2021-01-01T00:00:00Z" })),
        { schema: Row, gzip: true }
      )
      const { rows } = yield* db.query(
        sql`SELECT id::text, name, at::text, tags, extra, encode(raw, 'hex') AS raw, ok FROM e ORDER BY at`
      )
      assert.deepStrictEqual(rows, [
        {
          id: "9007199254740993",
          name: row.name,
          at: "2020-02-03 10:11:12.345+00",
          tags: row.tags,
          extra: row.extra,
          raw: "00ff",
          ok: true
        },
        { id: "2", name: null, at: "2021-01-01 00:00:00+00", tags: null, extra: null, raw: null, ok: null }
      ])
      const missing: CartoError = yield* Effect.flip(
        copy.fromRows({ table: "e", columns: ["id"] }, Stream.make({ other: 1 }))
      )
      assert.strictEqual(missing.reason._tag, "RowMalformed")
    })
  )
  it.effect("streamed rows are those of a query", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      const statement = sql`SELECT i AS "int", i::int8 AS "big", i / 3.0 AS "num", i::float8 / 7 AS "flo", 'NaN'::float8 AS "nan", '-Infinity'::numeric AS "inf",
        CASE WHEN i % 2 = 0 THEN NULL ELSE 'r\n' || i || E'\t\\\\' END AS "text", i % 2 = 0 AS "even", date '2020-02-03' + i AS "date",
        timestamp '2020-02-03 10:11:12' AS "ts", timestamptz '2020-02-03 10:11:12+02' AS "tz", date 'infinity' AS "never",
        jsonb_build_object('a', i, 'b', 'x\\y') AS "json", ARRAY[1, NULL, i] AS "ints", ARRAY['a"b', 'c,d', NULL, 'NULL', '{}'] AS "texts", ARRAY[[1,2],[3,4]] AS "nested",
        ARRAY[true, false] AS "bools", '\\xdead'::bytea AS "bytes", point(1.5, -2) AS "point", circle '<(1,2),3>' AS "circle",
        interval '1 year 2 mons -3 days 04:05:06.789' AS "span", interval '0' AS "none", interval '-01:02:03' AS "back",
        '7f0c1a52-3b0f-4f0a-9e0b-5f4a1b2c3d4e'::uuid AS "uuid", 'a b' AS "with "" quote", ARRAY[time '10:11:12.5', NULL] AS "times", ARRAY['10:11:12+02'::timetz] AS "timetzs",
        ARRAY[26::oid] AS "oids", ARRAY['$1.50'::money] AS "moneys", ARRAY['10.0.0.1'::inet] AS "inets",
        ARRAY['08:00:2b:01:02:03'::macaddr] AS "macs", ARRAY['[1,2)'::numrange] AS "ranges", ARRAY['[1,2)'::int4range] AS "other ranges",
        ARRAY[interval '1 day'] AS "spans", ARRAY['a'::name] AS "names", ARRAY['a'::varchar, 'b"'] AS "varchars", ARRAY['a'::char(3)] AS "chars",
        ARRAY['{"a":[1]}'::json] AS "jsons", ARRAY['{"a":"b c"}'::jsonb, NULL] AS "jsonbs", ARRAY['\\xdead'::bytea] AS "raws", ARRAY[point(1,2)] AS "points",
        ARRAY['NaN'::float8, '-Infinity', 1.5] AS "floats", ARRAY[1.10::numeric] AS "numerics", ARRAY[9007199254740993::int8] AS "bigs",
        'a'::name AS "name", 'x'::char(3) AS "char", '$1.50'::money AS "money", '10.0.0.1'::inet AS "inet", B'101' AS "bit", xml '<a/>' AS "xml",
        time '10:11:12.5' AS "time", row(1, NULL) AS "row", 26::oid AS "oid", box '((0,0),(1,1))' AS "box",
        '[1,2)'::int4range AS "range", to_tsvector('simple', 'a b') AS "vector", ''::text AS "nothing", '{1,2}'::int[] || i AS "more", ARRAY[date '2020-01-01'] AS "dates"
        FROM generate_series(1, 5) AS i ORDER BY i -- the end`
      const queried = yield* db.query(statement)
      const streamed = yield* Stream.runCollect(db.stream(statement))
      assert.deepStrictEqual(streamed, queried.rows)
      const typed = yield* Stream.runCollect(
        db.stream(sql`SELECT i AS n, now() AS at FROM generate_series(1, 3) AS i;`, {
          schema: Schema.Struct({ n: Schema.Number, at: Schema.DateTimeUtcFromString })
        })
      )
      assert.deepStrictEqual(
        typed.map(({ n }) => n),
        [1, 2, 3]
      )
    })
  )
  it.effect("streamed numbers have every digit where they are asked for", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      const statement = sql`SELECT 9007199254740993 AS big, 1.10::numeric AS num, ARRAY[9007199254740993, NULL] AS bigs,
        7 AS small, 0.5::float8 AS half, NULL::int8 AS nothing`
      assert.deepStrictEqual(yield* Stream.runCollect(db.stream(statement, { exact: true })), [
        { big: "9007199254740993", num: "1.10", bigs: ["9007199254740993", null], small: 7, half: 0.5, nothing: null }
      ])
      const schema = Schema.Struct({ big: Column.Int8, bigs: Schema.Array(Schema.NullOr(Column.Int8)) })
      const [typed] = yield* Stream.runCollect(db.stream(statement, { exact: true, schema }))
      assert.deepStrictEqual(typed, { big: 9007199254740993n, bigs: [9007199254740993n, null] })
    })
  )
  it.effect("streamed text is what it is", () =>
    Effect.gen(function* () {
      const random = randomFrom(7)
      const texts = Array.from({ length: 300 }, () => hostile(random))
      const statement = sql`SELECT t, ARRAY[t, t] AS a, jsonb_build_array(t) AS j
        FROM unnest(${texts}::text[]) WITH ORDINALITY AS x (t, i) ORDER BY i`
      const streamed = yield* Stream.runCollect(
        Sql.use((db) => Effect.succeed(db.stream(statement))).pipe(Stream.unwrap)
      )
      assert.deepStrictEqual(
        streamed,
        texts.map((text) => ({ t: text, a: [text, text], j: [text] }))
      )
    })
  )
  it.effect("rows by a schema whose decoding is an effect, and the row that does not fit it", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      const Later = Schema.Number.pipe(
        Schema.decodeTo(Schema.Number, {
          decode: SchemaGetter.transformEffect((n: number) => Effect.as(Effect.yieldNow, n + 1)),
          encode: SchemaGetter.transform((n: number) => n - 1)
        })
      )
      const rows = yield* Stream.runCollect(
        db.stream(sql`SELECT i AS n FROM generate_series(1, 3) AS i`, { schema: Schema.Struct({ n: Later }) })
      )
      assert.deepStrictEqual(rows, [{ n: 2 }, { n: 3 }, { n: 4 }])
      const error: CartoError = yield* Effect.flip(
        Stream.runDrain(
          db.stream(sql`SELECT nullif(i, 20000) AS n FROM generate_series(1, 30000) AS i ORDER BY i`, {
            schema: Schema.Struct({ n: Schema.Number })
          })
        )
      )
      assert.include(error.message, "row 20000")
    })
  )
  it.effect("streams nothing that changes something", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      yield* db.query(sql`CREATE TABLE f (id int)`)
      const error: CartoError = yield* Effect.flip(
        Stream.runCollect(db.stream(sql`INSERT INTO f VALUES (1) RETURNING id`))
      )
      assert.strictEqual(error.reason._tag, "SqlSyntax")
      assert.deepStrictEqual((yield* db.query(sql`SELECT * FROM f`)).rows, [])
    })
  )
  it.effect("a failure after the first rows of a stream is a failure", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      let seen = 0
      const error: CartoError = yield* Effect.flip(
        Stream.runForEach(db.stream(sql`SELECT 1 / (100000 - i) AS v FROM generate_series(1, 200000) AS i`), () =>
          Effect.sync(() => (seen += 1))
        )
      )
      assert.include(error.message, "division by zero")
      assert.isAbove(seen, 1000)
    })
  )
  it.effect("a key without the right to a table cannot copy it", () =>
    Effect.gen(function* () {
      const error: CartoError = yield* Effect.flip(
        CopySql.use((copy) => Stream.runDrain(copy.to(sql`COPY tornadoes TO STDOUT`))).pipe(
          Auth.withApiKey(Auth.defaultPublic)
        )
      )
      assert.strictEqual(error.reason._tag, "PermissionDenied")
    })
  )
  it.effect("export names the file and its type", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      const file = yield* db.export(sql`SELECT 1 AS a, 'x,y' AS b`, { format: "csv", filename: "my file" })
      assert.deepStrictEqual(
        [file.filename, file.contentType],
        ["my_file.csv", "text/csv; charset=utf-8; header=present"]
      )
      assert.strictEqual(yield* collect(file.bytes), 'a,b\r\n1,"x,y"\r\n')
      const error = yield* Effect.flip(db.export(sql`SELECT 1/0 AS a`, { format: "csv" }))
      assert.strictEqual(error.reason._tag, "QueryFailed")
    })
  )
})
