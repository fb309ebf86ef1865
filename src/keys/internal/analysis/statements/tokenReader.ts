/** Finds names, parentheses and words among the tokens of a statement. */
import type { Token } from "./sqlTokens.ts"

/** A name, as its parts between dots. */
export interface Name {
  readonly parts: ReadonlyArray<string>
  /** The index of the token after it. */
  readonly next: number
}

/** Whether a token is one of these words, which are in lower case. */
export const isWord = (token: Token | undefined, ...words: ReadonlyArray<string>): boolean =>
  token?.kind === "word" && words.includes(token.text)

/** Whether a token is this sign. */
export const isSign = (token: Token | undefined, sign: string): boolean => token?.kind === "sign" && token.text === sign

/** The name that begins at an index. */
export const readName = (found: ReadonlyArray<Token>, from: number): Name => {
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
export const afterParentheses = (found: ReadonlyArray<Token>, from: number): number => {
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

/** The text from one token up to another. */
export const textOf = (sql: string, found: ReadonlyArray<Token>, from: number, to: number): string =>
  sql.slice(found[from]?.start ?? sql.length, found[to - 1]?.end ?? sql.length)

/** The tokens that stand in no parentheses, from an index on. */
export function* outermost(found: ReadonlyArray<Token>, from: number): Generator<number, void> {
  let index = from
  while (index < found.length) {
    if (isSign(found[index], "(")) index = afterParentheses(found, index)
    else yield index++
  }
}

/** The index of the first such word in no parentheses, or -1. */
export const indexOfWord = (found: ReadonlyArray<Token>, from: number, ...words: ReadonlyArray<string>): number => {
  for (const index of outermost(found, from)) if (isWord(found[index], ...words)) return index
  return -1
}
