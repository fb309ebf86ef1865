/** Which relations a parsed statement names, and with which rights: what the server itself checks when it runs it. */
import type { TablePermission } from "../../../../account/Grants.ts"
import { everyNode, isNode, type Item, type Node, nodes, number, numbers, readTree } from "./nodeTree.ts"

/** A relation that a statement names, and the rights it needs there. */
export interface Access {
  /** The relation's oid. */
  readonly relation: number
  readonly permissions: ReadonlyArray<TablePermission>
  /** Whether the statement itself names it, and not a query inside it. */
  readonly outermost: boolean
  /** Whether it is what an INSERT, UPDATE, DELETE or MERGE writes to. */
  readonly target: boolean
  /** The columns that it reads, and those that it gives values to, as the bits of PostgreSQL's sets. */
  readonly selected: ReadonlyArray<number>
  readonly inserted: ReadonlyArray<number>
  /** The columns, by their numbers, that it gives their defaults in so many words. */
  readonly defaulted: ReadonlyArray<number>
  /** Whether it is `NEW` or `OLD` of a rule, and so no relation that is read by its name. */
  readonly pseudo: boolean
}

const bits = [
  [1, "insert"],
  [2, "select"],
  [4, "update"],
  [8, "delete"]
] as const

/** The rights of an entry of the range table: PostgreSQL 16 moved them out of the entries. */
const rightsOf = (query: Node, entry: Node | undefined): Node | undefined =>
  entry?.fields.has("perminfoindex")
    ? nodes(query.fields.get("rteperminfos"))[number(entry, "perminfoindex") - 1]
    : entry

const entriesOf = (query: Node): ReadonlyArray<Node> => nodes(query.fields.get("rtable"))

/** The node that has the rights of what a query writes to. */
const targetOf = (query: Node): Node | undefined =>
  rightsOf(query, entriesOf(query)[number(query, "resultRelation") - 1])

/** The nodes that have the rights of `NEW` and `OLD`. */
const pseudoOf = (query: Node): ReadonlyArray<Node> =>
  entriesOf(query).flatMap((entry) => {
    const [alias] = nodes(entry.fields.get("alias"))
    const name = alias?.fields.get("aliasname")?.[0]
    const isPseudo = (name === "old" || name === "new") && entry.fields.get("inFromCl")?.[0] === "false"
    const rights = isPseudo ? rightsOf(query, entry) : undefined
    return rights === undefined ? [] : [rights]
  })

const isDefault = (node: Node | undefined): boolean => node?.tag === "SETTODEFAULT"

/** The columns that a query, or one of its actions, gives the word DEFAULT. */
const defaultsOf = (query: Node): ReadonlyArray<number> => {
  const targets: Array<Node> = []
  for (const values of query.fields.values()) {
    const inner = everyNode(values, ({ tag }) => tag !== "QUERY" && tag !== "TARGETENTRY")
    for (const node of inner) if (node.tag === "TARGETENTRY") targets.push(node)
  }
  // several rows of VALUES are an entry of the range table, to whose columns the targets refer
  const inRows = entriesOf(query).flatMap(({ fields }) =>
    (fields.get("values_lists") ?? []).flatMap((rows) =>
      typeof rows === "string" || isNode(rows)
        ? []
        : rows.flatMap((row) => [nodes(typeof row === "string" ? [] : [row])])
    )
  )
  return targets.flatMap((target) => {
    const [expression] = nodes(target.fields.get("expr"))
    const given = expression?.tag === "VAR" && inRows.some((row) => isDefault(row[number(expression, "varattno") - 1]))
    return isDefault(expression) || given ? [number(target, "resno")] : []
  })
}

const hasRights = (node: Node): boolean =>
  node.tag === "RTEPERMISSIONINFO" ||
  // a relation (kind 0) of PostgreSQL 15 and before, which called the node RTE once
  ((node.tag === "RANGETBLENTRY" || node.tag === "RTE") &&
    number(node, "rtekind") === 0 &&
    node.fields.has("requiredPerms"))

interface Enclosing {
  /** How many queries a node is in. */
  readonly queries: number
  readonly rights: Node | undefined
  readonly pseudo: ReadonlyArray<Node>
  readonly defaulted: ReadonlyArray<number>
}

const accessOf = (node: Node, { defaulted, pseudo, queries, rights }: Enclosing): ReadonlyArray<Access> => {
  const required = hasRights(node) ? number(node, "requiredPerms") : 0
  const permissions = bits.flatMap(([bit, permission]) => ((required & bit) === 0 ? [] : [permission]))
  if (permissions.length === 0) return []
  const target = node === rights
  return [
    {
      relation: number(node, "relid"),
      permissions,
      outermost: queries === 1,
      target,
      selected: numbers(node.fields.get("selectedCols")),
      inserted: numbers(node.fields.get("insertedCols")),
      defaulted: target ? defaulted : [],
      pseudo: pseudo.includes(node)
    }
  ]
}

/** The accesses of a stored statement. */
export const accesses = (tree: string): ReadonlyArray<Access> => {
  const found: Array<Access> = []
  const none: Enclosing = { queries: 0, rights: undefined, pseudo: [], defaulted: [] }
  const pending: Array<readonly [items: ReadonlyArray<Item>, enclosing: Enclosing]> = [[readTree(tree), none]]
  for (const [items, enclosing] of pending) {
    const inner = everyNode(items, ({ tag }) => tag !== "QUERY")
    for (const node of inner) {
      found.push(...accessOf(node, enclosing))
      if (node.tag !== "QUERY") continue
      const query: Enclosing = {
        queries: enclosing.queries + 1,
        rights: targetOf(node),
        pseudo: pseudoOf(node),
        defaulted: defaultsOf(node)
      }
      for (const values of node.fields.values()) pending.push([values, query])
    }
  }
  return found
}

/** The same with the numbers of columns in the place of the bits of sets, which count from a number below. */
export const withColumns = (access: Access, offset: number): Access => ({
  ...access,
  selected: access.selected.map((bit) => bit - offset),
  inserted: access.inserted.map((bit) => bit - offset)
})

/** Which column of the relation beneath each column of a view is, if it is one. */
export const viewColumns = (tree: string): ReadonlyMap<number, number> => {
  const [query] = nodes(readTree(tree))
  return new Map(
    nodes(query?.fields.get("targetList")).flatMap((entry) => {
      const [expression] = nodes(entry.fields.get("expr"))
      return expression?.tag === "VAR" ? [[number(entry, "resno"), number(expression, "varattno")] as const] : []
    })
  )
}

/** The columns of `NEW` that the actions of a rule refer to. */
export const newColumns = (tree: string): ReadonlySet<number> => {
  const found = new Set<number>()
  for (const node of everyNode(readTree(tree))) {
    // NEW is the second relation of a rule, however deep the query that refers to it
    if (node.tag === "VAR" && number(node, "varno") === 2) found.add(number(node, "varattno"))
  }
  return found
}

/** Whether the action of a rule is NOTHING: a query of a command that has no number in all versions, and no utility. */
export const isNothing = (tree: string): boolean =>
  nodes(readTree(tree)).every(
    (query) =>
      query.tag === "QUERY" && number(query, "commandType") > 4 && query.fields.get("utilityStmt")?.[0] === "<>"
  )
