/**
 * PostgreSQL's text form of a parsed statement (`pg_node_tree`): which relations it names, and with which rights. That is
 * what the server itself checks when it runs the statement.
 */
import type { TablePermission } from "../../../account/Grants.ts"

interface Node {
  readonly tag: string
  readonly fields: ReadonlyMap<string, ReadonlyArray<Item>>
}
type Item = Node | ReadonlyArray<Item> | string

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
}

const read = (text: string): ReadonlyArray<Item> => {
  // braces, parentheses and white space that belong to a name are escaped
  const words = text.match(/[(){}]|(?:\\[^]|[^\\\s(){}])+/g) ?? []
  let at = 0
  const list = (end: string): ReadonlyArray<Item> => {
    const items: Array<Item> = []
    for (let word = words[at]; word !== undefined && word !== end; word = words[at]) {
      at += 1
      items.push(word === "(" ? list(")") : word === "{" ? node() : word)
    }
    at += 1
    return items
  }
  const node = (): Node => {
    const [tag, ...rest] = list("}")
    const fields = new Map<string, Array<Item>>()
    let values: Array<Item> = []
    for (const item of rest) {
      if (typeof item === "string" && item.startsWith(":")) fields.set(item.slice(1), (values = []))
      else values.push(item)
    }
    return { tag: typeof tag === "string" ? tag : "", fields }
  }
  return list("")
}

const bits = [
  [1, "insert"],
  [2, "select"],
  [4, "update"],
  [8, "delete"]
] as const

const isNode = (item: Item): item is Node => typeof item === "object" && "tag" in item

/** `(b 8 9)`. */
const bitmap = (values: ReadonlyArray<Item> = []): ReadonlyArray<number> => {
  const [set] = values
  return Array.isArray(set) ? set.slice(1).map(Number) : []
}

const nodes = (items: ReadonlyArray<Item> = []): ReadonlyArray<Node> =>
  items.flatMap((item) => (typeof item === "string" ? [] : isNode(item) ? [item] : nodes(item)))

const number = ({ fields }: Node, field: string): number => Number(fields.get(field)?.[0])

/** The node that has the rights of what a query writes to. */
const targetOf = (query: Node): Node | undefined => {
  const entry = nodes(query.fields.get("rtable"))[number(query, "resultRelation") - 1]
  // PostgreSQL 16 took the rights out of the entries of the range table
  return entry?.fields.has("perminfoindex")
    ? nodes(query.fields.get("rteperminfos"))[number(entry, "perminfoindex") - 1]
    : entry
}

const isDefault = (node: Node | undefined): boolean => node?.tag === "SETTODEFAULT"

/** The columns that a query, or one of its actions, gives the word DEFAULT. */
const defaultsOf = (query: Node): ReadonlyArray<number> => {
  const targets: Array<Node> = []
  const gather = (items: ReadonlyArray<Item>): void => {
    for (const node of nodes(items)) {
      if (node.tag === "TARGETENTRY") targets.push(node)
      else if (node.tag !== "QUERY") for (const values of node.fields.values()) gather(values)
    }
  }
  for (const values of query.fields.values()) gather(values)
  // several rows of VALUES are an entry of the range table, to whose columns the targets refer
  const inRows = nodes(query.fields.get("rtable")).flatMap(({ fields }) =>
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

interface Target {
  readonly rights: Node | undefined
  readonly defaulted: ReadonlyArray<number>
}

const collect = (items: ReadonlyArray<Item>, queries: number, target: Target, into: Array<Access>): void => {
  for (const node of nodes(items)) {
    const { fields } = node
    const required = hasRights(node) ? number(node, "requiredPerms") : 0
    const permissions = bits.flatMap(([bit, permission]) => ((required & bit) === 0 ? [] : [permission]))
    if (permissions.length > 0) {
      into.push({
        relation: number(node, "relid"),
        permissions,
        outermost: queries === 1,
        target: node === target.rights,
        selected: bitmap(fields.get("selectedCols")),
        inserted: bitmap(fields.get("insertedCols")),
        defaulted: node === target.rights ? target.defaulted : []
      })
    }
    const isQuery = node.tag === "QUERY"
    const inner = isQuery ? { rights: targetOf(node), defaulted: defaultsOf(node) } : target
    for (const values of fields.values()) collect(values, queries + (isQuery ? 1 : 0), inner, into)
  }
}

/** The accesses of a stored statement, in the order of its text. */
export const accesses = (tree: string): ReadonlyArray<Access> => {
  const found: Array<Access> = []
  collect(read(tree), 0, { rights: undefined, defaulted: [] }, found)
  return found
}

/** A call of a function, and the oid that its first argument is, if that is one. */
export interface Call {
  readonly routine: number
  readonly first: number | undefined
}

const constantOid = (node: Node | undefined): number | undefined => {
  if (node?.tag !== "CONST") return undefined
  const [, , ...bytes] = (node.fields.get("constvalue") ?? []).filter((item) => typeof item === "string")
  return bytes.slice(0, 4).reduceRight((sum, byte) => sum * 256 + (Number(byte) & 255), 0)
}

/** The calls of functions in a stored statement. */
export const calls = (tree: string): ReadonlyArray<Call> => {
  const found: Array<Call> = []
  const gather = (items: ReadonlyArray<Item>): void => {
    for (const node of nodes(items)) {
      if (node.tag === "FUNCEXPR") {
        found.push({ routine: number(node, "funcid"), first: constantOid(nodes(node.fields.get("args"))[0]) })
      }
      for (const values of node.fields.values()) gather(values)
    }
  }
  gather(read(tree))
  return found
}

/** Of a view's query: which column of the relation beneath each of its columns is, where it is one. */
export const viewColumns = (tree: string): ReadonlyMap<number, number> => {
  const [query] = nodes(read(tree))
  return new Map(
    nodes(query?.fields.get("targetList")).flatMap((entry) => {
      const [expression] = nodes(entry.fields.get("expr"))
      return expression?.tag === "VAR" ? [[number(entry, "resno"), number(expression, "varattno")] as const] : []
    })
  )
}
