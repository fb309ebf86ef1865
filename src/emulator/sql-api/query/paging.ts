/** How `rows_per_page`, `page`, `order_by` and `sort_order` change a statement. */

/** The paging parameters of a request. */
export interface Paging {
  readonly limit?: number | undefined
  readonly offset?: number | undefined
  readonly orderBy?: string | undefined
  /** The direction, which should be text. */
  readonly sortOrder?: unknown
}

/** Removes the last semicolon and the white space after it. */
export const withoutTrailingSemicolon = (sql: string): string => sql.replace(/;\s*$/, "")

const isOrdered = ({ orderBy }: Paging): boolean => orderBy !== undefined && orderBy !== ""

/** Returns the error message of the real server's runtime for a direction that is not text; `undefined` for text. */
export const legacyErrorMessage = (paging: Paging): string | undefined => {
  const { sortOrder } = paging
  if (!isOrdered(paging) || sortOrder === undefined || typeof sortOrder === "string") return undefined
  return sortOrder === null ? "Cannot read property 'toUpperCase' of null" : "sortOrder.toUpperCase is not a function"
}

const orderClause = (paging: Paging): string => {
  if (!isOrdered(paging)) return ""
  const direction = String(paging.sortOrder).toUpperCase()
  return ` ORDER BY "${paging.orderBy}"` + (direction === "ASC" || direction === "DESC" ? ` ${direction}` : "")
}

const limitClause = ({ limit, offset }: Paging): string =>
  limit === undefined || offset === undefined ? "" : ` LIMIT ${limit} OFFSET ${offset}`

/**
 * Returns the end of the common table expressions in a text that begins with WITH. Comments and dollar quotes are not
 * recognized.
 */
const endOfExpressions = (sql: string): number | undefined => {
  let depth = 0
  let quote: string | undefined
  for (let at = 0; at < sql.length; at += 1) {
    const character = sql[at]
    if (quote !== undefined) {
      if (character !== quote) continue
      if (sql[at + 1] === quote) at += 1
      else quote = undefined
    } else if (character === "'" || character === '"') quote = character
    else if (character === "(") depth += 1
    else if (character === ")") {
      depth -= 1
      if (depth === 0 && sql[at + 1] !== ",") return at + 1
    }
  }
  return undefined
}

const select = /^\s*select\s/i
const into = /\sinto\s+(?:\S+|"(?:[^"]|"")*")\s*$/i

/**
 * Wraps a SELECT so that it is ordered and paged. Other statements run unchanged. Common table expressions stay
 * outside, because those that write must be at the top level. As on the real server, text after `--` in a line counts
 * as a comment, even in quotes.
 */
export const paged = (sql: string, paging: Paging): string => {
  const statement = withoutTrailingSemicolon(sql)
  const clauses = orderClause(paging) + limitClause(paging)
  if (clauses === "") return statement
  const plain = statement.replace(/--.*(?:\n|$)/g, " ")
  const end = /^\s*with\s/i.test(plain) ? endOfExpressions(plain) : 0
  const rest = plain.slice(end)
  return end !== undefined && select.test(rest) && !into.test(rest)
    ? `${plain.slice(0, end)}SELECT * FROM (${rest}) AS cdbq_1${clauses}`
    : plain
}
