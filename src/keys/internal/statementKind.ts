/** What a statement is, by its first words: PostgreSQL stores only queries, so the rest must be led back to them. */
import { type Token, tokens } from "./sqlTokens.ts"

export interface StatementKind {
  /** The query whose accesses are those of the statement. */
  readonly query?: string | undefined
  /** It makes something in this schema; `undefined` is the first of the search path. */
  readonly creates?: { readonly schema: string | undefined } | undefined
  /** What no key can be given the right to do. */
  readonly beyondGrants?: string | undefined
  /** What it does is not known before it runs. */
  readonly opaque?: string | undefined
}

// what changes nothing but the session or the transaction
const free = new Set(
  "abort begin close commit deallocate discard end fetch listen notify release reset rollback savepoint set show start unlisten".split(
    " "
  )
)
const owners = new Set(
  "alter analyze checkpoint cluster comment drop grant import load lock reassign refresh reindex revoke security truncate vacuum".split(
    " "
  )
)
const unknowable = new Set(["call", "declare", "do", "execute", "prepare"])
const modifiers = new Set(["or", "replace", "global", "local", "unlogged", "recursive", "materialized", "trusted"])
const creatable = new Set(
  "aggregate collation conversion domain function operator procedure sequence statistics table type view".split(" ")
)

interface Name {
  readonly parts: ReadonlyArray<string>
  /** The index of the token after it. */
  readonly next: number
}

const isWord = (token: Token | undefined, ...words: ReadonlyArray<string>): boolean =>
  token?.kind === "word" && words.includes(token.text)
const isSign = (token: Token | undefined, sign: string): boolean => token?.kind === "sign" && token.text === sign

const readName = (found: ReadonlyArray<Token>, from: number): Name => {
  const parts: Array<string> = []
  let next = from
  while (found[next]?.kind === "word" || found[next]?.kind === "name") {
    parts.push(found[next]?.text ?? "")
    next += 1
    if (!isSign(found[next], ".")) break
    next += 1
  }
  return { parts, next }
}

/** The index after the parenthesis that closes the one at `from`. */
const afterParentheses = (found: ReadonlyArray<Token>, from: number): number => {
  let depth = 0
  for (let index = from; index < found.length; index += 1) {
    if (isSign(found[index], "(")) depth += 1
    else if (isSign(found[index], ")")) {
      depth -= 1
      if (depth === 0) return index + 1
    }
  }
  return found.length
}

const textOf = (sql: string, found: ReadonlyArray<Token>, from: number, to: number): string =>
  sql.slice(found[from]?.start ?? sql.length, found[to - 1]?.end ?? sql.length)

const copyKind = (sql: string, found: ReadonlyArray<Token>): StatementKind => {
  if (isSign(found[1], "(")) return { query: textOf(sql, found, 2, afterParentheses(found, 1) - 1) }
  const { next } = readName(found, 1)
  const table = textOf(sql, found, 1, next)
  const columns = isSign(found[next], "(") ? afterParentheses(found, next) : next
  const list = columns === next ? "*" : textOf(sql, found, next + 1, columns - 1)
  return isWord(found[columns], "from")
    ? { query: `INSERT INTO ${table} DEFAULT VALUES` }
    : { query: `SELECT ${list} FROM ${table}` }
}

const createKind = (sql: string, found: ReadonlyArray<Token>): StatementKind => {
  let at = 1
  while (found[at]?.kind === "word" && modifiers.has(found[at]?.text ?? "")) at += 1
  const temporary = isWord(found[at], "temp", "temporary")
  if (temporary) at += 1
  while (found[at]?.kind === "word" && modifiers.has(found[at]?.text ?? "")) at += 1
  const kind = found[at]?.text ?? ""
  if (!creatable.has(kind)) return { beyondGrants: `CREATE ${kind.toUpperCase()}` }
  at += 1
  if (isWord(found[at], "if")) at += 3
  const { next, parts } = readName(found, at)
  const creates = temporary ? undefined : { schema: parts.length > 1 ? parts[0] : undefined }
  if (kind !== "table" && kind !== "view") return { creates }
  // the query of CREATE TABLE … AS and CREATE VIEW … AS, without WITH NO DATA and the like
  const as = found.findIndex((token, index) => index >= next && isWord(token, "as"))
  if (as === -1) return { creates }
  const opaque = isWord(found[as + 1], "execute") ? "EXECUTE" : undefined
  const last = found.length
  const hasOption = isWord(found[last - 1], "data", "option") && found.findLastIndex((t) => isWord(t, "with")) > as
  const end = hasOption ? found.findLastIndex((t) => isWord(t, "with")) : last
  return opaque === undefined ? { creates, query: textOf(sql, found, as + 1, end) } : { creates, opaque }
}

const kindOf = (sql: string, found: ReadonlyArray<Token>): StatementKind => {
  const first = found[0]
  const text = first?.text ?? ""
  if (free.has(text)) return {}
  if (text === "explain") {
    let at = 1
    if (isSign(found[at], "(") && !isWord(found[at + 1], "select", "with", "values", "table")) {
      at = afterParentheses(found, at)
    }
    while (isWord(found[at], "analyze", "verbose")) at += 1
    const rest = found.slice(at)
    if (rest.length > 0) return kindOf(sql, rest)
  }
  if (text === "copy") return copyKind(sql, found)
  if (text === "create") return createKind(sql, found)
  if (unknowable.has(text)) return { opaque: text.toUpperCase() }
  if (owners.has(text)) return { beyondGrants: text.toUpperCase() }
  // a query, or what PostgreSQL is to find wrong with it
  return { query: textOf(sql, found, 0, found.length) }
}

/** A statement alone: {@link split} its text first. */
export const statementKind = (sql: string): StatementKind => kindOf(sql, tokens(sql))
