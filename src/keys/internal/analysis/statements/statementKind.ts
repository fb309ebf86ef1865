/** What a statement is, by its first words: PostgreSQL stores only queries, so the rest must be led back to them. */
import { copyKind } from "./copyKind.ts"
import { createKind, selectIntoKind } from "./createKind.ts"
import { beyond, type StatementKind } from "./kind.ts"
import { sessionKind } from "./sessionKind.ts"
import { type Token, tokens } from "./sqlTokens.ts"
import { afterParentheses, indexOfWord, isSign, isWord, textOf } from "./tokenReader.ts"

export type { StatementKind } from "./kind.ts"

// what changes nothing but the session or the transaction
const free = new Set(
  "abort begin close commit deallocate discard end fetch listen move notify release rollback savepoint start unlisten".split(
    " "
  )
)
const owners = new Set(
  "alter analyze checkpoint cluster comment drop grant import load reassign refresh reindex revoke security truncate vacuum".split(
    " "
  )
)
const unknowable = new Set(["call", "do", "execute", "prepare"])
const lockRemedy =
  "add by hand what its mode needs: select for ACCESS SHARE, insert for ROW EXCLUSIVE, else update or delete"

/** EXPLAIN checks what it explains, and creates something only with ANALYZE. */
const explainKind = (sql: string, found: ReadonlyArray<Token>): StatementKind | undefined => {
  let at = 1
  if (isSign(found[at], "(") && !isWord(found[at + 1], "select", "with", "values", "table")) {
    at = afterParentheses(found, at)
  }
  while (isWord(found[at], "analyze", "verbose")) at += 1
  const rest = found.slice(at)
  if (rest.length === 0) return undefined
  const kind = kindOf(sql, rest)
  return found.slice(1, at).some((token) => isWord(token, "analyze")) ? kind : { ...kind, creates: undefined }
}

const kindOf = (sql: string, found: ReadonlyArray<Token>): StatementKind => {
  const first = found[0]
  const text = first?.kind === "word" ? first.text : ""
  const session = sessionKind(found)
  if (session !== undefined) return session
  if (free.has(text)) {
    return isWord(found[1], "prepared") ? { beyondGrants: [beyond(`${text.toUpperCase()} PREPARED`)] } : {}
  }
  if (text === "explain") {
    const explained = explainKind(sql, found)
    if (explained !== undefined) return explained
  }
  if (text === "copy") return copyKind(sql, found)
  if (text === "create") return createKind(sql, found)
  if (text === "declare") {
    const query = indexOfWord(found, 1, "for")
    return query === -1 ? { opaque: ["DECLARE"] } : { query: textOf(sql, found, query + 1, found.length) }
  }
  if (unknowable.has(text)) return { opaque: [text.toUpperCase()] }
  if (owners.has(text)) return { beyondGrants: [beyond(text.toUpperCase())] }
  if (text === "lock") return { beyondGrants: [beyond("LOCK", lockRemedy)] }
  // a query, or what PostgreSQL is to find wrong with it
  return selectIntoKind(sql, found) ?? { query: textOf(sql, found, 0, found.length) }
}

/** A statement alone: {@link split} its text first. */
export const statementKind = (sql: string): StatementKind => kindOf(sql, tokens(sql))
