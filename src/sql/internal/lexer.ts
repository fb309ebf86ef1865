/**
 * Follows SQL text through quotes and comments, as PostgreSQL's lexer does, to know where a value would not stay a value.
 */

const word = /[\p{L}\p{N}_$\u0080-\uffff]/u
const dollarQuote = /\$(?:[\p{L}_\u0080-\uffff][\p{L}\p{N}_\u0080-\uffff]*)?\$/uy

/** The index after a quoted run that begins at `index` (on its opening quote), or the end of the text. */
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
  let depth = 1
  for (let at = index + 2; at < text.length; at += 1) {
    if (text.startsWith("/*", at)) {
      depth += 1
      at += 1
    } else if (text.startsWith("*/", at)) {
      depth -= 1
      at += 1
      if (depth === 0) return at + 1
    }
  }
  return text.length
}

const skipLineComment = (text: string, index: number): number => {
  for (let at = index; at < text.length; at += 1) {
    if (text[at] === "\n" || text[at] === "\r") return at
  }
  return text.length
}

/** The end of the quoted text or comment that begins at `index`; `undefined` where none does. */
export const skip = (text: string, index: number, standardStrings: boolean): number | undefined => {
  switch (text[index]) {
    case "'": {
      // E'…' takes backslashes under both settings; the letter must be a word of its own
      const escapes = /[eE]/.test(text[index - 1] ?? "") && !word.test(text[index - 2] ?? "")
      return skipQuoted(text, index, "'", escapes || !standardStrings)
    }
    case '"':
      return skipQuoted(text, index, '"', false)
    case "-":
      return text[index + 1] === "-" ? skipLineComment(text, index) : undefined
    case "/":
      return text[index + 1] === "*" ? skipBlockComment(text, index) : undefined
    case "$": {
      if (word.test(text[index - 1] ?? "")) return undefined
      dollarQuote.lastIndex = index
      const tag = dollarQuote.exec(text)?.[0]
      if (tag === undefined) return undefined
      const end = text.indexOf(tag, index + tag.length)
      return end === -1 ? text.length : end + tag.length
    }
    default:
      return undefined
  }
}

/** The first of the offsets (in ascending order) that lies inside quotes or a comment. */
export const firstQuoted = (
  text: string,
  offsets: ReadonlyArray<number>,
  standardStrings: boolean
): number | undefined => {
  let next = 0
  let index = 0
  while (index < text.length && next < offsets.length) {
    while (next < offsets.length && (offsets[next] ?? 0) <= index) next += 1
    const end = skip(text, index, standardStrings)
    const offset = offsets[next]
    if (end !== undefined && offset !== undefined && offset < end) return offset
    index = end ?? index + 1
  }
  return undefined
}

/** The text with spaces in the place of everything quoted or commented, for looking at its keywords. */
export const codeOnly = (text: string): string => {
  let code = ""
  let index = 0
  while (index < text.length) {
    const end = skip(text, index, true)
    code += end === undefined ? text[index] : " "
    index = end ?? index + 1
  }
  return code
}

/** A place of a parameter: `$1` is number 1. */
export interface Parameter {
  readonly start: number
  readonly end: number
  readonly number: number
}

const parameterAt = /\$(\d+)/y

/** The parameters of a text, in order: not what looks like one inside quotes, comments or names. */
export const parameters = (text: string, standardStrings: boolean): ReadonlyArray<Parameter> => {
  const found: Array<Parameter> = []
  let index = 0
  while (index < text.length) {
    const end = skip(text, index, standardStrings)
    if (end !== undefined) {
      index = end
      continue
    }
    parameterAt.lastIndex = index
    const match = parameterAt.exec(text)
    const inName = word.test(text[index - 1] ?? "") && found.at(-1)?.end !== index
    if (match === null || inName) index += 1
    else {
      index = parameterAt.lastIndex
      found.push({ start: parameterAt.lastIndex - match[0].length, end: index, number: Number(match[1]) })
    }
  }
  return found
}
