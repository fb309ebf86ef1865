/** COPY, as the query that has its accesses. */
import { beyond, type Beyond, type StatementKind } from "./kind.ts"
import type { Token } from "./sqlTokens.ts"
import { afterParentheses, indexOfWord, isSign, isWord, outermost, readName, textOf } from "./tokenReader.ts"

const fileRemedy = "only the server's own roles may; use STDIN or STDOUT"

/** A file or a program of the server. */
const filesOf = (found: ReadonlyArray<Token>, direction: number): ReadonlyArray<Beyond> => {
  const isFile = found[direction + 1]?.kind === "string" || isWord(found[direction + 1], "program")
  return isFile ? [beyond("COPY with a file or a program of the server", fileRemedy)] : []
}

export const copyKind = (sql: string, found: ReadonlyArray<Token>): StatementKind => {
  const from = isWord(found[1], "binary") ? 2 : 1
  if (isSign(found[from], "(")) {
    const end = afterParentheses(found, from)
    return { query: textOf(sql, found, from + 1, end - 1), beyondGrants: filesOf(found, end) }
  }
  const { next } = readName(found, from)
  const table = textOf(sql, found, from, next)
  const columns = isSign(found[next], "(") ? afterParentheses(found, next) : next
  const list = columns === next ? "*" : textOf(sql, found, next + 1, columns - 1)
  const beyondGrants = filesOf(found, columns)
  if (!isWord(found[columns], "from")) return { query: `SELECT ${list} FROM ${table}`, beyondGrants }
  const where = indexOfWord(found, columns, "where")
  const common: StatementKind = {
    beyondGrants,
    withoutRules: true,
    ...(where === -1 ? {} : { condition: `SELECT FROM ${table} WHERE ${textOf(sql, found, where + 1, found.length)}` })
  }
  if (columns === next) return { ...common, query: `INSERT INTO ${table} DEFAULT VALUES`, complete: true }
  const nulls = [...outermost(found.slice(next + 1, columns - 1), 0)].flatMap((index) =>
    isSign(found[next + 1 + index], ",") ? ["NULL"] : []
  )
  return { ...common, query: `INSERT INTO ${table} (${list}) VALUES (${["NULL", ...nulls].join(", ")})` }
}
