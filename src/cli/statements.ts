/** SQL that a person writes: files, arguments and input of the shell. */
import { skip } from "../sql/internal/lexer.ts"

const word = /[\p{L}\p{N}_$]/u

export interface Statements {
  /** Empty ones are left out. */
  readonly statements: ReadonlyArray<string>
  /** Whether the last one has no semicolon yet. */
  readonly open: boolean
  /** Whether the text ends inside of quotes or of a block comment. */
  readonly quoted: boolean
}

/** Cuts a text into its statements. */
export const splitStatements = (input: string): Statements => {
  const text = `${input}\n`
  const statements: Array<string> = []
  let start = 0
  let filled = false
  let quoted = false
  for (let index = 0; index < text.length;) {
    const end = skip(text, index, true)
    if (end !== undefined) {
      filled = filled || !/^(?:--|\/\*)/.test(text.slice(index, index + 2))
      quoted = end === text.length
      index = end
      continue
    }
    const char = text[index] ?? ""
    index += 1
    if (char === ";") {
      if (filled) statements.push(text.slice(start, index - 1).trim())
      start = index
      filled = false
    } else if (!/\s/.test(char)) filled = true
  }
  if (filled) statements.push(text.slice(start).trim())
  return { statements, open: filled, quoted }
}

export interface Placeholder {
  /** `name` of `:name`, or the number of `$1`. */
  readonly name: string
  readonly start: number
  readonly end: number
}

const placeholder = /:([\p{L}_][\p{L}\p{N}_]*)|\$(\d+)/uy

/** Places for parameters outside of quotes and comments. `::type` is a cast. */
export const placeholders = (text: string): ReadonlyArray<Placeholder> => {
  const found: Array<Placeholder> = []
  for (let index = 0; index < text.length;) {
    const end = skip(text, index, true)
    if (end !== undefined) {
      index = end
      continue
    }
    placeholder.lastIndex = index
    const match = placeholder.exec(text)
    const before = text[index - 1] ?? ""
    if (match !== null && before !== ":" && !word.test(before)) {
      found.push({ name: match[1] ?? match[2] ?? "", start: index, end: placeholder.lastIndex })
      index = placeholder.lastIndex
    } else index += text.startsWith("::", index) ? 2 : 1
  }
  return found
}
