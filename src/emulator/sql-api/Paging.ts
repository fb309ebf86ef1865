/** How `rows_per_page`, `page`, `order_by` and `sort_order` change a statement. */
import { splitSelect, withoutLineComments } from "./SqlText.ts"

export interface Paging {
  readonly limit?: number | undefined
  readonly offset?: number | undefined
  readonly orderBy?: string | undefined
  readonly sortOrder?: string | undefined
}

/** The text without its last semicolon and what blank follows it. */
export const withoutTrailingSemicolon = (sql: string): string => sql.replace(/;\s*$/, "")

const orderClause = ({ orderBy, sortOrder }: Paging): string => {
  if (orderBy === undefined || orderBy === "") return ""
  const direction = sortOrder?.toUpperCase()
  return ` ORDER BY "${orderBy}"` + (direction === "ASC" || direction === "DESC" ? ` ${direction}` : "")
}

const limitClause = ({ limit, offset }: Paging): string =>
  limit === undefined || offset === undefined ? "" : ` LIMIT ${limit} OFFSET ${offset}`

/**
 * Wraps a SELECT so that it is ordered and paged; every other statement runs as it is. Common table expressions stay
 * outside, since those that write must be at the top level.
 */
export const paged = (sql: string, paging: Paging): string => {
  const statement = withoutTrailingSemicolon(sql)
  const clauses = orderClause(paging) + limitClause(paging)
  if (clauses === "") return statement
  const plain = withoutLineComments(statement)
  const parts = splitSelect(plain)
  return parts === undefined ? plain : `${parts.with}SELECT * FROM (${parts.select}) AS cdbq_1${clauses}`
}
