/** PostgreSQL's text form of a parsed statement or expression (`pg_node_tree`), as nodes with fields. */

/** A node: its tag, and its fields by name. */
export interface Node {
  readonly tag: string
  readonly fields: ReadonlyMap<string, ReadonlyArray<Item>>
}

/** What a field holds: nodes, lists, and words. */
export type Item = Node | ReadonlyArray<Item> | string

const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13)

/** The words and brackets of a tree. Brackets and white space that belong to a name are escaped by a backslash. */
const words = (text: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  let at = 0
  while (at < text.length) {
    const char = text[at] ?? ""
    if (isSpace(text.charCodeAt(at))) at += 1
    else if ("(){}".includes(char)) {
      found.push(char)
      at += 1
    } else {
      const start = at
      while (at < text.length && !isSpace(text.charCodeAt(at)) && !"(){}".includes(text[at] ?? "")) {
        at += text[at] === "\\" ? 2 : 1
      }
      found.push(text.slice(start, at))
    }
  }
  return found
}

const nodeOf = ([tag, ...rest]: ReadonlyArray<Item>): Node => {
  const fields = new Map<string, Array<Item>>()
  let values: Array<Item> = []
  for (const item of rest) {
    if (typeof item === "string" && item.startsWith(":")) fields.set(item.slice(1), (values = []))
    else values.push(item)
  }
  return { tag: typeof tag === "string" ? tag : "", fields }
}

/** Reads the text of a tree. Nesting is as deep as expressions are long, so nothing here recurs. */
export const readTree = (text: string): ReadonlyArray<Item> => {
  const root: Array<Item> = []
  const open: Array<Array<Item>> = [root]
  for (const word of words(text)) {
    const items = open.at(-1) ?? root
    if (word === "(" || word === "{") open.push([])
    else if (word === ")" || word === "}") {
      // one that closes nothing belongs to a text that was cut off
      if (open.length === 1) continue
      open.pop()
      open.at(-1)?.push(word === ")" ? items : nodeOf(items))
    } else items.push(word)
  }
  return root
}

/** Whether an item is a node. */
export const isNode = (item: Item): item is Node => typeof item === "object" && "tag" in item

/** The nodes of a list, and of the lists in it. */
export const nodes = (items: ReadonlyArray<Item> = []): ReadonlyArray<Node> =>
  items.flatMap((item) => (typeof item === "string" ? [] : isNode(item) ? [item] : nodes(item)))

/** The number that a field holds, or `NaN`. */
export const number = ({ fields }: Node, field: string): number => Number(fields.get(field)?.[0])

/** The numbers of a set or a list of oids: `(b 8 9)`, `(o 23 25)`. */
export const numbers = (values: ReadonlyArray<Item> = []): ReadonlyArray<number> => {
  const [list] = values
  return Array.isArray(list) ? list.slice(1).map(Number) : []
}

/** Every node of a tree in the order of its text, but not what is inside nodes at which `enter` says no. */
export function* everyNode(
  items: ReadonlyArray<Item>,
  enter: (node: Node) => boolean = () => true
): Generator<Node, void> {
  const pending: Array<Item> = items.toReversed()
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (typeof item === "string") continue
    if (!isNode(item)) for (let at = item.length - 1; at >= 0; at -= 1) pending.push(item[at] ?? "")
    else {
      yield item
      if (enter(item)) for (const values of [...item.fields.values()].toReversed()) pending.push(values)
    }
  }
}
