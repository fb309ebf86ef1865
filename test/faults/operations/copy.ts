import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { CopySql, sql } from "../../../src/index.ts"
import { expect, nothing, operation, type Operation, times } from "../Operation.ts"
import type { World } from "../World.ts"
import * as reasons from "./reasons.ts"
import { areNumbers, bounded } from "./sql.ts"

const sent = { ...reasons.statement, CopyLimitExceeded: true, NoRowsCopied: true, OutcomeUnknown: true } as const
const insert = sql`COPY events (id) FROM STDIN`
const twoRows = (id: string): Stream.Stream<Uint8Array> => Stream.make(`${id}\n`, `${id}\n`).pipe(Stream.encodeText)

const kept = (world: World["Service"], id: string) => times("rows", world.rows("events", id), [2])
const notKept = (world: World["Service"], mayBeDone: boolean, id: string) =>
  times("rows", world.rows("events", id), mayBeDone ? [0, 2] : [0])

export const copy: ReadonlyArray<Operation> = [
  operation(
    "CopySql.to",
    { isStream: true, prepare: nothing },
    () => CopySql.use((copy) => bounded(copy.to(sql`COPY (SELECT n, name FROM numbers ORDER BY n) TO STDOUT`))),
    {
      done: (_, text) =>
        Effect.succeed(
          areNumbers(
            text
              .split("\n")
              .slice(0, -1)
              .map((line) => line.split("\t"))
              .map(([n, name]) => ({ n: Number(n), name }))
          )
        )
    }
  )({ ...reasons.statement, CopyTruncated: true }),
  operation(
    "CopySql.toRows",
    { isStream: true, at: ({ target }) => target.includes("/copyto"), prepare: nothing },
    () =>
      CopySql.use((copy) =>
        copy.toRows(sql`SELECT n, name FROM numbers ORDER BY n`).pipe(Stream.take(100_000), Stream.runCollect)
      ),
    {
      done: (_, rows) => Effect.succeed(areNumbers(rows))
    }
  )({ ...reasons.read, CopyTruncated: true }),
  operation(
    "CopySql.from",
    {
      prepare: nothing
    },
    (_, id) => CopySql.use((copy) => copy.from(insert, twoRows(id))),
    {
      done: (world, _, __, id) => kept(world, id),
      notDone: (world, mayBeDone, _, id) => notKept(world, mayBeDone, id)
    }
  )(sent),
  operation(
    "CopySql.from, compressed",
    {
      prepare: nothing
    },
    (_, id) => CopySql.use((copy) => copy.from(insert, twoRows(id), { gzip: true })),
    {
      done: (world, _, __, id) => kept(world, id),
      notDone: (world, mayBeDone, _, id) => notKept(world, mayBeDone, id)
    }
  )(sent),
  operation(
    "CopySql.progress",
    {
      prepare: nothing
    },
    (_, id) => CopySql.use((copy) => Stream.runLast(copy.progress(insert, twoRows(id)))),
    {
      done: (world, last, _, id) =>
        Effect.map(kept(world, id), (problems) => [
          ...problems,
          ...expect("no result at the end", last._tag === "Some" && last.value.result?.rows === 2)
        ]),
      notDone: (world, mayBeDone, _, id) => notKept(world, mayBeDone, id)
    }
  )(sent),
  operation(
    "CopySql.fromRows",
    {
      prepare: nothing
    },
    (_, id) => CopySql.use((copy) => copy.fromRows({ table: "events", columns: ["id"] }, Stream.make({ id }, { id }))),
    {
      done: (world, _, __, id) => kept(world, id),
      notDone: (world, mayBeDone, _, id) => notKept(world, mayBeDone, id)
    }
  )({ ...sent, RowMalformed: true })
]
