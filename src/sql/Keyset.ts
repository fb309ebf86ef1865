/**
 * Results of any size over the query endpoint, page by page. Use it if COPY is not possible, for example behind a proxy that
 * does not pass it. Each page begins after the last row of the page before.
 *
 * @module
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { type InvalidInput, ResponseMalformed } from "../errors/Call.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { readDuration } from "../errors/internal/duration.ts"
import { refuse } from "../errors/internal/invalidInput.ts"
import { isStrings } from "../errors/internal/json.ts"
import { RowKeyNotUnique, RowKeyNull } from "../errors/Keyset.ts"
import type { Decoded, DecodeReason, DecodingServices, RowSchema } from "./internal/rowSchema.ts"
import { decodeRows } from "./internal/schema/decodeRows.ts"
import { stripTrailingSemicolons } from "./internal/statement/stripTrailingSemicolons.ts"
import { type QueryReason, type Row, Sql } from "./Sql.ts"
import { compile } from "./internal/compile.ts"
import { sql, type Statement } from "./Statement.ts"

export { RowKeyNotUnique, RowKeyNull } from "../errors/Keyset.ts"

/** The reasons {@link stream} fails with. */
export type KeysetReason = QueryReason | RowKeyNotUnique | RowKeyNull

/** Options of {@link stream}. */
export interface KeysetOptions {
  /**
   * The column, or columns, that identify a row. Together they are unique and without NULL, such as `cartodb_id` or a primary
   * key. With an index on them, each page is as fast as the first.
   */
  readonly by: string | readonly [string, ...ReadonlyArray<string>]
  /** The order of the rows. @default "asc" */
  readonly order?: "asc" | "desc" | undefined
  /** The rows of a page, from 1 to 100,000. One page is in memory at a time. @default 1000 */
  readonly pageSize?: number | undefined
  /**
   * Whether a page may be asked for again after a lost response. The query stands in parentheses, where only a function that
   * it calls can write.
   *
   * @default true
   */
  readonly idempotent?: boolean | undefined
  /** How long each page may take. @default the timeout of the account's layer, or else 60 seconds */
  readonly timeout?: Duration.Input | undefined
}

const operation = "Keyset.stream"
const largestPage = 100_000

/** Columns that the pages have for this module. They are not part of the rows. */
const keyColumn = "effect-carto key"
const tieColumn = "effect-carto tie"

interface Page {
  readonly rows: ReadonlyArray<Row>
  /** The key of the last row, if more rows follow. */
  readonly last: Option.Option<ReadonlyArray<string>>
}

/** Reads a page. Keys are text as PostgreSQL writes it: exact for any type, unlike the numbers and dates of JSON. */
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
    // the row after the page shows that more rows follow, and whether its key is that of the last row
    if (page.length === pageSize) return Result.succeed({ rows: page, last: Option.some(last) })
    page.push(row)
    last = key
  }
  return Result.succeed({ rows: page, last: Option.none() })
}

const list = (parts: ReadonlyArray<Statement>): Statement => sql.join(parts, ", ")

/** The queries for a statement that stands in parentheses. */
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

/** Options that have been checked. */
interface Paging {
  readonly columns: ReadonlyArray<string>
  readonly pageSize: number
  readonly queries: ReturnType<typeof makeQueries>
  readonly request: { readonly idempotent: boolean; readonly timeout?: Duration.Input | undefined }
}

const readPaging = (
  statement: Statement,
  options: Partial<KeysetOptions> | undefined
): Result.Result<Paging, InvalidInput> =>
  Result.gen(function* () {
    const { by, idempotent = true, order = "asc", pageSize = 1000, timeout } = options ?? {}
    const columns = typeof by === "string" ? [by] : by
    if (!isStrings(columns) || columns.length === 0) {
      return yield* refuse("by", by, "give the name of a column, or an array of names")
    }
    if (!(Number.isInteger(pageSize) && pageSize >= 1 && pageSize <= largestPage)) {
      return yield* refuse("pageSize", pageSize, `give a whole number from 1 to ${largestPage}`)
    }
    if (order !== "asc" && order !== "desc") return yield* refuse("order", order, "give asc or desc")
    if (timeout !== undefined) yield* readDuration("timeout", timeout, { positive: true, infinite: true })
    const text = stripTrailingSemicolons(yield* compile(statement))
    const queries = makeQueries(text, columns, order, pageSize)
    // a name that cannot be one
    yield* compile(queries.nulls)
    return { columns, pageSize, queries, request: { idempotent, timeout } }
  })

const pages = (
  statement: Statement,
  options: KeysetOptions
): Stream.Stream<ReadonlyArray<Row>, KeysetReason | ResponseMalformed, Sql> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { columns, pageSize, queries, request } = yield* Effect.fromResult(readPaging(statement, options))
      const db = yield* Sql
      const ask = (query: Statement) => Effect.mapError(db.query(query, request), ({ reason }) => reason)
      const nulls = yield* ask(queries.nulls)
      if (nulls.rows[0]?.["found"] === true) return yield* Effect.fail(new RowKeyNull({ columns }))
      return Stream.paginate(Option.none<ReadonlyArray<string>>(), (last) =>
        Effect.gen(function* () {
          const { rows } = yield* ask(queries.page(last))
          const page = yield* Effect.fromResult(readPage(rows, columns, pageSize))
          return [[page.rows], Option.map(page.last, Option.some)] as const
        })
      )
    })
  )

/**
 * Streams the rows of a query in the order of a key, in bounded memory. `POST /api/v2/sql`, once for each page.
 *
 * Values are those of `Sql.query`: `int8` and `numeric` are rounded to doubles, and times are cut to seconds. Cast to `text`
 * in SQL if that matters. The key itself is exact for any type. A row that exists during the whole stream comes once. A row
 * that is inserted, deleted or gets another key in the meantime may come or not.
 *
 * Fails with `RowKeyNull` and `RowKeyNotUnique` before a row is lost. Interrupting the stream cancels the statement of the
 * current page.
 */
export const stream = <S extends RowSchema = undefined>(
  statement: Statement,
  options: KeysetOptions & { readonly schema?: S }
): Stream.Stream<Decoded<S>, CartoErrorOf<DecodeReason<S> | KeysetReason>, DecodingServices<S> | Sql> =>
  Stream.suspend(() => {
    let count = 0
    const decode = (rows: ReadonlyArray<Row>) => {
      const before = count
      count += rows.length
      return decodeRows(rows, options?.schema, before)
    }
    return pages(statement, options).pipe(
      Stream.mapEffect(decode),
      Stream.filter((rows): rows is NonEmptyReadonlyArray<Decoded<S>> => rows.length > 0),
      Stream.flattenArray,
      Stream.mapError((reason) => cartoError(operation, reason)),
      Stream.withSpan(operation)
    )
  })
