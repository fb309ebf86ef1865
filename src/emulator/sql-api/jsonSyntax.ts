/**
 * Finds the syntax error in a JSON text and reports it with the message of the real server's JavaScript engine. Current
 * engines word the message differently from each other.
 */

const blanks = /[ \t\n\r]*/y
const numbers = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const numberBeginnings = /-?(?:(?:0|[1-9]\d*)(?:\.(?:\d+(?:[eE][+-]?\d*)?)?|[eE][+-]?\d*)?)?/y
const strings = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"/y
const stringBeginnings = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*(?:\\(?:u[\dA-Fa-f]{0,3})?)?/y

/** The result of reading one value: the position where it ends, or the position of the error. */
type Reading = { readonly end: number } | { readonly wrong: number }

const match = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0].length ?? 0
}

const skip = (text: string, at: number): number => at + match(blanks, text, at)

const readString = (text: string, at: number): Reading => {
  const length = match(strings, text, at)
  if (length > 0) return { end: at + length }
  return { wrong: at + Math.max(match(stringBeginnings, text, at), text[at] === '"' ? 1 : 0) }
}

const readNumber = (text: string, at: number): Reading => {
  const length = match(numbers, text, at)
  const begun = match(numberBeginnings, text, at)
  return length > 0 && length === begun ? { end: at + length } : { wrong: at + begun }
}

const readWord = (text: string, at: number, word: string): Reading => {
  let same = 0
  while (same < word.length && text[at + same] === word[same]) same++
  return same === word.length ? { end: at + same } : { wrong: at + same }
}

/** Maximum depth of nested lists. Deeper text is treated as if it ended there. */
export const maximumDepth = 1000

const readMembers = (text: string, start: number, close: string, member: (at: number) => Reading): Reading => {
  let at = skip(text, start + 1)
  if (text[at] === close) return { end: at + 1 }
  for (;;) {
    const read = member(at)
    if ("wrong" in read) return read
    at = skip(text, read.end)
    if (text[at] === close) return { end: at + 1 }
    if (text[at] !== ",") return { wrong: at }
    at = skip(text, at + 1)
  }
}

const readProperty = (text: string, start: number, depth: number): Reading => {
  const name = readString(text, start)
  if ("wrong" in name) return name
  const at = skip(text, name.end)
  return text[at] === ":" ? readValue(text, skip(text, at + 1), depth) : { wrong: at }
}

const readValue = (text: string, at: number, depth: number): Reading => {
  if (depth > maximumDepth) return { wrong: text.length }
  switch (text[at]) {
    case "{":
      return readMembers(text, at, "}", (member) => readProperty(text, member, depth + 1))
    case "[":
      return readMembers(text, at, "]", (member) => readValue(text, member, depth + 1))
    case '"':
      return readString(text, at)
    case "t":
      return readWord(text, at, "true")
    case "f":
      return readWord(text, at, "false")
    case "n":
      return readWord(text, at, "null")
    default:
      return readNumber(text, at)
  }
}

/** The message for text that is not JSON. */
export const syntaxError = (text: string): string => {
  const read = readValue(text, skip(text, 0), 0)
  const at = "wrong" in read ? read.wrong : skip(text, read.end)
  const token = text[at]
  if (token === undefined) return "Unexpected end of JSON input"
  if (token === '"') return `Unexpected string in JSON at position ${at}`
  if (/[\d-]/.test(token)) return `Unexpected number in JSON at position ${at}`
  return `Unexpected token ${token} in JSON at position ${at}`
}
