/** Statements that look at or change settings of the session. */
import { beyond, type StatementKind } from "./kind.ts"
import type { Token } from "./sqlTokens.ts"
import { isSign, isWord, readName } from "./tokenReader.ts"

const oneRole = "a key is one role, and cannot take another"

/** `SET …`, from the word after SET on. */
const setKind = (found: ReadonlyArray<Token>, from: number): StatementKind => {
  let at = from
  // SET SESSION AUTHORIZATION and SET SESSION CHARACTERISTICS are no settings of the session's own
  if (isWord(found[at], "session", "local") && !isWord(found[at + 1], "characteristics")) at += 1
  const second = found[at + 1]
  if (isWord(found[at], "authorization")) {
    return isWord(second, "default") ? {} : { beyondGrants: [beyond("SET SESSION AUTHORIZATION", oneRole)] }
  }
  if (isWord(found[at], "role") && !isSign(second, "=") && !isWord(second, "to")) {
    return isWord(second, "none") ? {} : { beyondGrants: [beyond("SET ROLE", oneRole)] }
  }
  if (isWord(found[at], "transaction", "constraints", "time", "names", "xml") || isWord(second, "characteristics")) {
    return {}
  }
  if (isWord(found[at], "schema")) return { sets: ["search_path"] }
  const { parts } = readName(found, at)
  return { sets: [parts.join(".").toLowerCase()] }
}

/** SET, RESET and SHOW; `undefined` for other statements. */
export const sessionKind = (found: ReadonlyArray<Token>): StatementKind | undefined => {
  const [first, second] = found
  if (isWord(first, "set")) return setKind(found, 1)
  const name = readName(found, 1).parts.join(".").toLowerCase()
  if (isWord(first, "reset")) {
    const isFree = isWord(second, "all", "role", "session", "time", "transaction")
    return isFree ? {} : { sets: [name] }
  }
  if (isWord(first, "show")) {
    const isFree = isWord(second, "all", "session", "time", "transaction")
    return isFree ? {} : { reads: [name] }
  }
  return undefined
}

/** The settings that a function or a role is given: `… SET name TO value …`. */
export const settingsOf = (found: ReadonlyArray<Token>): ReadonlyArray<string> =>
  found.flatMap((token, index) => (isWord(token, "set") ? (setKind(found, index + 1).sets ?? []) : []))
