/** A statement to stand in parentheses. */
import { tokens } from "../lexer.ts"

/** The text without the semicolons at its end and the comments around them. */
export const stripTrailingSemicolons = (text: string): string => {
  const last = tokens(text, true).findLast(
    ({ kind, start }) => kind !== "space" && kind !== "comment" && text[start] !== ";"
  )
  return text.slice(0, last?.end ?? 0)
}
