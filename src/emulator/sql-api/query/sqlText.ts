/** The lexical structure of SQL text, to the extent that planning needs it. */

/** The kind of a token. */
export type TokenKind = "space" | "comment" | "string" | "identifier" | "word" | "symbol"

/** A token of SQL text. */
export interface Token {
  readonly kind: TokenKind
  readonly start: number
  readonly end: number
}

const wordStart = /[A-Za-z_\u0080-\uffff]/
const wordPart = /[\w$\u0080-\uffff]/
const blank = /[ \t\n\r\f\v]/
const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y

const endOfQuoted = (sql: string, from: number, quote: string, escapes: boolean): number => {
  for (let at = from; at < sql.length; at++) {
    if (escapes && sql[at] === "\\") at++
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1
      at++
    }
  }
  return sql.length
}

const endOfBlockComment = (sql: string, from: number): number => {
  let depth = 0
  for (let at = from; at < sql.length; at++) {
    const pair = sql.slice(at, at + 2)
    if (pair === "/*") {
      depth++
      at++
    } else if (pair === "*/") {
      depth--
      at++
      if (depth === 0) return at + 1
    }
  }
  return sql.length
}

const endWhile = (sql: string, from: number, part: RegExp): number => {
  let at = from
  while (at < sql.length && part.test(sql.charAt(at))) at++
  return at
}

const next = (sql: string, start: number): Token => {
  const first = sql.charAt(start)
  if (blank.test(first)) return { kind: "space", start, end: endWhile(sql, start, blank) }
  if (sql.startsWith("--", start)) {
    const newline = sql.indexOf("\n", start)
    return { kind: "comment", start, end: newline < 0 ? sql.length : newline }
  }
  if (sql.startsWith("/*", start)) return { kind: "comment", start, end: endOfBlockComment(sql, start) }
  if (first === "'") return { kind: "string", start, end: endOfQuoted(sql, start + 1, "'", false) }
  if (first === '"') return { kind: "identifier", start, end: endOfQuoted(sql, start + 1, '"', false) }
  if ((first === "e" || first === "E") && sql[start + 1] === "'") {
    return { kind: "string", start, end: endOfQuoted(sql, start + 2, "'", true) }
  }
  if (first === "$") {
    dollarTag.lastIndex = start
    const tag = dollarTag.exec(sql)?.[0]
    if (tag !== undefined) {
      const close = sql.indexOf(tag, start + tag.length)
      return { kind: "string", start, end: close < 0 ? sql.length : close + tag.length }
    }
  }
  if (wordStart.test(first)) return { kind: "word", start, end: endWhile(sql, start, wordPart) }
  return { kind: "symbol", start, end: start + 1 }
}

/** Splits a text into its tokens, in order and without gaps. */
export const tokens = (sql: string): ReadonlyArray<Token> => {
  const all: Array<Token> = []
  for (let at = 0; at < sql.length;) {
    const token = next(sql, at)
    all.push(token)
    at = token.end
  }
  return all
}

/** Splits a text into trimmed statements without semicolons. Empty statements are left out. */
export const statements = (sql: string): ReadonlyArray<string> => {
  const all: Array<string> = []
  let start = 0
  for (const token of tokens(sql)) {
    if (token.kind === "symbol" && sql[token.start] === ";") {
      all.push(sql.slice(start, token.start))
      start = token.end
    }
  }
  all.push(sql.slice(start))
  return all.map((statement) => statement.trim()).filter((statement) => statement !== "")
}

/** Returns the text from the first token that is not white space or a comment. */
export const withoutLeadingComments = (sql: string): string => {
  const first = tokens(sql).find(({ kind }) => kind !== "space" && kind !== "comment")
  return first === undefined ? "" : sql.slice(first.start)
}
