/** CREATE and SELECT … INTO. */
import { beyond, type Beyond, type Creates, type StatementKind } from "./kind.ts"
import { settingsOf } from "./sessionKind.ts"
import type { Token } from "./sqlTokens.ts"
import { afterParentheses, indexOfWord, isSign, isWord, readName, textOf } from "./tokenReader.ts"

const modifiers = new Set(["or", "replace", "global", "local", "unlogged", "recursive", "materialized", "trusted"])
const creatable = new Set(
  "aggregate collation conversion domain function operator procedure sequence table type view".split(" ")
)
const namingFunctions = new Set(["aggregate", "conversion", "operator"])
const routines = new Set(["aggregate", "function", "procedure"])
const freeLanguages = new Set(["sql", "plpgsql"])

const wordsOf = (found: ReadonlyArray<Token>): ReadonlyArray<string> => [
  ...new Set(found.flatMap(({ kind, text }) => (kind === "word" || kind === "name" ? [text] : [])))
]

/** `SELECT … INTO name …`, which is CREATE TABLE name AS. */
export const selectIntoKind = (sql: string, found: ReadonlyArray<Token>): StatementKind | undefined => {
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
  const name = readName(found, at)
  const query = `${textOf(sql, found, 0, into)} ${textOf(sql, found, name.next, found.length)}`
  return { query, creates: createsOf(name.parts, temporary) }
}

const createsOf = (parts: ReadonlyArray<string>, temporary: boolean): Creates => {
  const schema = parts.length > 1 ? parts[0] : undefined
  return { schema, name: parts.at(-1) ?? "", temporary: temporary || schema === "pg_temp" }
}

/** What stands after the name of a new table: other tables that it is made like, or tied to. */
const definitionOf = (sql: string, found: ReadonlyArray<Token>, from: number): StatementKind => {
  const sources: Array<string> = []
  const tied: Array<Beyond> = []
  for (let index = from; index < found.length; index += 1) {
    const nameAt = (at: number) => textOf(sql, found, at, readName(found, at).next)
    const before = found[index - 1]
    if (isWord(found[index], "like") && (isSign(before, "(") || isSign(before, ","))) sources.push(nameAt(index + 1))
    if (isWord(found[index], "references")) tied.push(beyond(`REFERENCES ${nameAt(index + 1)}`))
    if (isWord(found[index], "inherits")) tied.push(beyond(`INHERITS ${nameAt(index + 2)}`))
    if (isWord(before, "partition") && isWord(found[index], "of"))
      tied.push(beyond(`PARTITION OF ${nameAt(index + 1)}`))
    if (isWord(found[index], "tablespace")) {
      tied.push(beyond(`TABLESPACE ${nameAt(index + 1)}`, "leave it out; keys cannot be granted a tablespace"))
    }
  }
  const query = sources.map((name, index) => `${name} AS like_${index}`).join(", ")
  return {
    ...(sources.length === 0 ? {} : { query: `SELECT FROM ${query}`, likes: true }),
    beyondGrants: tied
  }
}

/** The query of CREATE TABLE … AS and CREATE VIEW … AS, without WITH NO DATA and the like. */
const queryOf = (sql: string, found: ReadonlyArray<Token>, as: number): StatementKind => {
  if (isWord(found[as + 1], "execute")) return { opaque: ["EXECUTE"] }
  const last = found.length
  const lastWith = found.findLastIndex((token) => isWord(token, "with"))
  const hasOption = isWord(found[last - 1], "data", "option") && lastWith > as
  const isEmpty = hasOption && isWord(found[last - 1], "data") && isWord(found[last - 2], "no")
  return { query: textOf(sql, found, as + 1, hasOption ? lastWith : last), ...(isEmpty ? { unread: true } : {}) }
}

/** `CREATE RECURSIVE VIEW name (columns) AS query`, as the query that PostgreSQL makes of it. */
const recursive = (sql: string, found: ReadonlyArray<Token>, name: string, at: number, kind: StatementKind) => {
  const columns = textOf(sql, found, at, afterParentheses(found, at))
  return { ...kind, query: `WITH RECURSIVE ${name} ${columns} AS (${kind.query}) SELECT * FROM ${name}` }
}

/** Whether the words of a new function or type ask for what only a superuser may do. */
const superuserOnly = (kind: string, found: ReadonlyArray<Token>): ReadonlyArray<Beyond> => {
  const remedy = "only a superuser may"
  const language = found.findIndex((token) => isWord(token, "language"))
  const named = found[language + 1]?.text.toLowerCase() ?? ""
  if (kind === "function" || kind === "procedure") {
    return [
      ...(language !== -1 && !freeLanguages.has(named) && found[language + 1]?.kind !== "string"
        ? [beyond(`a function in the language ${named}`, "only superusers may use languages that are not trusted")]
        : []),
      ...(found.some((token) => isWord(token, "leakproof", "support")) ? [beyond("LEAKPROOF or SUPPORT", remedy)] : [])
    ]
  }
  const isBaseType = kind === "type" && found.some((token) => isWord(token, "input"))
  return isBaseType ? [beyond("CREATE TYPE with functions of its own", remedy)] : []
}

/** CREATE, of whatever kind. */
export const createKind = (sql: string, found: ReadonlyArray<Token>): StatementKind => {
  let at = 1
  const skipped = new Set<string>()
  const skip = () => {
    for (let word = found[at]; word?.kind === "word" && modifiers.has(word.text); word = found[at]) {
      skipped.add(word.text)
      at += 1
    }
  }
  skip()
  const isTemporary = isWord(found[at], "temp", "temporary")
  if (isTemporary) at += 1
  skip()
  const kind = found[at]?.text ?? ""
  const isClass = kind === "operator" && isWord(found[at + 1], "class", "family")
  if (!creatable.has(kind) || isClass) return { beyondGrants: [beyond(`CREATE ${kind.toUpperCase()}`)] }
  at += 1
  if (isWord(found[at], "if")) at += 3
  const { next, parts } = readName(found, at)
  // an operator's name is no word, so that its schema alone was read
  const names = kind === "operator" && isSign(found[next - 1], ".") ? [...parts, ""] : parts
  const creates: Creates = {
    ...createsOf(names, isTemporary),
    ...(skipped.has("replace") ? { replaces: routines.has(kind) ? "function" : "relation" } : {})
  }
  const made: StatementKind = {
    creates,
    words: wordsOf(found),
    ...(namingFunctions.has(kind) ? { usesFunctions: true } : {})
  }
  if (kind !== "table" && kind !== "view") {
    return { ...made, sets: settingsOf(found), beyondGrants: superuserOnly(kind, found) }
  }
  const as = indexOfWord(found, next, "as")
  if (as === -1) return { ...definitionOf(sql, found, next), ...made }
  const query = { ...queryOf(sql, found, as), ...made }
  const isView = kind === "view" && !skipped.has("materialized")
  if (!isView) return query
  const name = textOf(sql, found, next - 1, next)
  // creating a view does not read its tables
  return { ...(skipped.has("recursive") ? recursive(sql, found, name, next, query) : query), unread: true }
}
