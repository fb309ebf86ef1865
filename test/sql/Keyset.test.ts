import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Exit, Fiber, Schema, Stream } from "effect"
import { type CartoError, Sql, sql, type Statement } from "../../src/index.ts"
import * as Keyset from "../../src/sql/Keyset.ts"
import { layerEmbedded } from "../support/embedded.ts"
import { hostile, randomFrom } from "../support/hostile.ts"
import { json, provideScript, scriptedFetch } from "../support/scriptedFetch.ts"

const run = (statement: Statement, options: Keyset.KeysetOptions) =>
  Stream.runCollect(Keyset.stream(statement, options))

const failure = (statement: Statement, options: Keyset.KeysetOptions) =>
  Effect.map(Effect.flip(run(statement, options)), (error: CartoError) => error)

const numbers = Array.from({ length: 23 }, (_, index) => index)

/** Keys of a type that the JSON of a query would change, or that are hard to write; in order, but not in that of their text. */
const keys: Readonly<Record<string, Statement>> = {
  "int8 above 2^53": sql`9007199254740990 + i`,
  "int8 at its ends": sql`CASE WHEN i < 11 THEN -9223372036854775808 + i ELSE 9223372036854775807 - 22 + i END`,
  numeric: sql`1000000000000000000000.000000000001::numeric + i / 1000000000000::numeric`,
  float8: sql`1 + i::float8 / 4503599627370496`,
  timestamp: sql`'2026-01-01'::timestamp + i * interval '1 microsecond'`,
  timestamptz: sql`'2026-01-01+00'::timestamptz + i * interval '1 microsecond'`,
  "date before Christ": sql`'0044-03-15 BC'::date + i`,
  uuid: sql`('00000000-0000-4000-8000-0000000000' || lpad(to_hex(i), 2, '0'))::uuid`,
  bytea: sql`decode(lpad(to_hex(i), 2, '0'), 'hex')`,
  interval: sql`i * interval '1 microsecond'`,
  jsonb: sql`to_jsonb(i)`,
  "an array": sql`ARRAY[i, NULL]`,
  inet: sql`'10.0.0.0'::inet + i`
}

layer(layerEmbedded(), { timeout: "60 seconds" })("Keyset.stream on PostgreSQL", (it) => {
  for (const [name, key] of Object.entries(keys)) {
    it.effect(`Keyset.stream by ${name} has each row once, in order`, () =>
      Effect.gen(function* () {
        const statement = sql`SELECT i, ${key} AS "the ""key" FROM generate_series(0, 22) AS i ORDER BY random(); -- all`
        for (const [pageSize, order] of [
          [6, "asc"],
          [11, "desc"]
        ] as const) {
          const rows = yield* run(statement, { by: 'the "key', pageSize, order })
          assert.deepStrictEqual(
            rows.map(({ i }) => i),
            order === "asc" ? numbers : numbers.toReversed()
          )
          assert.deepStrictEqual(Object.keys(rows[0] ?? {}), ["i", 'the "key'])
        }
      })
    )
  }
  it.effect("Keyset.stream orders by hostile text and a second column", () =>
    Effect.gen(function* () {
      const random = randomFrom(5)
      const texts = [...new Set(Array.from({ length: 60 }, () => hostile(random)))]
      const statement = sql`SELECT n, t FROM unnest(${texts}::text[]) AS t, generate_series(1, 3) AS n`
      const db = yield* Sql
      const all = (yield* db.query(sql`SELECT n, t FROM (${statement}) AS s ORDER BY t, n`)).rows
      for (const pageSize of [4, 100]) assert.deepStrictEqual(yield* run(statement, { by: ["t", "n"], pageSize }), all)
    })
  )
  it.effect("Keyset.stream has all rows in pages of one row and in one page", () =>
    Effect.gen(function* () {
      const statement = sql`SELECT i AS id FROM generate_series(1, 5) AS i`
      for (const pageSize of [1, 4, 5, 6]) {
        assert.deepStrictEqual(
          (yield* run(statement, { by: "id", pageSize })).map(({ id }) => id),
          [1, 2, 3, 4, 5]
        )
      }
    })
  )
  it.effect("Keyset.stream of a result without rows is empty", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* run(sql`SELECT 1 AS id WHERE false`, { by: "id" }), [])
    })
  )
  it.effect("Keyset.stream has each lasting row once while others change", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      yield* db.query(sql`CREATE TABLE busy AS SELECT i::int8 * 10 AS id FROM generate_series(1, 50) AS i`)
      const seen = yield* Keyset.stream(sql`SELECT id FROM busy`, { by: "id", pageSize: 5 }).pipe(
        Stream.mapEffect(({ id }) =>
          // behind the last row, that row itself, and before the next
          Number(id) % 50 === 0
            ? Effect.as(
                db.query(sql`DELETE FROM busy WHERE id IN (${Number(id)}, ${Number(id) - 10}, ${Number(id) + 20});
                  INSERT INTO busy VALUES (${Number(id) - 5}), (${Number(id) - 1})`),
                Number(id)
              )
            : Effect.succeed(Number(id))
        ),
        Stream.runCollect
      )
      assert.deepStrictEqual(
        seen,
        [...new Set(seen)].toSorted((a, b) => a - b)
      )
      assert.isTrue(seen.every((id) => id % 10 === 0))
      const untouched = Array.from({ length: 50 }, (_, index) => (index + 1) * 10).filter((id) => id % 50 !== 20)
      assert.deepStrictEqual(
        seen.filter((id) => id % 50 !== 20),
        untouched
      )
      assert.isBelow(seen.length, 50)
    })
  )
  it.effect("interrupting Keyset.stream cancels its statement", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(run(sql`SELECT 1 AS id FROM pg_sleep(1000)`, { by: "id" }))
      for (let turn = 0; turn < 10; turn += 1) yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(yield* run(sql`SELECT 1 AS id; `, { by: "id" }), [{ id: 1 }])
    })
  )
  it.effect("Keyset.stream decodes by a schema and fails with the number of the row that does not fit", () =>
    Effect.gen(function* () {
      const schema = Schema.Struct({ id: Schema.Number, name: Schema.NonEmptyString })
      const statement = sql`SELECT i AS id, repeat('x', 8 - i) AS name FROM generate_series(1, 8) AS i`
      const error: CartoError = yield* Effect.flip(
        Stream.runCollect(Keyset.stream(statement, { by: "id", pageSize: 3, schema }))
      )
      assert.strictEqual(error.operation, "Keyset.stream")
      assert.strictEqual(error.reason._tag === "RowMalformed" && error.reason.row, 8)
      const first = yield* Stream.runCollect(
        Stream.take(Keyset.stream(statement, { by: "id", pageSize: 3, schema }), 4)
      )
      assert.deepStrictEqual(first.at(-1), { id: 4, name: "xxxx" })
    })
  )
  it.effect("Keyset.stream refuses NULL in a key before the first row", () =>
    Effect.gen(function* () {
      const statement = sql`SELECT i AS a, nullif(i, 9) AS b FROM generate_series(1, 9) AS i`
      for (const by of ["b", ["a", "b"], ["b", "a"]] as const) {
        const error = yield* failure(statement, { by, pageSize: 2 })
        assert.strictEqual(error.reason._tag, "RowKeyNull")
        assert.include(error.message, '"b"')
      }
    })
  )
  it.effect("Keyset.stream refuses a key that two rows have, on one page or on two", () =>
    Effect.gen(function* () {
      const statement = sql`SELECT k FROM (VALUES (0.5), (1.0), (1.00), (2)) AS t (k)`
      for (const pageSize of [1, 2, 3, 10]) {
        const error = yield* failure(statement, { by: "k", pageSize })
        assert.strictEqual(error.reason._tag, "RowKeyNotUnique")
      }
    })
  )
  it.effect("Keyset.stream fails as a query does", () =>
    Effect.gen(function* () {
      for (const [statement, tag] of [
        [sql`SELECT * FROM nothing_there`, "UndefinedTable"],
        [sql`SELECT 1 AS a`, "UndefinedColumn"],
        [sql`DELETE FROM tornadoes RETURNING 1 AS id`, "SqlSyntax"],
        [sql`SELECT 1 AS id; SELECT 2 AS id`, "SqlSyntax"],
        [sql`SELECT i AS id, 1 / (5 - i) AS x FROM generate_series(1, 9) AS i`, "PartialResult"]
      ] as const) {
        assert.strictEqual((yield* failure(statement, { by: "id", pageSize: 20 })).reason._tag, tag)
      }
    })
  )
})

describe("options of Keyset.stream", () => {
  const script = scriptedFetch(new Error("asked"))
  for (const [field, options] of [
    ["by", { by: [] }],
    ["pageSize", { by: "id", pageSize: 0 }],
    ["pageSize", { by: "id", pageSize: 1.5 }],
    ["pageSize", { by: "id", pageSize: 1_000_000 }],
    ["order", { by: "id", order: "up" }],
    ["identifier", { by: "" }]
  ] as const) {
    it.effect(`Keyset.stream refuses ${JSON.stringify(options)} before any request`, () =>
      Effect.gen(function* () {
        const { reason } = yield* failure(sql`SELECT 1 AS id`, options as never)
        assert.strictEqual("field" in reason && reason.field, field)
        assert.strictEqual(script.asked.length, 0)
      }).pipe(provideScript(script))
    )
  }
})

describe("pages of Keyset.stream", () => {
  const answer = (rows: ReadonlyArray<unknown>) => ({ rows, fields: {}, time: 0, total_rows: rows.length })
  it.effect("Keyset.stream asks for a page when its rows are needed", () => {
    const script = scriptedFetch(
      json(answer([{ found: false }])),
      json(answer([1, 2, 3].map((id) => ({ id, "effect-carto key": [String(id)], "effect-carto tie": null }))))
    )
    return Effect.gen(function* () {
      const rows = Keyset.stream(sql`SELECT id FROM t`, { by: "id", pageSize: 2 })
      const seen = yield* Stream.runCollect(Stream.take(rows, 2))
      assert.deepStrictEqual(seen, [{ id: 1 }, { id: 2 }])
      assert.strictEqual(script.asked.length, 2)
    }).pipe(provideScript(script))
  })
  it.effect("Keyset.stream fails if a page has no key", () =>
    Effect.gen(function* () {
      const { reason } = yield* failure(sql`SELECT id FROM t`, { by: "id" })
      assert.strictEqual(reason._tag, "ResponseMalformed")
    }).pipe(provideScript(scriptedFetch(json(answer([{ found: false }])), json(answer([{ id: 3 }])))))
  )
})
