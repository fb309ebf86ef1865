/** From an access of a relation to what is behind it: a view's query, rules, policies, and what comes with a write. */
import type { Access } from "../tree/accesses.ts"
import type { Policy, Relation, Rule, Stored } from "../catalog/objects.ts"
import { accessAll, type Context, type Following, type Item, run } from "./follow.ts"

/** A stored query or condition in a context. */
const follow = ({ accesses, expression }: Stored, context: Context, via: Context["via"]): ReadonlyArray<Item> => [
  ...accessAll(accesses, { ...context, via }),
  ...run(expression, context, via)
]

/** The rules for what an access writes. */
const rulesFor = ({ rules }: Relation, { permissions }: Access): ReadonlyArray<Rule> =>
  rules.filter(({ permission }) => permissions.some((each) => each === permission))

/** Whether a rule takes the place of the write altogether. */
const isReplaced = (rules: ReadonlyArray<Rule>): boolean =>
  rules.some(({ condition, instead }) => instead && condition === undefined)

/** Whether rules leave nothing of a write: then PostgreSQL does not even check whether it is allowed. */
export const isDiscarded = (relation: Relation, access: Access): boolean => {
  const rules = rulesFor(relation, access)
  return isReplaced(rules) && rules.every(({ action }) => action === undefined)
}

const changesRows = ({ permissions }: Access): boolean =>
  permissions.includes("update") || permissions.includes("delete")

/**
 * What is accessed behind a view when it is read, locked or written. The rights that count there are its owner's, or with
 * `security_invoker` always those of the key, also where another view reads it.
 */
const behindView = (view: Relation, query: Stored, access: Access, context: Context): ReadonlyArray<Item> => {
  const { beneath, checks, columns, invoker, triggers } = view
  const inner: Context = { ...context, role: invoker ? undefined : view.owner }
  const accesses = query.accesses.filter(({ relation }) => relation !== view.oid)
  const direct = accesses.filter(({ outermost }) => outermost)
  const nested = accesses.filter(({ outermost }) => !outermost)
  const expression = run(query.expression, context, "call")
  if (access.target) {
    const { permissions, target } = access
    const isInstead =
      isReplaced(rulesFor(view, access)) ||
      triggers.some(({ instead, permission }) => instead && permissions.some((each) => each === permission))
    // a rule or a trigger does it, which gets the rows that the view reads
    if (isInstead) return changesRows(access) ? [...accessAll(accesses, inner), ...expression] : []
    // the one relation that the view is made of takes its place, and the view's conditions may hold queries
    const under = (numbers: ReadonlyArray<number>) => numbers.flatMap((column) => beneath.get(column) ?? [])
    const withDefaults = columns.flatMap(({ number, value }) => (value === undefined ? [] : [number]))
    const inserted = under([...access.inserted, ...withDefaults])
    const defaulted = under(access.defaulted.filter((column) => !withDefaults.includes(column)))
    const usesConditions = checks || changesRows(access) || permissions.includes("select")
    return [
      ...accessAll(
        direct.map((each) => ({ ...each, permissions, target, inserted, defaulted })),
        inner
      ),
      ...(usesConditions ? [...accessAll(nested, inner), ...expression] : [])
    ]
  }
  // SELECT … FOR UPDATE locks what the view is made of
  const locks = access.permissions.filter((permission) => permission !== "select")
  const locked = direct.map((each) => ({ ...each, permissions: [...each.permissions, ...locks] }))
  return [...accessAll([...locked, ...nested], inner), ...expression]
}

/** The rules of what is written. Their relations are accessed with the rights of the table's owner. */
const throughRules = (relation: Relation, rules: ReadonlyArray<Rule>, context: Context): ReadonlyArray<Item> =>
  rules.flatMap(({ action, condition }) =>
    [condition, action].flatMap((stored) =>
      stored === undefined ? [] : follow(stored, { ...context, role: relation.owner }, "rule")
    )
  )

/** What row-level security evaluates. It holds for the role whose rights count, except for the table's owner. */
const throughPolicies = (
  { usage }: Following,
  relation: Relation,
  access: Access,
  context: Context
): ReadonlyArray<Item> => {
  const { forced, name, owner, policies, schema } = relation
  if (policies === undefined || (context.role === owner && !forced)) return []
  const table = `${schema}.${name}`
  const { permissions, target } = access
  const evaluated = (policy: Policy): ReadonlyArray<Stored> => [
    ...(policy.permission === "insert" ? [] : [policy.using]),
    ...(target && (policy.permission === "insert" || policy.permission === "update") ? [policy.check] : [])
  ]
  return permissions.flatMap((permission) => {
    const found = policies.filter(
      (policy) => policy.permission === permission && (policy.applies || context.role !== undefined)
    )
    if (context.role === undefined && !found.some(({ permissive }) => permissive)) {
      const remedy = "row-level security hides all rows from keys; make a policy, or use the master key"
      usage.addUnmet(`a policy for ${permission} on ${table}`, remedy, context.statement)
    }
    return found.flatMap((policy) =>
      evaluated(policy).flatMap((stored) => {
        if (stored.expression.usesRole)
          usage.addOpaque(`policy ${policy.name} on ${table}`, "policy", context.statement)
        return follow(stored, context, "policy")
      })
    )
  })
}

/** Notes an access, and returns what follows from it. */
export const followAccess = (following: Following, access: Access, context: Context): ReadonlyArray<Item> => {
  const { catalog, usage, withoutRules } = following
  const { defaulted, inserted, permissions, pseudo, target } = access
  const { role, statement } = context
  if (pseudo) return []
  const relation = catalog.relations.get(access.relation)
  const system = catalog.system.get(access.relation)
  // the SQL API lets only the master key read system tables, behind whatever view
  if (system !== undefined) {
    const remedy = "use the master key; regular keys cannot be granted tables of the system"
    for (const permission of permissions) usage.addUnmet(`${permission} on ${system}`, remedy, statement)
    return []
  }
  if (relation === undefined) {
    usage.addOpaque(`relation ${access.relation}`, context.via, statement)
    return []
  }
  const table = `${relation.schema}.${relation.name}`
  for (const permission of permissions) {
    usage.addRelation({ relation: relation.oid, permission, role }, statement)
  }
  if (relation.relkind === "f") usage.addOpaque(`foreign table ${table}`, context.via, statement)
  if (target && relation.policies !== undefined && withoutRules.has(statement)) {
    usage.addUnmet(`COPY to ${table}`, "COPY does not go with row-level security; use INSERT", statement)
  }
  const rules = target && !withoutRules.has(statement) ? rulesFor(relation, access) : []
  const scope = isReplaced(rules) ? "replaced" : "target"
  return [
    ...(relation.view === undefined ? [] : behindView(relation, relation.view, access, context)),
    ...throughPolicies(following, relation, access, context),
    ...throughRules(relation, rules, context),
    ...(target ? permissions : [])
      .filter((permission) => permission !== "select")
      .map((permission): Item => ({
        kind: "write",
        write: { relation: relation.oid, permission, inserted, defaulted, scope },
        context
      }))
  ]
}
