/**
 * What PostgreSQL meant, from its message: the SQL API sends no SQLSTATE. Every rule is anchored at both ends of the
 * message or at its fixed beginning, so that words of the user's own SQL inside it never match.
 */
import {
  CheckViolation,
  ExclusionViolation,
  ForeignKeyViolation,
  NotNullViolation,
  NotOwner,
  PermissionDenied,
  QueryFailed,
  SqlSyntax,
  type StatementReason,
  StatementTimeout,
  SystemTableForbidden,
  UndefinedColumn,
  UndefinedFunction,
  UndefinedTable,
  UniqueViolation
} from "../../errors/SqlApi.ts"

interface Said {
  readonly description: string
  readonly detail?: string | undefined
  readonly hint?: string | undefined
}

const objectTypes =
  "table|view|materialized view|sequence|schema|function|procedure|aggregate|routine|database|foreign table|" +
  "foreign server|foreign-data wrapper|language|large object|type|domain|tablespace|relation|column|parameter|index"
const permissionOn = new RegExp(`^permission denied for (${objectTypes}) ([^]+)$`)

const rules: ReadonlyArray<readonly [pattern: RegExp, reason: new (said: Said) => StatementReason]> = [
  [/^You are over platform's limits: SQL query timeout error\b/, StatementTimeout],
  [/^canceling statement due to statement timeout$/, StatementTimeout],
  [/^system tables are forbidden$/, SystemTableForbidden],
  [/^syntax error at (?:or near "|end of input$)/, SqlSyntax],
  [/^unterminated (?:quoted|dollar-quoted|bit|hexadecimal) string(?: literal)? at or near "/, SqlSyntax],
  [/^unterminated (?:quoted identifier|\/\* comment) at or near "/, SqlSyntax],
  [/^zero-length delimited identifier at or near "/, SqlSyntax],
  [/^trailing junk after (?:numeric literal|parameter) at or near "/, SqlSyntax],
  [/^relation "[^]+" does not exist$/, UndefinedTable],
  [/^missing FROM-clause entry for table "[^]+"$/, UndefinedTable],
  [/^column "[^]+" of relation "[^]+" does not exist$/, UndefinedColumn],
  [/^column [^]+ does not exist$/, UndefinedColumn],
  [/^(?:function|procedure|aggregate|routine) [^]+ does not exist$/, UndefinedFunction],
  [/^operator does not exist: [^]+$/, UndefinedFunction],
  [/^duplicate key value violates unique constraint "[^]+"$/, UniqueViolation],
  [/^null value in column "[^]+"(?: of relation "[^]+")? violates not-null constraint$/, NotNullViolation],
  [/^domain [^]+ does not allow null values$/, NotNullViolation],
  [/^(?:insert or update|update or delete) on table "[^]+" violates foreign key constraint "/, ForeignKeyViolation],
  [/^new row for relation "[^]+" violates check constraint "[^]+"$/, CheckViolation],
  [/^value for domain [^]+ violates check constraint "[^]+"$/, CheckViolation],
  [/^conflicting key value violates exclusion constraint "[^]+"$/, ExclusionViolation],
  [/^must be (?:owner of|the owner of|able to SET ROLE) [^]+$/, NotOwner]
]

/** `isDenied` where the status says that a right is lacking, whatever the words. */
export const classifyError = (said: Said, isDenied = false): StatementReason => {
  const { description } = said
  const rule = rules.find(([pattern]) => pattern.test(description))
  if (rule !== undefined) return new rule[1](said)
  if (!isDenied && !description.startsWith("permission denied")) return new QueryFailed(said)
  const [, objectType, object] = permissionOn.exec(description) ?? []
  return new PermissionDenied({ description, objectType, object })
}
