/** COPY in and out of PostgreSQL. */
import { assert, layer } from "@effect/vitest"
import { Effect, Schema, SchemaGetter, Stream } from "effect"
import { Readable } from "node:stream"
import { Auth, type CartoError, CopySql, type Row, Sql, sql } from "../../src/index.ts"
import * as Column from "../../src/sql/Column.ts"
import { hostile, randomFrom } from "../support/hostile.ts"
import { layerEmbedded } from "../support/embedded.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

layer(layerEmbedded(), { timeout: "60 seconds" })("COPY on PostgreSQL", (it) => {
  const collect = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
    Effect.map(
      Stream.runFold(
        stream,
        () => "",
        (text, bytes) => text + decoder.decode(bytes)
      ),
      (text) => text
    )

  it.effect("data comes out as it went in, compressed or not", () =>
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
  it.effect("an upload is kept whole or not at all, and fails with the failure of its data", () =>
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
  it.effect("progress counts bytes and ends with the result", () =>
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
  it.effect("fromRows stores values of every type, with a schema and without", () =>
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
  it.effect("a stream has the rows of a query", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      const statement = sql`SELECT i AS "int", i::int8 AS "big", i / 3.0 AS "num", i::float8 / 7 AS "flo", 'NaN'::float8 AS "nan", '-Infinity'::numeric AS "inf",
        CASE WHEN i % 2 = 0 THEN NULL ELSE 'r\n' || i || E'\t\\\\' END AS "text", i % 2 = 0 AS "even", date '2020-02-03' + i AS "date",
        timestamp '2020-02-03 10:11:12' AS "ts", timestamptz '2020-02-03 10:11:12+02' AS "tz", date 'infinity' AS "never",
        jsonb_build_object('a', i, 'b', 'x\\y') AS "json", ARRAY[1, NULL, i] AS "ints", ARRAY['a"b', 'c,d', NULL, 'NULL', '{}'] AS "texts", ARRAY[[1,2],[3,4]] AS "nested",
        ARRAY[true, false] AS "bools", '\\xdead'::bytea AS "bytes", point(1.5, -2) AS "point", circle '<(1,2),3>' AS "circle",
        point('NaN', 'infinity') AS "odd point", circle '<(-infinity,NaN),infinity>' AS "odd circle", ARRAY[point('NaN', 1)] AS "odd points",
        '[1e400, {"a": -1e400}, "1e400", 1e30]'::jsonb AS "large", '{"n": 1e400}'::json AS "large text", ARRAY['1e400'::jsonb] AS "larges",
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
  it.effect("an exact stream has numbers with every digit", () =>
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
  it.effect("a stream has hostile text as it is", () =>
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
  it.effect("a stream decodes by a schema with effects, and fails with the number of the row that does not fit", () =>
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
  it.effect("a stream refuses a statement that changes something", () =>
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
  it.effect("a failure after the first rows fails the stream", () =>
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
  it.effect("a key without the permission to read a table cannot copy it", () =>
    Effect.gen(function* () {
      const error: CartoError = yield* Effect.flip(
        CopySql.use((copy) => Stream.runDrain(copy.to(sql`COPY tornadoes TO STDOUT`))).pipe(
          Auth.withApiKey(Auth.defaultPublic)
        )
      )
      assert.strictEqual(error.reason._tag, "PermissionDenied")
    })
  )
  it.effect("export gives the name and the type of the file", () =>
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
  it.effect("a query with two columns of one name cannot be streamed, and the refusal names them", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      yield* db.query(sql`CREATE TABLE g (id int, "2021" int, "2020" int); CREATE TABLE h (id int)`)
      yield* db.query(sql`INSERT INTO g VALUES (1, 21, 20); INSERT INTO h VALUES (1)`)
      const error: CartoError = yield* Effect.flip(
        Stream.runDrain(db.stream(sql`SELECT * FROM g JOIN h ON g.id = h.id -- the end`))
      )
      assert.deepInclude(error.reason, { _tag: "InvalidInput", field: "statement" })
      assert.include(error.message, 'a query with two columns named "id"')
      assert.deepStrictEqual(yield* Stream.runCollect(db.stream(sql`SELECT * FROM g`)), [{ id: 1, 2020: 20, 2021: 21 }])
      const own: CartoError = yield* Effect.flip(Stream.runDrain(db.stream(sql`SELECT id FROM g JOIN h ON TRUE`)))
      assert.strictEqual(own.reason._tag, "QueryFailed")
    })
  )
  it.effect("fromRows takes rows from whatever holds them", () =>
    Effect.gen(function* () {
      const copy = yield* CopySql
      const db = yield* Sql
      yield* db.query(sql`CREATE TABLE i (n int)`)
      const target = { table: "i", columns: ["n"] } as const
      const rows = Array.from({ length: 1000 }, (_, n) => ({ n }))
      for (const source of [
        rows,
        new Set(rows),
        rows.values(),
        Readable.from(rows),
        new ReadableStream<Row>({
          start: (controller) => {
            for (const row of rows) controller.enqueue(row)
            controller.close()
          }
        }),
        Stream.fromIterable(rows)
      ]) {
        assert.strictEqual((yield* copy.fromRows(target, source)).rows, 1000)
      }
      const odd: CartoError = yield* Effect.flip(copy.fromRows(target, [{ n: 1 }, { m: 2 }]))
      assert.deepInclude(odd.reason, { _tag: "RowMalformed", row: 2 })
      const { rows: sums } = yield* db.query(sql`SELECT count(*)::int AS n, sum(n)::int AS sum FROM i`)
      assert.deepStrictEqual(sums, [{ n: 6000, sum: 6 * 499_500 }])
    })
  )
})
