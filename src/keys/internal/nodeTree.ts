/**
 * PostgreSQL's text form of a parsed statement (`pg_node_tree`): which relations it names, and with which rights. That is
 * what the server itself checks when it runs the statement.
 */

interface Node {
  readonly tag: string
  readonly fields: ReadonlyMap<string, ReadonlyArray<Item>>
}
type Item = Node | ReadonlyArray<Item> | string

/** A relation that a statement names, and the rights it needs there. */
export interface Access {
  /** The relation's oid. */
  readonly relation: number
  readonly permissions: ReadonlyArray<"delete" | "insert" | "select" | "update">
  /** Whether the statement itself names it, and not a query inside it. */
  readonly outermost: boolean
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

const collect = (items: ReadonlyArray<Item>, queries: number, into: Array<Access>): void => {
  for (const item of items) {
    if (typeof item === "string") continue
    if (!isNode(item)) {
      collect(item, queries, into)
      continue
    }
    const { fields, tag } = item
    const number = (field: string): number => Number(fields.get(field)?.[0])
    // PostgreSQL 16 took the rights out of the range table's entries, which until then had them for relations (kind 0)
    const isRelation = (tag === "RANGETBLENTRY" || tag === "RTE") && number("rtekind") === 0
    const hasRights = tag === "RTEPERMISSIONINFO" || (isRelation && fields.has("requiredPerms"))
    const required = hasRights ? number("requiredPerms") : 0
    const permissions = bits.flatMap(([bit, permission]) => ((required & bit) === 0 ? [] : [permission]))
    if (permissions.length > 0) {
      into.push({ relation: number("relid"), permissions, outermost: queries === 1 })
    }
    for (const values of fields.values()) collect(values, queries + (tag === "QUERY" ? 1 : 0), into)
  }
}

/** The accesses of a stored statement, in the order of its text. */
export const accesses = (tree: string): ReadonlyArray<Access> => {
  const found: Array<Access> = []
  collect(read(tree), 0, found)
  return found
}
