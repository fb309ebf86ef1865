/**
 * Results of any size over the query endpoint, page by page, each page beginning behind the last row of the one before:
 * where COPY cannot be used, as behind a proxy that does not let it through.
 */
import { isReadonlyArrayNonEmpty as isNonEmpty } from "effect/Array"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { CartoErrorOf, CartoErrorReason } from "../errors/CartoError.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { decodeRows } from "./internal/schema/decodeRows.ts"
import { invalidInput } from "../errors/internal/invalidInput.ts"
import { isStrings } from "../errors/internal/json.ts"
import { stripTrailingSemicolons } from "./internal/stripTrailingSemicolons.ts"
import { ResponseMalformed } from "../errors/Call.ts"
import { RowKeyNotUnique, RowKeyNull } from "../errors/Keyset.ts"
import type { RowMalformed } from "../errors/SqlApi.ts"
import { type QueryReason, type Row, Sql } from "./Sql.ts"
import { compile, sql, type Statement } from "./Statement.ts"

export { RowKeyNotUnique, RowKeyNull } from "../errors/Keyset.ts"

export type KeysetReason = QueryReason | RowKeyNotUnique | RowKeyNull

export interface KeysetOptions {
  /**
   * The column, or columns, by which rows are told apart: together unique and without NULL, such as `cartodb_id` or a
   * primary key. With an index on them each page is as quick as the first.
   */
  readonly by: string | readonly [string, ...ReadonlyArray<string>]
  readonly order?: "asc" | "desc" | undefined
  /** Rows in a page, of which one at a time is in memory: 1 to 100,000. Default 1,000. */
  readonly pageSize?: number | undefined
  /**
   * That a page may be asked for twice, when the answer was lost. Default `true`: what stands in parentheses cannot write but
   * by a function that does.
   */
  readonly idempotent?: boolean | undefined
  /** How long each page may take. Default: the layer's, or else 60 s. */
  readonly timeout?: Duration.Input | undefined
}

const operation = "Keyset.stream"
const largestPage = 100_000

/** Columns of ours, which no row that comes out has. */
const keyColumn = "effect-carto key"
const tieColumn = "effect-carto tie"

interface Page {
  readonly rows: ReadonlyArray<Row>
  /** The key of the last row, where there are more. */
  readonly last: Option.Option<ReadonlyArray<string>>
}

/** The keys as PostgreSQL writes them: exact whatever their type, unlike the numbers and dates of JSON. */
const readPage = (
  rows: ReadonlyArray<Row>,
  columns: ReadonlyArray<string>,
  pageSize: number
): Result.Result<Page, ResponseMalformed | RowKeyNotUnique | RowKeyNull> => {
  const page: Array<Row> = []
  let last: ReadonlyArray<string> = []
  for (const { [keyColumn]: key, [tieColumn]: isTie, ...row } of rows) {
    if (Array.isArray(key) && key.includes(null)) return Result.fail(new RowKeyNull({ columns }))
    if (!isStrings(key) || key.length !== columns.length) {
      return Result.fail(new ResponseMalformed({ status: 200, description: "a row has no key", body: "" }))
    }
    if (isTie === true) return Result.fail(new RowKeyNotUnique({ columns, key }))
    // one more than asked for says whether it has the key of the last, and that there are more
    if (page.length === pageSize) return Result.succeed({ rows: page, last: Option.some(last) })
    page.push(row)
    last = key
  }
  return Result.succeed({ rows: page, last: Option.none() })
}

const list = (parts: ReadonlyArray<Statement>): Statement => sql.join(parts, ", ")

/** What to ask for, of a statement that can stand in parentheses. */
const makeQueries = (text: string, columns: ReadonlyArray<string>, order: "asc" | "desc", pageSize: number) => {
  const source = sql`(${sql.unsafe(text)}) AS statement`
  const keys = columns.map((column) => sql.identifier("statement", column))
  const [direction, beyond] = order === "asc" ? [sql`ASC`, sql`>`] : [sql`DESC`, sql`<`]
  const sorted = list(keys.map((key) => sql`${key} ${direction}`))
  const isNull = sql.or(keys.map((key) => sql`${key} IS NULL`))
  return {
    nulls: sql`SELECT EXISTS (SELECT FROM ${source} WHERE ${isNull}) AS found`,
    page: (last: Option.Option<ReadonlyArray<string>>): Statement => sql`
      SELECT statement.*,
        ARRAY[${list(keys.map((key) => sql`${key}::text`))}] AS ${sql.identifier(keyColumn)},
        (${list(keys)}) = (${list(keys.map((key) => sql`lag(${key}) OVER neighbours`))}) AS ${sql.identifier(tieColumn)}
      FROM ${source}
      WHERE ${Option.match(last, {
        onNone: () => sql`TRUE`,
        onSome: (values) => sql`(${list(keys)}) ${beyond} (${sql.csv(values)})`
      })}
      WINDOW neighbours AS (ORDER BY ${sorted})
      ORDER BY ${sorted}
      LIMIT ${pageSize + 1}`
  }
}

const attempt = <A, Reason extends CartoErrorReason, R>(
  effect: Effect.Effect<A, Reason, R>
): Effect.Effect<A, CartoErrorOf<Reason>, R> => Effect.mapError(effect, (reason) => cartoError(operation, reason))

const pages = (
  statement: Statement,
  options: KeysetOptions
): Stream.Stream<ReadonlyArray<Row>, CartoErrorOf<KeysetReason>, Sql> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { by, idempotent = true, order = "asc", pageSize = 1000, timeout } = options
      const columns = typeof by === "string" ? [by] : [...by]
      if (columns.length === 0) return yield* attempt(Effect.fail(invalidInput("by", by, "name a column or more")))
      if (!(Number.isInteger(pageSize) && pageSize >= 1 && pageSize <= largestPage)) {
        return yield* attempt(
          Effect.fail(invalidInput("pageSize", pageSize, `give a whole number from 1 to ${largestPage}`))
        )
      }
      if (order !== "asc" && order !== "desc") {
        return yield* attempt(Effect.fail(invalidInput("order", order, "give asc or desc")))
      }
      const text = yield* attempt(Effect.fromResult(compile(statement)))
      const queries = makeQueries(stripTrailingSemicolons(text), columns, order, pageSize)
      const db = yield* Sql
      const ask = (query: Statement) =>
        Effect.mapError(db.query(query, { idempotent, timeout }), ({ reason }) => cartoError(operation, reason))
      const nulls = yield* ask(queries.nulls)
      if (nulls.rows[0]?.["found"] === true) return yield* attempt(Effect.fail(new RowKeyNull({ columns })))
      return Stream.paginate(Option.none<ReadonlyArray<string>>(), (last) =>
        Effect.gen(function* () {
          const { rows } = yield* ask(queries.page(last))
          const page = yield* attempt(Effect.fromResult(readPage(rows, columns, pageSize)))
          return [[page.rows], Option.map(page.last, Option.some)] as const
        })
      )
    })
  )

/**
 * The rows of a query in the order of a key, in bounded memory, over `Sql.query`, whose values they have: `int8` and
 * `numeric` are rounded to doubles and times are cut to seconds, so cast to `text` in SQL where that matters; the key itself
 * is exact whatever its type. A row that is there from the beginning to the end comes once; one that is inserted, deleted or
 * gets another key meanwhile may come or not. Fails with `RowKeyNull` and `RowKeyNotUnique` rather than lose rows.
 * Interrupting it cancels the statement. `POST /api/v2/sql`, once for each page.
 */
export function stream<A, R = never>(
  statement: Statement,
  options: KeysetOptions & { readonly schema: Schema.Decoder<A, R> }
): Stream.Stream<A, CartoErrorOf<KeysetReason | RowMalformed>, R | Sql>
export function stream(
  statement: Statement,
  options: KeysetOptions
): Stream.Stream<Row, CartoErrorOf<KeysetReason>, Sql>
export function stream(
  statement: Statement,
  options: KeysetOptions & { readonly schema?: Schema.Decoder<unknown, unknown> }
): Stream.Stream<unknown, CartoErrorOf<KeysetReason | RowMalformed>, unknown> {
  return Stream.suspend(() => {
    const { schema } = options
    let count = 0
    const decode = (
      rows: ReadonlyArray<Row>
    ): Effect.Effect<ReadonlyArray<unknown>, CartoErrorOf<RowMalformed>, unknown> => {
      const first = count
      count += rows.length
      return schema === undefined ? Effect.succeed(rows) : attempt(decodeRows(rows, schema, first))
    }
    return pages(statement, options).pipe(
      Stream.mapEffect(decode),
      Stream.filter(isNonEmpty),
      Stream.flattenArray,
      Stream.withSpan(operation)
    )
  })
}
