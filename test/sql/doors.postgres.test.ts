/** A value is stored the same by a literal of `sql` and by a row of COPY, in a column of any type. */
import { assert, layer } from "@effect/vitest"
import { DateTime, Effect, Exit, Redacted, Stream } from "effect"
import { CopySql, Sql, sql } from "../../src/index.ts"
import { layerEmbedded } from "../support/embedded.ts"
import { hostile, randomFrom } from "../support/hostile.ts"

type Random = ReturnType<typeof randomFrom>

const text = (random: Random): string => hostile(random).replaceAll("\0", "").toWellFormed()
const number = (random: Random): number => {
  const size = 10 ** (random(40) - 20)
  return [0, -0, 1.5, size, -size, 5e-324, 1.7976931348623157e308, random(1_000_000) / 7, 2 ** 53][random(9)] ?? 0
}
const integer = (random: Random): number => random(2 ** 31) - 2 ** 30
const date = (random: Random): Date =>
  new Date(
    [0, 1, -1, 62_135_596_800_000, 253_402_300_800_000, random(2 ** 31) * 1000, -random(2 ** 31) * 40_000][random(7)] ??
      0
  )
const bytes = (random: Random): Uint8Array => Uint8Array.from({ length: random(9) }, () => random(256))
const json = (random: Random): unknown => ({
  a: [number(random), text(random).toWellFormed(), null, true],
  [text(random)]: {}
})
const list =
  <A>(make: (random: Random) => A) =>
  (random: Random): ReadonlyArray<A | null> =>
    Array.from({ length: 1 + random(4) }, () => (random(5) === 0 ? null : make(random)))

/** The type of a column, and values for it. */
const columns: ReadonlyArray<readonly [type: string, make: (random: Random) => unknown]> = [
  ["text", text],
  ["text", number],
  ["text", integer],
  ["text", date],
  ["text", bytes],
  ["text", (random) => random(2) === 0],
  ["text", (random) => BigInt(integer(random)) ** 5n],
  ["text", (random) => DateTime.fromDateUnsafe(date(random))],
  ["varchar(200)", text],
  ["int4", integer],
  ["int8", integer],
  ["int8", (random) => BigInt(integer(random)) * 4_294_967_296n],
  ["numeric", number],
  ["numeric", (random) => BigInt(integer(random)) ** 9n],
  ["float8", number],
  ["float8", (random) => [Number.NaN, Infinity, -Infinity][random(3)]],
  ["float4", integer],
  ["boolean", (random) => random(2) === 0],
  ["timestamptz", date],
  ["timestamp", date],
  ["date", date],
  ["time", date],
  ["bytea", bytes],
  ["jsonb", json],
  ["text[]", list(text)],
  ["text[]", list(integer)],
  ["text[]", list((random) => random(2) === 0)],
  ["text[]", list(date)],
  ["int4[]", list(integer)],
  ["numeric[]", list(number)],
  ["float8[]", list(number)],
  ["timestamptz[]", list(date)],
  ["date[]", list(date)],
  ["bytea[]", list(bytes)],
  ["boolean[]", list((random) => random(2) === 0)],
  ["int4[]", (random) => [[integer(random)], [integer(random)]]],
  ["text[]", (random) => [[text(random)], [text(random)]]]
]

const names = columns.map((_, index) => `c${index}`)
const isRecord = (value: unknown): boolean => Object.prototype.toString.call(value) === "[object Object]"
const rounds = 60

layer(layerEmbedded(), { timeout: "60 seconds" })("both doors", (it) => {
  it.effect(
    "random values of every type are stored the same by sql.insert and by CopySql.fromRows",
    () =>
      Effect.gen(function* () {
        const db = yield* Sql
        const copy = yield* CopySql
        const definition = columns.map(([type], index) => `c${index} ${type}`).join(", ")
        yield* db.query(
          sql.unsafe(`CREATE TABLE by_sql (n int, ${definition}); CREATE TABLE by_copy (n int, ${definition})`)
        )
        const random = randomFrom(13)
        const rows = Array.from({ length: rounds }, (_, n) =>
          Object.fromEntries([["n", n], ...columns.map(([, make], index) => [names[index], make(random)])])
        )
        const literals = rows.map((row) =>
          Object.fromEntries(
            Object.entries(row).map(([name, value]) => [
              name,
              isRecord(value) && !DateTime.isDateTime(value) ? sql.json(value) : (value as string)
            ])
          )
        )
        yield* db.query(sql`INSERT INTO by_sql ${sql.insert(literals)}`)
        yield* copy.fromRows({ table: "by_copy", columns: ["n", ...names] }, Stream.fromIterable(rows))
        for (const [index, name] of names.entries()) {
          const column = sql.identifier(name)
          const { rows: different } = yield* db.query(sql`
            SELECT n, a.${column}::text AS by_sql, b.${column}::text AS by_copy FROM by_sql a JOIN by_copy b USING (n)
            WHERE a.${column}::text IS DISTINCT FROM b.${column}::text`)
          assert.deepStrictEqual(different, [], `${columns[index]?.[0]} of ${columns[index]?.[1].name}`)
        }
      }),
    60_000
  )

  const refused: ReadonlyArray<readonly [what: string, value: unknown]> = [
    ["undefined", undefined],
    ["a secret", Redacted.make("s")],
    ["a secret in an array", [Redacted.make("s")]],
    ["an ArrayBuffer", new ArrayBuffer(2)],
    ["a view of other numbers than bytes", new Float32Array(1)],
    ["a Map", new Map([[1, 2]])],
    ["a Set", new Set([1])],
    ["an invalid date", new Date(Number.NaN)],
    ["NUL", "a\0b"],
    ["half of a surrogate pair", "\ud800"],
    ["a function", () => 1],
    ["a symbol", Symbol("a")],
    ["an array with a hole", Object.assign([], { length: 1 })],
    ["an array that throws", new Proxy([], { get: () => assert.fail("read") })]
  ]
  for (const [what, value] of refused) {
    it.effect(`${what} is refused by sql and by CopySql.fromRows before any row is stored`, () =>
      Effect.gen(function* () {
        const db = yield* Sql
        const copy = yield* CopySql
        const bySql = yield* Effect.flip(db.query(sql`SELECT ${value as never}`))
        assert.strictEqual(bySql.reason._tag, "InvalidInput")
        const byCopy = yield* Effect.exit(copy.fromRows({ table: "t", columns: ["a"] }, Stream.make({ a: value })))
        assert.isTrue(Exit.isFailure(byCopy))
        assert.include(String(Exit.isFailure(byCopy) ? byCopy.cause : ""), "RowMalformed")
      })
    )
  }

  const unfit: ReadonlyArray<readonly [what: string, value: unknown]> = [
    ["a secret", { a: Redacted.make("s") }],
    ["a bigint", { a: 1n }],
    ["NaN", { a: Number.NaN }],
    ["a Map", { a: new Map([[1, 2]]) }],
    ["bytes", { a: new Uint8Array(1) }],
    ["a cycle", ((cycle: Record<string, unknown>) => Object.assign(cycle, { cycle }))({})]
  ]
  for (const [what, value] of unfit) {
    it.effect(`JSON with ${what} is refused by sql.json and by CopySql.fromRows`, () =>
      Effect.gen(function* () {
        const db = yield* Sql
        const copy = yield* CopySql
        assert.strictEqual((yield* Effect.flip(db.query(sql`SELECT ${sql.json(value)}`))).reason._tag, "InvalidInput")
        const byCopy = yield* Effect.exit(copy.fromRows({ table: "t", columns: ["a"] }, Stream.make({ a: value })))
        assert.include(String(Exit.isFailure(byCopy) ? byCopy.cause : ""), "RowMalformed")
      })
    )
  }
})
