/** Recognizes statements that can do no harm when they run twice. What is not recognized may write. */
import { isPure, language, operators, types, writing } from "./builtins.ts"
import { afterNames, afterType, beginsQuery, type Code, endsOperand, isName, readCode, textAt, wordAt } from "./code.ts"

/** What is between two parentheses, or the whole statement. */
interface Frame {
  /** The word before the parenthesis. */
  readonly before: string
  isQuery: boolean
  /** Inside the list of tables that follows FROM. */
  inFrom: boolean
}

interface State {
  readonly frames: Array<Frame>
  frame: Frame
  /** The one that ended last. */
  closed: Frame | undefined
}

/** Whether a parenthesis after this word, which a user's function can be named as well, belongs to the grammar. */
const isGrammar = (code: Code, at: number, closedBy: string | undefined): boolean => {
  switch (wordAt(code, at)) {
    case "by":
      return /^(?:group|order|partition)$/.test(wordAt(code, at - 1))
    case "filter":
    case "over":
      return closedBy !== undefined && (isPure(closedBy) || /^(?:filter|group)$/.test(closedBy))
    case "join":
      return beginsQuery(code, at + 2)
    default:
      return false
  }
}

/** Whether what stands before the parenthesis at `index` calls nothing, or a function that only computes. */
const mayOpen = (code: Code, index: number, closed: Frame | undefined): boolean => {
  const at = index - 1
  // a dotted name has been read already
  if (!isName(code, at) || textAt(code, at - 1) === ".") return true
  const name = wordAt(code, at)
  if (language.has(name) || isPure(name)) return true
  const closedHere = textAt(code, at - 1) === ")" ? closed : undefined
  if (isGrammar(code, at, closedHere?.before)) return true
  // the columns of an alias, or of a common table expression: no call has `AS (SELECT` after it
  const end = afterNames(code, index)
  const isCommonTable = wordAt(code, end) === "as" && textAt(code, end + 1) === "(" && beginsQuery(code, end + 2)
  const isAlias = wordAt(code, at - 1) === "as" || closedHere?.isQuery === true || isPure(closedHere?.before ?? "")
  return end !== -1 && (isCommonTable || isAlias)
}

/** Whether the string at `index` is no constant of a type of the account's own: `paid 'x'` is a cast. */
const mayQuote = (code: Code, index: number): boolean => {
  const at = index - 1
  if (!isName(code, at)) return true
  const name = wordAt(code, at)
  if (name === "ilike" || name === "like") return endsOperand(code, at - 1)
  return name === "zone" ? wordAt(code, at - 1) === "time" : language.has(name) || types.has(name)
}

/** The index after a dotted name, or -1 where it may be a call: `p.paid` is `paid(p)` if `p` has no such column. */
const afterPath = (code: Code, index: number, { inFrom }: Frame): number => {
  let end = index + 1
  while (textAt(code, end) === "." && isName(code, end + 1)) end += 2
  if (textAt(code, end) === ".") return textAt(code, end + 1) === "*" ? end + 2 : -1
  const isCall = textAt(code, end) === "("
  const isTable = inFrom ? /^(?:from|join|only|lateral|,)$/ : /^table$/
  if (isTable.test(textAt(code, index - 1)) && !isCall) return end
  return isCall && wordAt(code, index) === "pg_catalog" && end === index + 3 && isPure(wordAt(code, index + 2))
    ? end
    : -1
}

/** The index after a word or a name, or -1. */
const afterName = (code: Code, index: number, { frame }: State): number => {
  const word = wordAt(code, index)
  if (writing.has(word)) return -1
  if (word === "select") frame.isQuery = true
  if (word === "from") frame.inFrom = frame.isQuery && wordAt(code, index - 1) !== "distinct"
  else if (word === "join") frame.inFrom = frame.isQuery
  else if (language.has(word) && !/^(?:as|lateral|only)$/.test(word)) frame.inFrom = false
  if (word === "as" && frame.before === "cast") return afterType(code, index + 1)
  return textAt(code, index + 1) === "." ? afterPath(code, index, frame) : index + 1
}

const afterPunctuation = (code: Code, index: number, state: State): number => {
  switch (textAt(code, index)) {
    case "(":
      if (!mayOpen(code, index, state.closed)) return -1
      state.frames.push(state.frame)
      state.frame = {
        before: wordAt(code, index - 1),
        isQuery: wordAt(code, index + 1) === "values" && textAt(code, index + 2) === "(",
        inFrom: false
      }
      return index + 1
    case ")":
      state.closed = state.frame
      state.frame = state.frames.pop() ?? state.frame
      return index + 1
    case "::":
      return afterType(code, index + 1)
    case ".":
      return textAt(code, index + 1) === "*" ? index + 2 : -1
    case ",":
    case ":":
    case ":=":
    case "[":
    case "]":
      return index + 1
    default:
      return -1
  }
}

/** The index of the next token to read, or -1 where this one may write. */
const step = (code: Code, index: number, state: State): number => {
  switch (code[index]?.kind) {
    case "operator":
      return operators.has(textAt(code, index)) ? index + 1 : -1
    case "string":
      return mayQuote(code, index) ? index + 1 : -1
    case "number":
      return index + 1
    case "punctuation":
      return afterPunctuation(code, index, state)
    case "name":
    case "word":
      return afterName(code, index, state)
    default:
      return -1
  }
}

/**
 * Whether a text is one statement that reads, and calls nothing but functions, operators and casts that PostgreSQL and
 * PostGIS bring and that only compute. A column with its table before it does not pass, since `p.paid` may call `paid(p)`.
 * What stays unseen: a view, a policy of row-level security, and an overload, operator or cast of the account's own types.
 */
export const isReadOnly = (text: string): boolean => {
  const code = readCode(text)
  if (code === undefined) return false
  if (wordAt(code, 0) === "show") return code.every(({ kind, text: part }) => kind === "word" || part === ".")
  let index = wordAt(code, 0) === "explain" ? 1 : 0
  let first = index
  while (textAt(code, first) === "(") first += 1
  if (!beginsQuery(code, first)) return false
  const frame: Frame = { before: "", isQuery: false, inFrom: false }
  const state: State = { frames: [], frame, closed: undefined }
  while (index !== -1 && index < code.length) index = step(code, index, state)
  return index !== -1
}
