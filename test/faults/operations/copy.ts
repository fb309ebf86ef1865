import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { CopySql, sql } from "../../../src/index.ts"
import { allOrNothing, expect, nothing, operation, type Operation } from "../Operation.ts"
import * as reasons from "../../errors/reasonLists.ts"
import { areNumbers, bounded } from "./sql.ts"

const sent = {
  ...reasons.statement,
  CopyLimitExceeded: true,
  NoRowsCopied: true,
  SourceFailed: true,
  OutcomeUnknown: true
} as const
const insert = sql`COPY events (id) FROM STDIN`
export const twoRows = (id: string): Stream.Stream<Uint8Array> =>
  Stream.make(`${id}\n`, `${id}\n`).pipe(Stream.encodeText)

const bothOrNothing = allOrNothing("rows", (world, id) => world.rows("events", id), 2)

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
  ...[false, true].map((gzip) =>
    operation(
      `CopySql.from${gzip ? ", compressed" : ""}`,
      { prepare: nothing },
      (_, id) => CopySql.use((copy) => copy.from(insert, twoRows(id), { gzip })),
      bothOrNothing
    )(sent)
  ),
  operation(
    "CopySql.progress",
    {
      prepare: nothing
    },
    (_, id) => CopySql.use((copy) => Stream.runLast(copy.progress(insert, twoRows(id)))),
    {
      ...bothOrNothing,
      done: (world, last, prepared, id) =>
        Effect.map(bothOrNothing.done(world, last, prepared, id), (problems) => [
          ...problems,
          ...expect("no result at the end", last._tag === "Some" && last.value.result?.rows === 2)
        ])
    }
  )(sent),
  operation(
    "CopySql.fromRows",
    {
      prepare: nothing
    },
    (_, id) => CopySql.use((copy) => copy.fromRows({ table: "events", columns: ["id"] }, Stream.make({ id }, { id }))),
    bothOrNothing
  )({ ...sent, RowMalformed: true })
]
