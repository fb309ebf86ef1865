/** A statement to stand in parentheses. */
import { skip } from "./lexer.ts"

const blank = /\s/

/** The text without the semicolons at its end and the comments around them. */
export const stripTrailingSemicolons = (text: string): string => {
  let end = 0
  let index = 0
  while (index < text.length) {
    const next = skip(text, index, true) ?? index + 1
    const begin = text.slice(index, index + 2)
    const isCode = begin !== "--" && begin !== "/*" && !blank.test(begin.charAt(0)) && begin.charAt(0) !== ";"
    if (isCode) end = next
    index = next
  }
  return text.slice(0, end)
}
