/** SQL that a person writes: files, arguments and input of the shell. */
import { tokens } from "../sql/internal/lexer.ts"

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
  for (const token of tokens(text, true)) {
    const isQuote = token.kind === "comment" || token.kind === "name" || token.kind === "string"
    quoted = isQuote && token.end === text.length
    if (text.slice(token.start, token.end) === ";") {
      if (filled) statements.push(text.slice(start, token.start).trim())
      start = token.end
      filled = false
    } else if (token.kind !== "comment" && token.kind !== "space") filled = true
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
  for (const { kind, start } of tokens(text, true)) {
    if (kind !== "punctuation" && kind !== "parameter") continue
    placeholder.lastIndex = start
    const match = placeholder.exec(text)
    if (match !== null && !word.test(text[start - 1] ?? "")) {
      found.push({ name: match[1] ?? match[2] ?? "", start, end: placeholder.lastIndex })
    }
  }
  return found
}
