/** How a statement is tried under a key without leaving anything behind. */
import { tokens } from "./sqlTokens.ts"
import { statementKind } from "./statementKind.ts"
import { indexOfWord, isWord } from "./tokenReader.ts"

/**
 * `query` runs in EXPLAIN ANALYZE, so that its rows are not sent; `run` runs as it is; `explain` is only planned, because
 * it cannot run in a transaction or needs data.
 */
export interface Trial {
  readonly kind: "explain" | "query" | "run"
  readonly text: string
  /** Whether it reads and can stand in FROM. */
  readonly reads: boolean
}

const reading = ["select", "values", "table"]
const writing = ["insert", "update", "delete", "merge"]
const queries = [...reading, ...writing, "with"]

/** Statements of transactions would end the one that is rolled back; the others do not run in one, or outlast it. */
const untried = new Set(
  "abort begin checkpoint close commit deallocate discard end fetch listen load move prepare release rollback savepoint start unlisten vacuum cluster reindex".split(
    " "
  )
)

/** What cannot run in a transaction, by its second word. */
const outside = ["database", "tablespace", "system", "subscription"]

/** How to try a statement; `undefined` for one that is not tried at all. */
export const trialOf = (text: string): Trial | undefined => {
  const found = tokens(text)
  const [first, second] = found
  const word = first?.kind === "word" ? first.text : ""
  if (untried.has(word) || isWord(second, ...outside) || found.some((token) => isWord(token, "concurrently"))) {
    return undefined
  }
  const kind = statementKind(text)
  if (word === "copy") return kind.query === undefined ? undefined : { kind: "explain", text: kind.query, reads: false }
  if (kind.creates !== undefined && kind.query !== undefined && isWord(first, ...queries)) {
    return { kind: "run", text, reads: false }
  }
  // words in parentheses come first in a query of queries
  const verb = indexOfWord(found, 0, ...reading, ...writing)
  const isQuery = isWord(first, ...queries) || first?.text === "("
  return isQuery
    ? { kind: "query", text, reads: first?.text === "(" || isWord(found[verb], ...reading) }
    : { kind: "run", text, reads: false }
}
