/** Names of tables, columns and roles in double quotes, for SQL text: the one place that quotes a name. */
import * as Result from "effect/Result"

/** PostgreSQL cuts a longer name off, and the rest could name another table. */
const maxBytes = 63

const problemOf = (name: unknown): string | undefined => {
  if (typeof name !== "string") return "give a name as a string"
  if (name === "") return "give a name"
  if (name.includes("\0") || !name.isWellFormed()) {
    return "a name cannot hold NUL characters or half of a surrogate pair"
  }
  return new TextEncoder().encode(name).length > maxBytes
    ? `PostgreSQL keeps only ${maxBytes} bytes of a name`
    : undefined
}

/** The name as it stands between double quotes, or why it cannot be a name. */
export const escapeName = (name: unknown): Result.Result<string, string> => {
  const problem = problemOf(name)
  return typeof name === "string" && problem === undefined
    ? Result.succeed(name.replaceAll('"', '""'))
    : Result.fail(problem ?? "give a name")
}

/** The name in double quotes, for text that PostgreSQL reads as a name and not as SQL: `has_table_privilege('"a"', …)`. */
export const quoteName = (name: unknown): Result.Result<string, string> =>
  Result.map(escapeName(name), (escaped) => `"${escaped}"`)

/**
 * The name in double quotes, for the text of a statement. The server cuts a statement that it pages or orders at `--`, also
 * inside quotes, so the characters of `--` are escaped.
 */
export const identifier = (name: unknown): Result.Result<string, string> =>
  Result.map(quoteName(name), (quoted) =>
    quoted.includes("--") ? `U&${quoted.replaceAll("\\", "\\\\").replaceAll("--", "\\002d\\002d")}` : quoted
  )
