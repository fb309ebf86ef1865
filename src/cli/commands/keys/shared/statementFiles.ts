/** Files of SQL whose statements are analyzed. */
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { sql, type Statement } from "../../../../sql/Statement.ts"
import { splitStatements } from "../../../statements.ts"
import { readText } from "../../../io/files.ts"

export const statementFiles = Flag.String("statements").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription("A file of SQL statements; - for stdin; repeatable"),
  Flag.atLeast(0)
)

/** Every statement of the files, named by its file and number. */
export const readStatements = Effect.fnUntraced(function* (files: ReadonlyArray<string>) {
  const found: Record<string, Statement> = {}
  for (const file of files) {
    const { statements } = splitStatements(yield* readText(file))
    for (const [index, text] of statements.entries()) {
      found[statements.length === 1 ? file : `${file}#${index + 1}`] = sql.unsafe(text)
    }
  }
  return found
})
