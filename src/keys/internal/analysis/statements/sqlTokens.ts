/** SQL text as words, names and signs, and cut into its statements, as PostgreSQL reads it with standard strings. */
import { skip } from "../../../../sql/internal/lexer.ts"

export interface Token {
  /** A `word` in lower case, a `name` without its double quotes, one sign, or for a string nothing. */
  readonly text: string
  readonly kind: "name" | "sign" | "string" | "word"
  readonly start: number
  readonly end: number
}

const word = /[\p{L}\p{N}_$\u0080-\uffff]+/uy

/** White space and comments are not among them. */
export const tokens = (sql: string): ReadonlyArray<Token> => {
  const found: Array<Token> = []
  let start = 0
  while (start < sql.length) {
    const quotedEnd = skip(sql, start, true)
    word.lastIndex = start
    const letters = quotedEnd === undefined ? word.exec(sql)?.[0] : undefined
    const end = quotedEnd ?? start + (letters?.length ?? 1)
    const char = sql[start] ?? ""
    if (letters !== undefined) found.push({ text: letters.toLowerCase(), kind: "word", start, end })
    else if (quotedEnd === undefined) {
      if (!/\s/.test(char)) found.push({ text: char, kind: "sign", start, end })
    } else if (char === '"') {
      found.push({ text: sql.slice(start + 1, end - 1).replaceAll('""', '"'), kind: "name", start, end })
    } else if (char === "'" || char === "$") found.push({ text: "", kind: "string", start, end })
    start = end
  }
  return found
}

/** The statements of a text: what stands between semicolons, without those that are empty. */
export const split = (sql: string): ReadonlyArray<string> => {
  const ends = tokens(sql).filter(({ kind, text }) => kind === "sign" && text === ";")
  const starts = [0, ...ends.map(({ end }) => end)]
  return starts
    .map((start, index) => sql.slice(start, ends[index]?.start ?? sql.length).trim())
    .filter((statement) => tokens(statement).length > 0)
}
