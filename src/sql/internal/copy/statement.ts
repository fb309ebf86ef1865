/** Checks of a COPY statement that the server makes badly or not at all. */
import * as Result from "effect/Result"
import type { InvalidInput } from "../../../errors/Call.ts"
import { compile } from "../compile.ts"
import type { Statement } from "../../Statement.ts"
import { refuse } from "../../../errors/internal/invalidInput.ts"
import { codeOnly } from "../lexer.ts"

export interface CopyStatement {
  readonly text: string
  /** Whether the data is in PostgreSQL's binary format. */
  readonly binary: boolean
}

const endings = { to: /\bto\s+stdout\b/i, from: /\bfrom\s+stdin\b/i }

/** The text without its query: in `COPY (SELECT … FROM stdin) TO STDOUT` the table is in parentheses. */
const withoutQuery = (code: string): string => {
  const open = code.indexOf("(")
  const close = code.lastIndexOf(")")
  return open === -1 || close < open ? code : code.slice(0, open) + code.slice(close + 1)
}

/** A COPY in the given direction. The server would hang on one in the other direction. */
export const readCopy = (statement: Statement, direction: "to" | "from"): Result.Result<CopyStatement, InvalidInput> =>
  Result.flatMap(compile(statement), (compiled) => {
    // the server wants COPY and one space at the very beginning
    const text = compiled.trim().replace(/^copy\s+/i, "COPY ")
    const code = codeOnly(text)
    const form = direction === "to" ? "COPY … TO STDOUT" : "COPY … FROM STDIN"
    if (!text.startsWith("COPY ") || !endings[direction].test(code)) {
      return refuse("statement", text, `write ${form}`)
    }
    if (endings[direction === "to" ? "from" : "to"].test(withoutQuery(code))) {
      return refuse("statement", text, `write ${form}, and only that`)
    }
    return /;\s*\S/.test(code)
      ? refuse("statement", text, "one COPY at a time: the server ignores what follows it")
      : Result.succeed({ text, binary: /\bbinary\b/i.test(code) })
  })
