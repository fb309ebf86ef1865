/** Values go through a real PostgreSQL and come back equal, under both settings of `standard_conforming_strings`. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Emulator } from "../../src/emulator/index.ts"
import { Sql, sql } from "../../src/index.ts"
import { layerEmbedded } from "../support/embedded.ts"
import { hostile, randomFrom } from "../support/hostile.ts"

const total = 100_000
const perQuery = 2_500

layer(layerEmbedded(), { timeout: "60 seconds" })("PostgreSQL reads back", (it) => {
  for (const setting of ["on", "off"]) {
    it.effect(`${total / 2} hostile strings come back equal with standard_conforming_strings ${setting}`, () =>
      Effect.gen(function* () {
        const db = yield* Sql
        const emulator = yield* Emulator
        yield* emulator.execute("demo", `ALTER ROLE CURRENT_USER SET standard_conforming_strings = ${setting}`)
        yield* emulator.execute("demo", "CREATE TABLE IF NOT EXISTS canary AS SELECT 1 AS alive")
        const shown = yield* db.query(sql`SELECT current_setting('standard_conforming_strings') AS setting`)
        assert.deepStrictEqual(shown.rows, [{ setting }])
        const random = randomFrom(setting === "on" ? 1 : 2)
        for (let done = 0; done < total / 2; done += perQuery) {
          const values = Array.from({ length: perQuery }, () => hostile(random))
          const rows = sql.join(
            values.map((value, index) => sql`(${index}, ${value})`),
            ", "
          )
          const found = yield* db.query(sql`SELECT v FROM (VALUES ${rows}) AS given(i, v) ORDER BY i`)
          assert.deepStrictEqual(
            found.rows.map(({ v }) => v),
            values
          )
        }
        assert.deepStrictEqual((yield* db.query(sql`SELECT alive FROM canary`)).rows, [{ alive: 1 }])
      })
    )
  }

  it.effect("strings and names with -- come back whole from a server that pages", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      const emulator = yield* Emulator
      const random = randomFrom(3)
      const values = Array.from({ length: perQuery }, () => hostile(random) + hostile(random))
      const rows = sql.join(
        values.map((value, index) => sql`(${index},\n${value})`),
        ", "
      )
      const name = sql.identifier('a---"--\\b')
      const { rows: found } = yield* db.query(
        sql`SELECT v AS ${name} FROM (VALUES ${rows}) AS given(i, v) ORDER BY i`,
        {
          page: 0,
          rowsPerPage: perQuery
        }
      )
      assert.deepStrictEqual(
        found.map((row) => row['a---"--\\b']),
        values
      )
      yield* emulator.execute("demo", "CREATE TABLE IF NOT EXISTS canary AS SELECT 1 AS alive")
      const [first, second] = ["x--", " UNION SELECT alive::text FROM canary --"]
      const stolen = yield* db.query(
        sql`SELECT 'none' AS v FROM canary
          WHERE 'a' = ${first}
            AND 'b' = ${second}`,
        { orderBy: "v" }
      )
      assert.deepStrictEqual(stolen.rows, [])
    })
  )

  it.effect("a value of each type comes back equal", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
      const { rows } = yield* db.query(sql`SELECT
        ${1.5}::float8 AS number, -${-2} AS minus, ${-0}::text AS zero, ${Number.NaN} AS nan, ${-Infinity} AS infinity,
        ${5e-324}::float8 AS tiny, ${1.7976931348623157e308}::float8 AS huge,
        ${-9223372036854775808n}::text AS bigint, ${true} AS yes, ${null}::int AS nothing,
        ${new Date("2020-02-03T10:11:12.345Z")}::text AS date, ${new Date("-000043-03-15T00:00:00Z")}::text AS ides,
        ${bytes} = decode(${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}, 'hex') AS bytes,
        ${[1, 2, null]} AS list, ${["a'b", 'c"d', "e\\f", "{,}"]}::text[] AS texts, ${[
          [1, 2],
          [3, 4]
        ]} AS nested, ${[]}::int[] AS empty,
        ${sql.json({ "it's": ["\\", 1, null] })} AS json`)
      assert.deepStrictEqual(rows, [
        {
          number: 1.5,
          minus: 2,
          zero: "-0",
          nan: "NaN",
          infinity: "-Infinity",
          tiny: 5e-324,
          huge: 1.7976931348623157e308,
          bigint: "-9223372036854775808",
          yes: true,
          nothing: null,
          date: "2020-02-03 10:11:12.345+00",
          ides: "0044-03-15 00:00:00+00 BC",
          bytes: true,
          list: [1, 2, null],
          texts: ["a'b", 'c"d', "e\\f", "{,}"],
          nested: [
            [1, 2],
            [3, 4]
          ],
          empty: [],
          json: { "it's": ["\\", 1, null] }
        }
      ])
    })
  )

  it.effect("an array of strings or NULL has the type of what it is compared with or stored in", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      const uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
      yield* db.query(sql`CREATE TYPE mood AS ENUM ('sad', 'happy');
        CREATE TABLE arrays (u uuid, us uuid[], moods mood[], days date[], ns int[], grid int[], js jsonb[], ts text[])`)
      yield* db.query(
        sql`INSERT INTO arrays ${sql.insert([
          {
            u: uuid,
            us: [uuid],
            moods: ["happy", null],
            days: ["2020-02-03"],
            ns: [null],
            grid: [[], []],
            js: ['{"a": 1}'],
            ts: ["NULL", "", "a b", '"', "\\", "{}", ","]
          }
        ])}`
      )
      const { rows } = yield* db.query(sql`SELECT us::text, moods::text, days::text, ns::text, grid::text, js::text, ts
        FROM arrays WHERE u = ANY(${[uuid]}) AND us && ${[uuid]} AND moods @> ${["happy"]} AND NOT u = ALL(${[uuid, uuid.replace("6", "7")]})`)
      assert.deepStrictEqual(rows, [
        {
          us: `{${uuid}}`,
          moods: "{happy,NULL}",
          days: "{2020-02-03}",
          ns: "{NULL}",
          grid: "{}",
          js: '{"{\\"a\\": 1}"}',
          ts: ["NULL", "", "a b", '"', "\\", "{}", ","]
        }
      ])
    })
  )

  it.effect("a column can have a name of any characters", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      const random = randomFrom(3)
      const names = Array.from({ length: 300 }, () => `${hostile(random)}x`).filter(
        (name) => new TextEncoder().encode(name).length <= 63
      )
      for (const name of names) {
        const { fields } = yield* db.query(sql`SELECT 1 AS ${sql.identifier(name)}`)
        assert.deepStrictEqual(Object.keys(fields), [name])
      }
    })
  )
})
