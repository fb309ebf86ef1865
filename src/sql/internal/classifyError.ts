/**
 * What PostgreSQL means, from its message: the SQL API sends no SQLSTATE. A message must begin and end as a rule says, so that
 * a user's own text inside a message is never taken for one. A test of a rule is linear in the length of the message, which
 * anyone can choose who can raise an error.
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

/** How a message begins, and what follows in it: at its end, unless the text ends with an ellipsis. */
type Rule = readonly [reason: new (said: Said) => StatementReason, begin: string, end?: string]

/** What PostgreSQL's parser stops at. */
const near = [
  "syntax error",
  "unterminated quoted string",
  "unterminated dollar-quoted string",
  "unterminated bit string literal",
  "unterminated hexadecimal string literal",
  "unterminated quoted identifier",
  "unterminated /* comment",
  "zero-length delimited identifier",
  "trailing junk after numeric literal",
  "trailing junk after parameter"
]
const violates = '" violates foreign key constraint "…'

const rules: ReadonlyArray<Rule> = [
  [StatementTimeout, "You are over platform's limits: SQL query timeout error", "…"],
  [StatementTimeout, "canceling statement due to statement timeout"],
  [SystemTableForbidden, "system tables are forbidden"],
  [SqlSyntax, "syntax error at end of input"],
  ...near.map((what): Rule => [SqlSyntax, `${what} at or near "`, "…"]),
  [UndefinedTable, 'relation "', '" does not exist'],
  [UndefinedTable, 'missing FROM-clause entry for table "', '"'],
  [UndefinedColumn, "column ", " does not exist"],
  [UndefinedFunction, "function ", " does not exist"],
  [UndefinedFunction, "procedure ", " does not exist"],
  [UndefinedFunction, "aggregate ", " does not exist"],
  [UndefinedFunction, "routine ", " does not exist"],
  [UndefinedFunction, "operator does not exist: ", "…"],
  [UniqueViolation, 'duplicate key value violates unique constraint "', '"'],
  [NotNullViolation, 'null value in column "', '" violates not-null constraint'],
  [NotNullViolation, "domain ", " does not allow null values"],
  [ForeignKeyViolation, 'insert or update on table "', violates],
  [ForeignKeyViolation, 'update or delete on table "', violates],
  [CheckViolation, 'new row for relation "', '" violates check constraint "…'],
  [CheckViolation, "value for domain ", ' violates check constraint "…'],
  [ExclusionViolation, 'conflicting key value violates exclusion constraint "', '"'],
  [NotOwner, "must be owner of ", "…"],
  [NotOwner, "must be the owner of ", "…"],
  [NotOwner, "must be able to SET ROLE ", "…"]
]

const matches = (description: string, [, begin, end]: Rule): boolean => {
  if (end === undefined) return description === begin
  if (!description.startsWith(begin)) return false
  const rest = description.slice(begin.length)
  return end.endsWith("…") ? rest.includes(end.slice(0, -1)) : rest.endsWith(end) && rest.length > end.length
}

/** The hint of a message that a string or an array without a type leads to. */
const typeless = /^(?:function .{1,500} is not unique$|could not determine polymorphic type )/

/** The reason of a failed statement. `isDenied` if the status says that a permission is missing, whatever the message is. */
export const classifyError = (said: Said, isDenied = false): StatementReason => {
  const { description } = said
  const rule = rules.find((candidate) => matches(description, candidate))
  if (rule !== undefined) return new rule[0](said)
  if (!isDenied && !description.startsWith("permission denied")) {
    return new QueryFailed(
      typeless.test(description) ? { ...said, hint: "give the value its type: ${values}::text[]" } : said
    )
  }
  const [, objectType, object] = permissionOn.exec(description) ?? []
  return new PermissionDenied({ description, objectType, object })
}
