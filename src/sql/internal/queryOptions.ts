/** The options of queries and exports, as parameters of the SQL API. */
import * as Result from "effect/Result"
import type { InvalidInput } from "../../errors/Call.ts"
import { refuse } from "../../errors/internal/invalidInput.ts"
import { compile } from "./compile.ts"
import type { Statement } from "../Statement.ts"
import { escapeName } from "./identifier.ts"
import { stripTrailingSemicolons } from "./statement/stripTrailingSemicolons.ts"

/**
 * Options of a result. Paging and ordering work on one SELECT statement; the server ignores them for others. It also cuts the
 * text of such a statement after `--`, even inside quotes. Values and identifiers are safe from this.
 */
export interface QueryOptions {
  /** The page of the result, from 0. Needs `rowsPerPage`. @default all rows */
  readonly page?: number | undefined
  /** The rows of a page. Needs `page`. @default all rows */
  readonly rowsPerPage?: number | undefined
  /** The exact name of the column to order by. @default the order of the statement */
  readonly orderBy?: string | undefined
  /** The direction of `orderBy`. @default "asc" */
  readonly sortOrder?: "asc" | "desc" | undefined
  /** The names of columns to leave out of rows and fields. @default [] */
  readonly skipFields?: ReadonlyArray<string> | undefined
  /** Asks caches in front of the server to keep the response for a year, whatever changes. @default not cached */
  readonly cachePolicy?: "persist" | undefined
}

/** A parameter of a request. */
export type Parameter = readonly [name: string, value: string]

type Parameters = Result.Result<ReadonlyArray<Parameter>, InvalidInput>

const natural = (field: string, value: unknown): Result.Result<string, InvalidInput> =>
  Number.isSafeInteger(value) && Number(value) >= 0
    ? Result.succeed(String(value))
    : refuse(field, value, "give a whole number, 0 or more")

const readPage = ({ page, rowsPerPage }: QueryOptions): Parameters => {
  if (page === undefined && rowsPerPage === undefined) return Result.succeed([])
  if (page === undefined) return refuse("page", page, "rowsPerPage needs the page, from 0")
  if (rowsPerPage === undefined) return refuse("rowsPerPage", rowsPerPage, "page needs the number of rows in a page")
  return Result.map(
    Result.all([natural("page", page), natural("rowsPerPage", rowsPerPage)]),
    ([number, size]): ReadonlyArray<Parameter> => [
      ["page", number],
      ["rows_per_page", size]
    ]
  )
}

const readOrder = ({ orderBy, sortOrder }: QueryOptions): Parameters => {
  if (orderBy === undefined) {
    return sortOrder === undefined
      ? Result.succeed([])
      : refuse("orderBy", orderBy, "sortOrder needs the column to order by")
  }
  // the server puts the name between double quotes as it is
  const column = escapeName(orderBy)
  if (Result.isFailure(column)) return refuse("orderBy", orderBy, column.failure)
  if (sortOrder !== undefined && sortOrder !== "asc" && sortOrder !== "desc") {
    return refuse("sortOrder", sortOrder, "give asc or desc")
  }
  return Result.succeed([
    ["order_by", column.success],
    ...(sortOrder === undefined ? [] : [["sort_order", sortOrder] as const])
  ])
}

const readSkipped = ({ skipFields = [] }: QueryOptions): Parameters => {
  if (!Array.isArray(skipFields)) return refuse("skipFields", skipFields, "give an array of the names of columns")
  return Result.all(
    skipFields.map((field: unknown, index): Result.Result<Parameter, InvalidInput> =>
      typeof field !== "string" || field === "" || field.includes(",")
        ? refuse(
            `skipFields[${index}]`,
            field,
            "give the name of one column, without a comma, which the server takes for the end of the name"
          )
        : Result.succeed(["skipfields", field])
    )
  )
}

const readCachePolicy = ({ cachePolicy }: QueryOptions): Parameters =>
  cachePolicy === undefined
    ? Result.succeed([])
    : cachePolicy === "persist"
      ? Result.succeed([["cache_policy", cachePolicy]])
      : refuse("cachePolicy", cachePolicy, "give persist, or leave it out")

/** The parameters of a query. A statement that the server puts in parentheses loses the semicolons and comments at its end. */
export const readQueryOptions = (statement: Statement, options: QueryOptions, isWrapped: boolean): Parameters =>
  Result.flatMap(compile(statement), (text) =>
    Result.map(
      Result.all([readPage(options), readOrder(options), readSkipped(options), readCachePolicy(options)]),
      ([page, order, skipped, cache]) => [
        ["q", isWrapped || page.length + order.length > 0 ? stripTrailingSemicolons(text) : text],
        ...page,
        ...order,
        ...skipped,
        ...cache
      ]
    )
  )
