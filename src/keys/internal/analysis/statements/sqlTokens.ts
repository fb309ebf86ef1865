/** SQL text as words, names and signs, and cut into its statements, as PostgreSQL reads it with standard strings. */
import { tokens as lex } from "../../../../sql/internal/lexer.ts"

export interface Token {
  /** A `word` in lower case, a `name` without its double quotes, one sign, or for a string nothing. */
  readonly text: string
  readonly kind: "name" | "sign" | "string" | "word"
  readonly start: number
  readonly end: number
}

/** White space and comments are not among them. */
export const tokens = (sql: string): ReadonlyArray<Token> =>
  lex(sql, true).flatMap(({ end, kind, start }): ReadonlyArray<Token> => {
    const text = sql.slice(start, end)
    switch (kind) {
      case "space":
      case "comment":
        return []
      case "string":
        return [{ text: "", kind: "string", start, end }]
      case "name":
        return [{ text: text.slice(text.indexOf('"') + 1, -1).replaceAll('""', '"'), kind: "name", start, end }]
      case "word":
      case "number":
      case "parameter":
        return [{ text: text.toLowerCase(), kind: "word", start, end }]
      default:
        return Array.from(text, (sign, index) => ({
          text: sign,
          kind: "sign",
          start: start + index,
          end: start + index + 1
        }))
    }
  })

/** The statements of a text: what stands between semicolons, without those that are empty. */
export const split = (sql: string): ReadonlyArray<string> => {
  const ends = tokens(sql).filter(({ kind, text }) => kind === "sign" && text === ";")
  const starts = [0, ...ends.map(({ end }) => end)]
  return starts
    .map((start, index) => sql.slice(start, ends[index]?.start ?? sql.length).trim())
    .filter((statement) => tokens(statement).length > 0)
}
