/** Follows statements to everything that they use. */
import type { Catalog } from "../catalog/objects.ts"
import { type Expression, nothing } from "../tree/expressions.ts"
import { accessAll, type Context, type Following, type Item, run } from "./follow.ts"
import { followAccess, isDiscarded } from "./followAccess.ts"
import { followExpression } from "./followExpression.ts"
import { followWrite } from "./followWrite.ts"
import type { Analyzed } from "../parseStatements.ts"
import type { StatementKind } from "../statements/statementKind.ts"
import { Usage } from "../usage.ts"

/** A statement with what PostgreSQL made of its query. */
export interface AnalyzedStatement extends Analyzed {
  readonly name: string
  readonly text: string
  readonly kind: StatementKind
}

/** Classes of objects that run nothing when a statement refers to them. */
const harmless = new Set(
  "pg_collation pg_ts_config pg_ts_dict pg_ts_parser pg_ts_template pg_constraint pg_extension pg_namespace pg_language pg_rewrite pg_am pg_cast".split(
    " "
  )
)

const classOf = (name: string): string => name.replace(/^pg_catalog\./, "")

/** The schemas of the objects that a statement refers to, by their oids. */
const schemasOf = (catalog: Catalog, { references }: Analyzed): ReadonlyMap<number, string> => {
  const { operators, others, relations, routines, types } = catalog
  return new Map(
    references.flatMap(({ class: name, oid }) => {
      const found = relations.get(oid) ?? routines.get(oid) ?? types.get(oid) ?? operators.get(oid) ?? others.get(oid)
      return found === undefined || classOf(name) === "pg_constraint" ? [] : [[found.schemaOid, found.schema] as const]
    })
  )
}

/** A name with a schema needs USAGE on the schema, if the statement writes the schema out. */
const noteSchemas = ({ catalog, usage }: Following, statement: AnalyzedStatement): void => {
  const text = statement.text.toLowerCase()
  const hasEscapes = text.includes("u&")
  for (const [oid, name] of schemasOf(catalog, statement)) {
    if (hasEscapes || text.includes(name.toLowerCase())) {
      usage.schemas.add(String(oid), { oid, name }, [statement.name])
    }
  }
}

/** What a statement refers to beyond its calls: PostgreSQL may run functions of these. */
const followReferences = (
  { catalog, usage }: Following,
  { expression, name: statement, references }: AnalyzedStatement
): Expression => {
  const called = new Set(expression.calls.map(({ routine }) => routine))
  const operators = new Set([...expression.operators, ...expression.comparisons])
  const of = (name: string): ReadonlyArray<number> =>
    references.filter((reference) => classOf(reference.class) === name).map(({ oid }) => oid)
  const add = (oid: number) => usage.addRoutine({ oid, via: "call", isChecked: false }, statement)
  for (const oid of of("pg_proc")) if (!called.has(oid)) add(oid)
  for (const oid of [...of("pg_opclass"), ...of("pg_opfamily")])
    for (const each of catalog.families.get(oid) ?? []) add(each)
  for (const { class: name, oid } of references) {
    const known =
      /^pg_(?:class|proc|type|operator|opclass|opfamily)$/.test(classOf(name)) || harmless.has(classOf(name))
    if (!known) usage.addOpaque(`an object of ${name} (${oid})`, "call", statement)
  }
  return { ...nothing, types: of("pg_type"), comparisons: of("pg_operator").filter((oid) => !operators.has(oid)) }
}

const first = (following: Following, statement: AnalyzedStatement): ReadonlyArray<Item> => {
  const { accesses, expression, kind, name } = statement
  const context: Context = { statement: name, role: undefined, via: "call" }
  // only its types count, and names that it looks up
  if (kind.unread) return []
  if (kind.runsOnly) return run(expression, context, "constraint")
  const target = accesses.find(({ outermost, target }) => outermost && target)
  const relation = target === undefined ? undefined : following.catalog.relations.get(target.relation)
  const isNothing = relation !== undefined && target !== undefined && isDiscarded(relation, target)
  if (isNothing && !following.withoutRules.has(name)) return []
  return [
    ...accessAll(accesses, context),
    ...run(expression, context, "call"),
    ...run(followReferences(following, statement), context, "call")
  ]
}

const follow = (following: Following, item: Item): ReadonlyArray<Item> => {
  switch (item.kind) {
    case "access":
      return followAccess(following, item.access, item.context)
    case "expression":
      return followExpression(following, item.expression, item.context)
    case "write":
      return followWrite(following, item.write, item.context)
  }
}

/** Each item once: an expression is known by its identity, the rest by what it says. */
const makeSeen = (): ((item: Item) => boolean) => {
  const texts = new Set<string>()
  const expressions = new Map<Expression, Set<string>>()
  return (item) => {
    const known = item.kind === "expression" ? (expressions.get(item.expression) ?? new Set<string>()) : texts
    const key = JSON.stringify(item.kind === "expression" ? item.context : item)
    if (item.kind === "expression") expressions.set(item.expression, known)
    if (known.has(key)) return true
    known.add(key)
    return false
  }
}

/** What statements use. */
export const followStatements = (catalog: Catalog, statements: ReadonlyArray<AnalyzedStatement>): Usage => {
  const usage = new Usage()
  const named = (isSo: (kind: StatementKind) => boolean): ReadonlySet<string> =>
    new Set(statements.filter(({ kind }) => isSo(kind)).map(({ name }) => name))
  const following: Following = {
    catalog,
    usage,
    complete: named(({ complete }) => complete === true),
    withoutRules: named(({ withoutRules }) => withoutRules === true)
  }
  for (const statement of statements) noteSchemas(following, statement)
  const seen = makeSeen()
  const pending: Array<Item> = statements.flatMap((statement) => [...first(following, statement)])
  for (const item of pending) if (!seen(item)) pending.push(...follow(following, item))
  return usage
}
