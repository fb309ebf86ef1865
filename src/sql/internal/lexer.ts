/**
 * Cuts SQL text into tokens as PostgreSQL's lexer does, to know where a value stays a value and what a statement calls.
 * Every scan is linear in the length of the text.
 */

export type TokenKind =
  | "comment"
  /** In double quotes, or `U&"…"`. */
  | "name"
  | "number"
  | "operator"
  /** `$1`. */
  | "parameter"
  | "punctuation"
  | "space"
  /** In single quotes or dollar quotes, with its prefix and with the parts that PostgreSQL joins to it. */
  | "string"
  /** A keyword or a name without quotes. */
  | "word"

export interface Token {
  readonly kind: TokenKind
  readonly start: number
  readonly end: number
}

// PostgreSQL's own sets: white space is ASCII, and every other character beyond ASCII belongs to a word
const space = /[ \t\n\r\f\v]+/y
const word = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y
const number = /(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?/y
const parameter = /\$\d+/y
const dollarQuote = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y
const operators = /[+\-*/<>=~!@#%^&|`?]+/y
const punctuation = /::|:=|[^]/y

/** The end of what the sticky pattern matches at `start`; `start` itself where it does not match. */
const endOf = (pattern: RegExp, text: string, start: number): number => {
  pattern.lastIndex = start
  return pattern.test(text) ? pattern.lastIndex : start
}

/** The index after a quoted run whose opening quote is at `index`, or the end of the text. */
const skipQuoted = (text: string, index: number, quote: string, backslashes: boolean): number => {
  for (let at = index + 1; at < text.length; at += 1) {
    const char = text[at]
    if (backslashes && char === "\\") at += 1
    else if (char === quote) {
      if (text[at + 1] !== quote) return at + 1
      at += 1
    }
  }
  return text.length
}

/** Block comments nest. */
const skipBlockComment = (text: string, index: number): number => {
  let depth = 0
  for (let at = index; at < text.length; at += 1) {
    const pair = text[at] === "/" || text[at] === "*" ? text.slice(at, at + 2) : ""
    if (pair === "/*") depth += 1
    else if (pair === "*/") depth -= 1
    else continue
    at += 1
    if (depth === 0) return at + 1
  }
  return text.length
}

const skipLineComment = (text: string, index: number): number => {
  let at = index
  while (at < text.length && text[at] !== "\n" && text[at] !== "\r") at += 1
  return at
}

/** Where a string goes on: PostgreSQL joins two that have nothing but white space with a newline and line comments between. */
const continuation = (text: string, index: number): number | undefined => {
  let at = index
  for (;;) {
    const after = text.startsWith("--", at) ? skipLineComment(text, at) : endOf(space, text, at)
    if (after === at) break
    at = after
  }
  return text[at] === "'" && /[\n\r]/.test(text.slice(index, at)) ? at : undefined
}

const skipString = (text: string, index: number, backslashes: boolean): number => {
  let end = skipQuoted(text, index, "'", backslashes)
  for (;;) {
    const next = continuation(text, end)
    if (next === undefined) return end
    end = skipQuoted(text, next, "'", backslashes)
  }
}

/** The end of `E'…'`, `B'…'`, `X'…'`, `N'…'`, `U&'…'` or `U&"…"` at `start`, whose prefix is no word. */
const prefixed = (text: string, start: number, standardStrings: boolean): Token | undefined => {
  const prefix = text[start]?.toLowerCase() ?? ""
  if (text[start + 1] === "'" && "ebxn".includes(prefix)) {
    const backslashes = prefix === "e" || (prefix === "n" && !standardStrings)
    return { kind: "string", start, end: skipString(text, start + 1, backslashes) }
  }
  if (prefix !== "u" || text[start + 1] !== "&") return undefined
  if (text[start + 2] === "'") return { kind: "string", start, end: skipString(text, start + 2, false) }
  return text[start + 2] === '"' ? { kind: "name", start, end: skipQuoted(text, start + 2, '"', false) } : undefined
}

/** Where an operator ends: before a comment, and a sign at its end belongs to what follows unless another character forbids. */
const operatorEnd = (text: string, start: number): number => {
  const run = text.slice(start, endOf(operators, text, start))
  const comment = run.search(/--|\/\*/)
  let length = comment === -1 ? run.length : comment
  if (!/[~!@#%^&|`?]/.test(run.slice(0, length))) {
    while (length > 1 && (run[length - 1] === "+" || run[length - 1] === "-")) length -= 1
  }
  return start + length
}

const dollarEnd = (text: string, start: number): number => {
  const tagEnd = endOf(dollarQuote, text, start)
  if (tagEnd === start) return start
  const tag = text.slice(start, tagEnd)
  const close = text.indexOf(tag, tagEnd)
  return close === -1 ? text.length : close + tag.length
}

const isLetter = (code: number): boolean =>
  code > 127 || code === 95 || (code > 64 && code < 91) || (code > 96 && code < 123)

/** The token that begins at `start`, which must be the end of another or the beginning of the text. */
export const tokenAt = (text: string, start: number, standardStrings: boolean): Token => {
  const code = text.charCodeAt(start)
  const next = text[start + 1]
  if (isLetter(code)) {
    const quoted = next === "'" || next === "&" ? prefixed(text, start, standardStrings) : undefined
    return quoted ?? { kind: "word", start, end: endOf(word, text, start) }
  }
  switch (text[start]) {
    case "'":
      return { kind: "string", start, end: skipString(text, start, !standardStrings) }
    case '"':
      return { kind: "name", start, end: skipQuoted(text, start, '"', false) }
    case "-":
      if (next === "-") return { kind: "comment", start, end: skipLineComment(text, start) }
      break
    case "/":
      if (next === "*") return { kind: "comment", start, end: skipBlockComment(text, start) }
      break
    case "$": {
      const end = dollarEnd(text, start)
      if (end > start) return { kind: "string", start, end }
      const parameterEnd = endOf(parameter, text, start)
      if (parameterEnd > start) return { kind: "parameter", start, end: parameterEnd }
    }
  }
  const spaceEnd = code < 33 ? endOf(space, text, start) : start
  if (spaceEnd > start) return { kind: "space", start, end: spaceEnd }
  const numberEnd = endOf(number, text, start)
  if (numberEnd > start) return { kind: "number", start, end: numberEnd }
  return endOf(operators, text, start) > start
    ? { kind: "operator", start, end: operatorEnd(text, start) }
    : { kind: "punctuation", start, end: endOf(punctuation, text, start) }
}

/** All tokens of a text, white space and comments among them. */
export const tokens = (text: string, standardStrings: boolean): ReadonlyArray<Token> => {
  const found: Array<Token> = []
  for (let index = 0; index < text.length; index = found.at(-1)?.end ?? text.length) {
    found.push(tokenAt(text, index, standardStrings))
  }
  return found
}

/** The text with spaces in the place of everything quoted or commented, for looking at its keywords. */
export const codeOnly = (text: string): string =>
  tokens(text, true)
    .map(({ end, kind, start }) =>
      kind === "comment" || kind === "string" || kind === "name" ? " " : text.slice(start, end)
    )
    .join("")
