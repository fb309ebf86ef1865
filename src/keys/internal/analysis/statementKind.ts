/** What a statement is, by its first words: PostgreSQL stores only queries, so the rest must be led back to them. */
import { type Token, tokens } from "./sqlTokens.ts"

export interface StatementKind {
  /** The query whose accesses are those of the statement. */
  readonly query?: string | undefined
  /** It makes something in this schema; `undefined` is the first of the search path. */
  readonly creates?: { readonly schema: string | undefined } | undefined
  /** What no key can be given the right to do, or not by what can be told from the statement; and what to do about it. */
  readonly beyondGrants?: { readonly what: string; readonly remedy: string } | undefined
  /** Every column is given a value, none its default. */
  readonly complete?: true | undefined
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
  "alter analyze checkpoint cluster comment drop grant import load reassign refresh reindex revoke security truncate vacuum".split(
    " "
  )
)
const unknowable = new Set(["call", "declare", "do", "execute", "prepare"])
const modifiers = new Set(["or", "replace", "global", "local", "unlogged", "recursive", "materialized", "trusted"])
const ownerOnly = "only the owner may; use the master key, or a key that made the table itself"
const lockRemedy =
  "add by hand what its mode needs: select for ACCESS SHARE, insert for ROW EXCLUSIVE, else update or delete"
const beyond = (what: string, remedy = ownerOnly) => ({ what, remedy })
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

/** The tokens that stand in no parentheses, from an index on. */
function* outermost(found: ReadonlyArray<Token>, from: number): Generator<number, void> {
  let index = from
  while (index < found.length) {
    if (isSign(found[index], "(")) index = afterParentheses(found, index)
    else yield index++
  }
}

/** The index of the first such word in no parentheses, or -1. */
const indexOfWord = (found: ReadonlyArray<Token>, from: number, ...words: ReadonlyArray<string>): number => {
  for (const index of outermost(found, from)) if (isWord(found[index], ...words)) return index
  return -1
}

/** `SELECT … INTO name …`, which is CREATE TABLE name AS. */
const selectKind = (sql: string, found: ReadonlyArray<Token>): StatementKind | undefined => {
  const verb = indexOfWord(found, 0, "select", "insert", "update", "delete", "merge", "values", "table")
  if (!isWord(found[verb], "select")) return undefined
  const into = indexOfWord(found, verb, "into")
  if (into === -1) return undefined
  let at = into + 1
  let temporary = false
  while (isWord(found[at], "global", "local", "temp", "temporary", "unlogged", "table")) {
    temporary ||= isWord(found[at], "temp", "temporary")
    at += 1
  }
  const { next, parts } = readName(found, at)
  const query = `${textOf(sql, found, 0, into)} ${textOf(sql, found, next, found.length)}`
  return temporary ? { query } : { query, creates: { schema: parts.length > 1 ? parts[0] : undefined } }
}

const copyKind = (sql: string, found: ReadonlyArray<Token>): StatementKind => {
  if (isSign(found[1], "(")) return { query: textOf(sql, found, 2, afterParentheses(found, 1) - 1) }
  const { next } = readName(found, 1)
  const table = textOf(sql, found, 1, next)
  const columns = isSign(found[next], "(") ? afterParentheses(found, next) : next
  const list = columns === next ? "*" : textOf(sql, found, next + 1, columns - 1)
  if (!isWord(found[columns], "from")) return { query: `SELECT ${list} FROM ${table}` }
  if (columns === next) return { query: `INSERT INTO ${table} DEFAULT VALUES`, complete: true }
  const nulls = [...outermost(found.slice(next + 1, columns - 1), 0)].flatMap((index) =>
    isSign(found[next + 1 + index], ",") ? ["NULL"] : []
  )
  return { query: `INSERT INTO ${table} (${list}) VALUES (${["NULL", ...nulls].join(", ")})` }
}

/** What stands after the name of a new table: other tables that it is made like, or tied to. */
const definitionOf = (sql: string, found: ReadonlyArray<Token>, from: number): StatementKind => {
  const sources: Array<string> = []
  const tied: Array<string> = []
  for (let index = from; index < found.length; index += 1) {
    const nameAt = (at: number) => textOf(sql, found, at, readName(found, at).next)
    const before = found[index - 1]
    if (isWord(found[index], "like") && (isSign(before, "(") || isSign(before, ","))) sources.push(nameAt(index + 1))
    if (isWord(found[index], "references")) tied.push(`REFERENCES ${nameAt(index + 1)}`)
    if (isWord(found[index], "inherits")) tied.push(`INHERITS ${nameAt(index + 2)}`)
    if (isWord(before, "partition") && isWord(found[index], "of")) tied.push(`PARTITION OF ${nameAt(index + 1)}`)
  }
  return {
    query:
      sources.length === 0
        ? undefined
        : `SELECT FROM ${sources.map((name, index) => `${name} AS like_${index}`).join(", ")}`,
    beyondGrants: tied.length === 0 ? undefined : beyond(tied.join(", "))
  }
}

const createKind = (sql: string, found: ReadonlyArray<Token>): StatementKind => {
  let at = 1
  while (found[at]?.kind === "word" && modifiers.has(found[at]?.text ?? "")) at += 1
  const temporary = isWord(found[at], "temp", "temporary")
  if (temporary) at += 1
  while (found[at]?.kind === "word" && modifiers.has(found[at]?.text ?? "")) at += 1
  const kind = found[at]?.text ?? ""
  if (!creatable.has(kind)) return { beyondGrants: beyond(`CREATE ${kind.toUpperCase()}`) }
  at += 1
  if (isWord(found[at], "if")) at += 3
  const { next, parts } = readName(found, at)
  const creates = temporary ? undefined : { schema: parts.length > 1 ? parts[0] : undefined }
  if (kind !== "table" && kind !== "view") return { creates }
  // the query of CREATE TABLE … AS and CREATE VIEW … AS, without WITH NO DATA and the like
  const as = indexOfWord(found, next, "as")
  if (as === -1) return { ...definitionOf(sql, found, next), creates }
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
  if (owners.has(text)) return { beyondGrants: beyond(text.toUpperCase()) }
  if (text === "lock") return { beyondGrants: beyond("LOCK", lockRemedy) }
  // a query, or what PostgreSQL is to find wrong with it
  return selectKind(sql, found) ?? { query: textOf(sql, found, 0, found.length) }
}

/** A statement alone: {@link split} its text first. */
export const statementKind = (sql: string): StatementKind => kindOf(sql, tokens(sql))
