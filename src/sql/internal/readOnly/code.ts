/** A statement as the tokens that count, and what stands around one of them. */
import { tokens, type TokenKind } from "../lexer.ts"
import { language, types } from "./builtins.ts"

export interface CodeToken {
  readonly kind: TokenKind
  /** A word in lower case, nothing for a string, and for any other token its text. A quoted name keeps its quotes. */
  readonly text: string
}

export type Code = ReadonlyArray<CodeToken>

/** PostgreSQL lowers ASCII alone. A word with other characters is in no list. */
const lower = (text: string): string => (/^[\w$]+$/.test(text) ? text.toLowerCase() : text)

/** The same under both settings of `standard_conforming_strings`, and without Unicode escapes. */
const isPlain = (kind: TokenKind, text: string): boolean =>
  kind === "string" ? /^[$eE]|^[^uU\\][^\\]*$/.test(text) : kind !== "name" || text.startsWith('"')

/** The tokens of a statement without the semicolons at its end; `undefined` where not every quote is plain. */
export const readCode = (text: string): Code | undefined => {
  const code: Array<CodeToken> = []
  for (const { end, kind, start } of tokens(text, true)) {
    if (kind === "space" || kind === "comment") continue
    const part = text.slice(start, end)
    if (!isPlain(kind, part)) return undefined
    code.push({ kind, text: kind === "word" ? lower(part) : kind === "string" ? "" : part })
  }
  while (code.at(-1)?.text === ";") code.pop()
  return code
}

export const textAt = (code: Code, index: number): string => code[index]?.text ?? ""

/** The word at an index, which a quoted name never is; else nothing. */
export const wordAt = (code: Code, index: number): string => (code[index]?.kind === "word" ? textAt(code, index) : "")

export const isName = (code: Code, index: number): boolean => /^(?:word|name)$/.test(code[index]?.kind ?? "")

/** Words after which an expression begins although they are not reserved. */
const opening = /^(?:by|escape|first|groups|ilike|like|next|overlaps|range|rows|zone)$/

/** Whether an operand ends with this token, so that LIKE after it is an operator and not the name of a type. */
export const endsOperand = (code: Code, index: number): boolean => {
  const text = textAt(code, index)
  switch (code[index]?.kind) {
    case "operator":
    case "punctuation":
      return text === ")" || text === "]"
    case "word":
      return text === "not" ? endsOperand(code, index - 1) : !language.has(text) && !opening.test(text)
    default:
      return true
  }
}

/** The index after the name of a built-in type, or -1. */
export const afterType = (code: Code, index: number): number => {
  const at = wordAt(code, index) === "pg_catalog" && textAt(code, index + 1) === "." ? index + 2 : index
  const name = wordAt(code, at)
  return types.has(name) || (name === "double" && wordAt(code, at + 1) === "precision") ? at + 1 : -1
}

/** The index after `(a, b)`, or -1 where there is anything but names. */
export const afterNames = (code: Code, open: number): number => {
  for (let index = open + 1; isName(code, index); index += 2) {
    if (textAt(code, index + 1) === ")") return index + 2
    if (textAt(code, index + 1) !== ",") return -1
  }
  return -1
}

/** Whether a query begins here. VALUES without a parenthesis can also be the name of a column. */
export const beginsQuery = (code: Code, index: number): boolean => {
  const word = wordAt(code, index)
  return word === "values" ? textAt(code, index + 1) === "(" : /^(?:select|table|with)$/.test(word)
}
