/** `effect/sql` over the SQL API, down to a real PostgreSQL. */
import { assert, layer } from "@effect/vitest"
import { Cause, DateTime, Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import { Model } from "effect/schema"
import { SqlClient as Client, SqlModel, SqlResolver, SqlSchema } from "effect/sql"
import * as Column from "../../src/sql/Column.ts"
import { Emulator } from "../../src/emulator/index.ts"
import { Auth, isCartoError } from "../../src/index.ts"
import * as SqlClient from "../../src/sql/SqlClient.ts"
import { layerEmbedded } from "../support/embedded.ts"
import { hostile, randomFrom } from "../support/hostile.ts"

const layerClient = SqlClient.layer.pipe(Layer.provideMerge(layerEmbedded()))

/** Runs SQL beside the client under test, as the account itself. */
const execute = (text: string) => Emulator.use((emulator) => emulator.execute("demo", text))

/** What puts the place after it inside of something, under one setting or under both. */
const openers = ["'", "'\\'", "''", "E'", "E'\\'", "U&'", '"', "$$", "$a$", "--", "/*", "*/", "\n", ",", " ", "1", "\\"]
/** What gets out of it. */
const closers = ["'", "\\'", '"', "$$", "$a$", "*/", "\n"]

/** The bytes of a text as PostgreSQL shows them. */
const bytes = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("")

class Place extends Model.Class<Place>("Place")({
  id: Model.Field({ select: Schema.Int, update: Schema.Int, json: Schema.Int }),
  name: Schema.String,
  opened: Schema.NullOr(Column.Timestamp)
}) {}

layer(layerClient, { timeout: "60 seconds" })("effect/sql", (it) => {
  it.effect("the helpers of effect/sql make statements that PostgreSQL runs", () =>
    Effect.gen(function* () {
      const sql = yield* Client.SqlClient
      yield* sql`CREATE TABLE helpers (id int PRIMARY KEY, name text, at timestamptz, photo bytea, tags text[], extra jsonb)`
      const at = new Date("2020-02-03T10:11:12Z")
      const inserted = yield* sql`INSERT INTO helpers ${sql
        .insert([
          {
            id: 1,
            name: "it's \\ $1",
            at,
            photo: Uint8Array.of(0, 255),
            tags: ["a", "{,}", "'"],
            extra: SqlClient.json({ a: ["'", null] })
          },
          { id: 2, name: undefined, at: null, photo: null, tags: null, extra: null }
        ])
        .returning("*")}`
      assert.deepStrictEqual(inserted, [
        {
          id: 1,
          name: "it's \\ $1",
          at: "2020-02-03T10:11:12Z",
          photo: { type: "Buffer", data: [0, 255] },
          tags: ["a", "{,}", "'"],
          extra: { a: ["'", null] }
        },
        { id: 2, name: null, at: null, photo: null, tags: null, extra: null }
      ])
      yield* sql`UPDATE helpers SET ${sql.update({ id: 2, name: "two", extra: SqlClient.json([1n.toString()]) }, ["id"])} WHERE id = ${2}`
      yield* sql`UPDATE helpers SET tags = ARRAY[d.tag] FROM ${sql.updateValues(
        [
          { id: 1, tag: "x" },
          { id: 2, tag: "y" }
        ],
        "d"
      )} WHERE helpers.id = d.id`
      const found = yield* sql`SELECT name, tags FROM ${sql("helpers")}
        WHERE ${sql.and([sql.in("id", [1, 2, 3]), sql.or([sql`name = ${"two"}`, sql`at = ${at}`])])} ${sql.csv("ORDER BY", ["id DESC"])}`
      assert.deepStrictEqual(found, [
        { name: "two", tags: ["y"] },
        { name: "it's \\ $1", tags: ["x"] }
      ])
      assert.deepStrictEqual(yield* sql`SELECT id FROM helpers WHERE id IN ${sql.in([])}`, [])
      assert.deepStrictEqual(yield* sql`SELECT id FROM helpers WHERE id = ANY(${[2, 3]}) AND (${[7, 8]})[1] = 7`, [
        { id: 2 }
      ])
      assert.deepStrictEqual(yield* sql`SELECT 1 AS b, ${"x"} AS a`.values, [[1, "x"]])
      const streamed = yield* Stream.runCollect(sql`SELECT n FROM generate_series(1, ${3}) AS n`.stream)
      assert.deepStrictEqual(streamed, [{ n: 1 }, { n: 2 }, { n: 3 }])
      assert.deepInclude(yield* sql`DELETE FROM helpers WHERE id = ${1}`.raw, { totalRows: 1 })
    })
  )

  it.effect("several statements are one transaction", () =>
    Effect.gen(function* () {
      const sql = yield* Client.SqlClient
      yield* sql`CREATE TABLE together (id int PRIMARY KEY)`
      const error = yield* Effect.flip(
        sql`INSERT INTO together VALUES (${1}); INSERT INTO together VALUES (${2}), (${2})`
      )
      assert.strictEqual(error.reason._tag, "UniqueViolation")
      assert.strictEqual("constraint" in error.reason && error.reason.constraint, "together_pkey")
      assert.isTrue(isCartoError(error.reason.cause))
      assert.deepStrictEqual(yield* sql`SELECT id FROM together`, [])
    })
  )

  it.effect("SqlSchema decodes rows and encodes requests", () =>
    Effect.gen(function* () {
      const sql = yield* Client.SqlClient
      yield* sql`CREATE TABLE events (id int8 PRIMARY KEY, at timestamptz NOT NULL)`
      const Event = Schema.Struct({ id: Column.Int8, at: Column.Timestamp })
      const add = SqlSchema.void({
        Request: Event,
        execute: (event) => sql`INSERT INTO events ${sql.insert(event)}`
      })
      const since = SqlSchema.findAll({
        Request: Column.Timestamp,
        Result: Event,
        execute: (at) => sql`SELECT id::text, at FROM events WHERE at >= ${at} ORDER BY id`
      })
      const byId = {
        Request: Column.Int8,
        Result: Event,
        execute: (id: string | number) => sql`SELECT id::text, at FROM events WHERE id = ${id}`
      }
      const large = 9223372036854775807n
      const at = DateTime.makeUnsafe("2020-02-03T10:11:12Z")
      yield* add({ id: 1n, at: DateTime.makeUnsafe("1999-01-01T00:00:00Z") })
      yield* add({ id: large, at })
      const recent = yield* since(DateTime.makeUnsafe("2000-01-01T00:00:00Z"))
      assert.deepStrictEqual(
        recent.map(({ id }) => id),
        [large]
      )
      const one = yield* SqlSchema.findOne(byId)(large)
      assert.strictEqual(DateTime.toEpochMillis(one.at), DateTime.toEpochMillis(at))
      assert.isTrue(Cause.isNoSuchElementError(yield* Effect.flip(SqlSchema.findOne(byId)(5n))))
      assert.isTrue(Option.isNone(yield* SqlSchema.findOneOption(byId)(5n)))
    })
  )

  it.effect("SqlResolver runs many requests as one statement", () =>
    Effect.gen(function* () {
      const sql = yield* Client.SqlClient
      yield* sql`CREATE TABLE words AS SELECT n AS id, 'word ' || n AS word FROM generate_series(1, 9) AS n`
      const Word = Schema.Struct({ id: Schema.Int, word: Schema.String })
      const statements: Array<ReadonlyArray<number>> = []
      const byId = SqlResolver.findById({
        Id: Schema.Int,
        Result: Word,
        ResultId: ({ id }) => id,
        execute: (ids) => {
          statements.push(ids)
          return sql<{ readonly id: number }>`SELECT * FROM words WHERE ${sql.in("id", ids)}`
        }
      })
      const found = yield* Effect.forEach([3, 1, 2], (id) => SqlResolver.request(id, byId), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(
        found.map(({ word }) => word),
        ["word 3", "word 1", "word 2"]
      )
      assert.deepStrictEqual(statements, [[3, 1, 2]])
    })
  )

  it.effect("a repository of SqlModel inserts, updates, finds and deletes", () =>
    Effect.gen(function* () {
      const sql = yield* Client.SqlClient
      yield* sql`CREATE TABLE places_of_model (id serial PRIMARY KEY, name text NOT NULL UNIQUE, opened timestamptz)`
      const places = yield* SqlModel.makeRepository(Place, {
        tableName: "places_of_model",
        spanPrefix: "Places",
        idColumn: "id"
      })
      const opened = DateTime.makeUnsafe("2020-02-03T10:11:12Z")
      const { id } = yield* places.insert(Place.insert.make({ name: "O'Hare", opened }))
      const place = yield* places.findById(id)
      assert.strictEqual(place.name, "O'Hare")
      assert.strictEqual(place.opened && DateTime.toEpochMillis(place.opened), DateTime.toEpochMillis(opened))
      const updated = yield* places.update(Place.update.make({ id, name: "Orly", opened: null }))
      assert.deepInclude(updated, { name: "Orly", opened: null })
      yield* places.delete(id)
      assert.isTrue(Cause.isNoSuchElementError(yield* Effect.flip(places.findById(id))))
    })
  )

  it.effect("a statement runs under the key in use and fails with what that key may not do", () =>
    Effect.gen(function* () {
      const sql = yield* Client.SqlClient
      yield* sql`CREATE TABLE secrets AS SELECT 1 AS a`
      const error = yield* Effect.flip(Auth.withApiKey(sql`SELECT a FROM secrets`, Redacted.make("default_public")))
      assert.strictEqual(error.reason._tag, "AuthorizationError")
      const syntax = yield* Effect.flip(sql`SELECT nme FROM secrets`)
      assert.strictEqual(syntax.reason._tag, "SqlSyntaxError")
    })
  )

  for (const setting of ["on", "off"]) {
    it.effect(`5000 hostile values come back equal with standard_conforming_strings ${setting}`, () =>
      Effect.gen(function* () {
        const sql = yield* Client.SqlClient
        yield* execute(`ALTER ROLE CURRENT_USER SET standard_conforming_strings = ${setting}`)
        assert.deepStrictEqual(yield* sql`SELECT current_setting('standard_conforming_strings') AS setting`, [
          { setting }
        ])
        yield* execute("DROP TABLE IF EXISTS hostile; CREATE TABLE hostile (id int, v text, j jsonb, a text[])")
        const random = randomFrom(setting === "on" ? 11 : 12)
        for (let first = 0; first < 5000; first += 500) {
          const rows = Array.from({ length: 500 }, (_, index) => ({ id: first + index, v: hostile(random) }))
          const [head, ...tail] = rows.map(({ id, v }) => ({
            id,
            v,
            j: SqlClient.json([v]),
            a: [v]
          }))
          assert.isDefined(head)
          yield* sql`INSERT INTO hostile ${sql.insert([head, ...tail])}`
          const hex = (column: string) => sql.literal(`encode(convert_to(${column}, 'UTF8'), 'hex')`)
          const found = yield* sql`SELECT id, ${hex("v")} AS v, ${hex("j->>0")} AS j, ${hex("a[1]")} AS a
            FROM hostile WHERE id >= ${first} ORDER BY id`
          assert.deepStrictEqual(
            found,
            rows.map(({ id, v }) => ({ id, v: bytes(v), j: bytes(v), a: bytes(v) }))
          )
        }
      })
    )

    it.effect(`a value adds no statement to any text, with standard_conforming_strings ${setting}`, () =>
      Effect.gen(function* () {
        const sql = yield* Client.SqlClient
        yield* execute(`ALTER ROLE CURRENT_USER SET standard_conforming_strings = ${setting}`)
        yield* execute("CREATE TABLE IF NOT EXISTS canary AS SELECT 0 AS hits")
        const random = randomFrom(setting === "on" ? 21 : 22)
        const some = (from: ReadonlyArray<string>, below: number) =>
          Array.from({ length: random(below) }, () => from[random(from.length)]).join("")
        let ran = 0
        for (let tries = 0; tries < 600; tries += 1) {
          const attack = `${some(closers, 2)}; UPDATE canary SET hits = hits + 1; --`
          yield* sql.unsafe(`SELECT ${some(openers, 3)}$1${some(openers, 2)}`, [attack]).pipe(
            Effect.tap(() => Effect.sync(() => (ran += 1))),
            Effect.ignore
          )
        }
        // most of these texts are not SQL at all; some must be, or nothing was tried
        assert.isAbove(ran, 50)
        assert.deepStrictEqual(yield* execute("SELECT hits FROM canary"), [{ hits: "0" }])
      })
    )
  }
})
