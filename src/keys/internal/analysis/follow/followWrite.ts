/** From rows that are written to what runs along: triggers, defaults, checks, indexes, partitions, foreign keys. */
import type { Column, Relation } from "../catalog/objects.ts"
import { nothing } from "../tree/expressions.ts"
import { type Context, type Following, type Item, run, type Write } from "./follow.ts"

/** Triggers. Their functions run with the rights of the caller, who needs no EXECUTE for them. */
const throughTriggers = (
  { usage }: Following,
  relation: Relation,
  write: Write,
  context: Context
): ReadonlyArray<Item> =>
  relation.triggers
    .filter(({ permission }) => permission === write.permission)
    // children have no triggers for statements; before rows change in a cascade, triggers run as the table's owner
    .filter(({ after, row }) => (write.scope === "child" ? row : write.scope === "cascade" ? after : true))
    .flatMap((trigger) => {
      usage.addRoutine({ oid: trigger.function, via: "trigger", isChecked: false }, context.statement)
      return run(trigger.condition, context, "trigger")
    })

/** Whether a column gets its default. A statement that a rule replaces computes it if the rule refers to it. */
const getsDefault = ({ complete }: Following, relation: Relation, write: Write, { statement }: Context) => {
  const { defaulted, inserted, permission, scope } = write
  return ({ generated, number }: Column): boolean => {
    if (generated || scope === "child") return false
    if (scope === "replaced" && !relation.rules.some(({ columns }) => columns.has(number))) return false
    return (
      defaulted.includes(number) || (permission === "insert" && !inserted.includes(number) && !complete.has(statement))
    )
  }
}

/** Defaults, generated columns, and the checks of domains. */
const throughColumns = (
  following: Following,
  relation: Relation,
  write: Write,
  context: Context
): ReadonlyArray<Item> => {
  const isDefaulted = getsDefault(following, relation, write, context)
  const isRead = following.complete.has(context.statement)
  return relation.columns.flatMap((column) => [
    ...(isDefaulted(column) || (column.generated && write.scope !== "replaced")
      ? run(column.value, context, "default")
      : []),
    // a column of a domain is checked when it gets NULL by default, and when COPY reads it
    ...(isDefaulted(column) || isRead ? run({ ...nothing, types: [column.type] }, context, "constraint") : [])
  ])
}

/** What new rows must pass: CHECK constraints, indexes with expressions, the bounds of partitions. */
const throughChecks = ({ catalog }: Following, relation: Relation, context: Context): ReadonlyArray<Item> => {
  const bounds: Array<Relation> = [relation]
  for (const each of bounds) {
    if (!each.isPartition) continue
    bounds.push(...each.parents.flatMap((oid) => catalog.relations.get(oid) ?? []))
  }
  return [
    ...relation.constraints.flatMap((check) => run(check, context, "constraint")),
    ...relation.indexes.flatMap((index) => run(index, context, "index")),
    ...bounds.flatMap(({ partitioning }) => run(partitioning, context, "partition"))
  ]
}

/** The children of a table, and what a row does that moves from one partition to another. */
const toChildren = (relation: Relation, write: Write): ReadonlyArray<Write> => {
  const { permission } = write
  const isPartitioned = relation.relkind === "p"
  if (permission === "insert" && !isPartitioned) return []
  const permissions =
    isPartitioned && permission === "update" ? (["update", "delete", "insert"] as const) : [permission]
  const scope = write.scope === "cascade" ? "cascade" : "child"
  return relation.children.flatMap((child) =>
    permissions.map((each): Write => ({ ...write, relation: child, permission: each, scope }))
  )
}

const toCascades = ({ cascades }: Relation, { permission }: Write): ReadonlyArray<Write> =>
  cascades
    .filter(({ on }) => on === permission)
    .map(({ does, relation }): Write => ({ relation, permission: does, inserted: [], defaulted: [], scope: "cascade" }))

/** What runs along with a write. */
export const followWrite = (following: Following, write: Write, context: Context): ReadonlyArray<Item> => {
  const { catalog, usage } = following
  const relation = catalog.relations.get(write.relation)
  if (relation === undefined) {
    usage.addOpaque(`relation ${write.relation}`, context.via, context.statement)
    return []
  }
  const { permission, scope } = write
  // a rule does it instead, for which the statement's own values are computed
  if (scope === "replaced") return throughColumns(following, relation, write, context)
  const isNew = permission === "insert" || permission === "update"
  const next = [...toChildren(relation, write), ...toCascades(relation, write)]
  if (isNew && scope !== "cascade") {
    for (const oid of relation.operatorClasses.flatMap((each) => catalog.families.get(each) ?? [])) {
      usage.addRoutine({ oid, via: "index", isChecked: false }, context.statement)
    }
  }
  return [
    ...throughTriggers(following, relation, write, context),
    ...(isNew && scope !== "cascade"
      ? [...throughColumns(following, relation, write, context), ...throughChecks(following, relation, context)]
      : []),
    ...next.map((each): Item => ({ kind: "write", write: each, context }))
  ]
}
