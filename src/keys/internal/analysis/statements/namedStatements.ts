/** Statements and their names in results. */
import * as Result from "effect/Result"
import { refuse } from "../../../../errors/internal/invalidInput.ts"
import type { InvalidInput } from "../../../../errors/Call.ts"
import { compile } from "../../../../sql/internal/compile.ts"
import { isStatement, type Statement } from "../../../../sql/Statement.ts"
import { split } from "./sqlTokens.ts"

/** Statements to analyze. In a list they are called `statement 1`, `statement 2`, …; in a record by its keys. */
export type Statements = ReadonlyArray<Statement> | Readonly<Record<string, Statement>>

export interface NamedStatement {
  readonly name: string
  /** One statement, without a semicolon. */
  readonly text: string
}

const isList = (statements: Statements): statements is ReadonlyArray<Statement> => Array.isArray(statements)

const entriesOf = (statements: Statements): ReadonlyArray<readonly [string, Statement]> =>
  isList(statements)
    ? statements.map((statement, index) => [`statement ${index + 1}`, statement])
    : Object.entries(statements)

/** A text of several statements becomes as many, of one name. */
export const namedStatements = (statements: Statements): Result.Result<ReadonlyArray<NamedStatement>, InvalidInput> => {
  if (typeof statements !== "object" || statements === null || isStatement(statements)) {
    return refuse("statements", statements, "give an array of statements, or an object with a name for each")
  }
  return Result.map(
    Result.all(
      entriesOf(statements).map(([name, statement]) =>
        Result.map(compile(statement), (sql) => split(sql).map((text): NamedStatement => ({ name, text })))
      )
    ),
    (all) => all.flat()
  )
}
