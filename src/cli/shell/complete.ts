/** Completion of the last word of a line. */
const keywords = [
  "AND",
  "AS",
  "ASC",
  "BEGIN",
  "BETWEEN",
  "BY",
  "CASE",
  "COUNT",
  "CREATE",
  "DELETE",
  "DESC",
  "DISTINCT",
  "DROP",
  "ELSE",
  "END",
  "EXISTS",
  "EXPLAIN",
  "FROM",
  "GROUP",
  "HAVING",
  "IN",
  "INDEX",
  "INSERT",
  "INTO",
  "IS",
  "JOIN",
  "LEFT",
  "LIKE",
  "LIMIT",
  "NOT",
  "NULL",
  "OFFSET",
  "ON",
  "OR",
  "ORDER",
  "RETURNING",
  "SELECT",
  "SET",
  "TABLE",
  "THEN",
  "UNION",
  "UPDATE",
  "VALUES",
  "VIEW",
  "WHEN",
  "WHERE",
  "WITH"
]

export const metaCommands = ["\\d", "\\dt", "\\du", "\\key", "\\q", "\\timing", "\\watch", "\\x", "\\?"]

const quoted = (name: string): string => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`)

/** What the last word of a line can become, and that word. */
export const complete = (
  line: string,
  names: { readonly tables: Iterable<string>; readonly columns: Iterable<string>; readonly keys: Iterable<string> }
): readonly [matches: ReadonlyArray<string>, word: string] => {
  if (/^\\\S*$/.test(line)) return [metaCommands.filter((command) => command.startsWith(line)), line]
  const word = /[\p{L}\p{N}_"]*$/u.exec(line)?.[0] ?? ""
  const begins = (candidates: Iterable<string>) =>
    [...new Set(candidates)].filter((candidate) => candidate.toLowerCase().startsWith(word.toLowerCase()))
  if (/^\\key\s/.test(line)) return [begins(names.keys), word]
  const tables = begins([...names.tables].map(quoted))
  if (/^\\d\s|\b(?:from|join|into|update|table)\s+[^\s]*$/i.test(line)) return [tables, word]
  if (word === "") return [[], word]
  const lower = word === word.toLowerCase()
  const words = begins(keywords).map((keyword) => (lower ? keyword.toLowerCase() : keyword))
  return [[...begins([...names.columns].map(quoted)), ...tables, ...words], word]
}
