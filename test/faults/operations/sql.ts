import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { GeoJson, Sql, sql } from "../../../src/index.ts"
import type { Incoming } from "../Http.ts"
import { allOrNothing, expect, nothing, operation, type Operation } from "../Operation.ts"
import * as reasons from "../../errors/reasonLists.ts"

const numbers = sql`SELECT n, name FROM numbers ORDER BY n`

/** What tells each row of `numbers` from what it is not. */
const isNumber = (row: unknown, index: number): boolean =>
  typeof row === "object" &&
  row !== null &&
  "n" in row &&
  "name" in row &&
  row.n === index + 1 &&
  row.name === `number ${index + 1} ☃`

export const areNumbers = (rows: ReadonlyArray<unknown>): ReadonlyArray<string> =>
  expect(`not the rows that are there, but ${rows.length}`, rows.length === 40 && rows.every(isNumber))

/** A stream that a hostile server never ends: whoever takes it decides how much of it. */
export const bounded = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Effect.Effect<string, E, R> =>
  Effect.suspend(() => {
    let taken = 0
    return bytes.pipe(
      Stream.takeWhile((chunk) => (taken += chunk.length) < 16 << 20),
      Stream.decodeText,
      Stream.mkString
    )
  })

export const sqlOperations: ReadonlyArray<Operation> = [
  operation(
    "Sql.query",
    {
      prepare: nothing
    },
    () => Sql.use((db) => db.query(numbers, { cacheable: true })),
    {
      done: (_, { rows }) => Effect.succeed(areNumbers(rows))
    }
  )(reasons.query),
  operation(
    "Sql.query, a write",
    {
      prepare: nothing
    },
    (_, id) => Sql.use((db) => db.query(sql`INSERT INTO events VALUES (${id})`)),
    allOrNothing("rows", (world, id) => world.rows("events", id))
  )(reasons.query),
  operation(
    "Sql.query, an idempotent write",
    { isIdempotent: true, prepare: nothing },
    (_, id) =>
      Sql.use((db) => db.query(sql`INSERT INTO once VALUES (${id}) ON CONFLICT DO NOTHING`, { idempotent: true })),
    allOrNothing("rows", (world, id) => world.rows("once", id))
  )(reasons.query),
  ...(
    [
      ["", ({ target }: Incoming) => target.includes("/copyto")],
      [", its first request", () => true]
    ] as const
  ).map(([part, at]) =>
    operation(
      `Sql.stream${part}`,
      { isStream: true, at, prepare: nothing },
      () =>
        Stream.unwrap(Sql.use((db) => Effect.succeed(db.stream(numbers)))).pipe(
          Stream.take(100_000),
          Stream.runCollect
        ),
      {
        done: (_, rows) => Effect.succeed(areNumbers(rows))
      }
    )({ ...reasons.read, CopyTruncated: true })
  ),
  operation(
    "Sql.export",
    { isStream: true, prepare: nothing },
    () =>
      Effect.flatMap(
        Sql.use((db) => db.export(numbers, { format: "csv" })),
        ({ bytes }) => bounded(bytes)
      ),
    {
      done: (_, text) => Effect.succeed(expect(`${text.length} characters`, text.split("\r\n").length === 42))
    }
  )({ ...reasons.read, InvalidFormat: true }),
  operation(
    "GeoJson.query",
    {
      prepare: nothing
    },
    () => GeoJson.query(sql`SELECT '{"type":"Point","coordinates":[1,2]}'::text AS the_geom, n FROM numbers`),
    {
      done: (_, { features }) => Effect.succeed(expect(`${features.length} features`, features.length === 40))
    }
  )({ ...reasons.read, InvalidFormat: true })
]
