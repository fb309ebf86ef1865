/** Reads query strings and forms with names such as `grants[][apis][]`, by the rules of Rack. */
import type * as Schema from "effect/Schema"

/** A parameter during reading. Lists and maps still grow. */
type Node = string | null | Array<Node> | Map<string, Node>

const maximumDepth = 100

const isList = (node: Node | undefined): node is Array<Node> => Array.isArray(node)

const add = (parameters: Map<string, Node>, name: string, value: string | null, depth: number): boolean => {
  if (depth > maximumDepth) return false
  const found = /^[[\]]*([^[\]]+)\]*/.exec(name)
  const key = found?.[1]
  if (found === null || key === undefined) return true
  const rest = name.slice(found[0].length)
  const known = parameters.get(key)
  if (rest === "" || rest === "[") {
    parameters.set(rest === "" ? key : name, value)
    return true
  }
  const child = /^\[\]\[([^[\]]+)\]$/.exec(rest)?.[1] ?? /^\[\](.+)$/s.exec(rest)?.[1]
  if (rest === "[]" || child !== undefined) {
    if (known !== undefined && !isList(known)) return false
    const list: Array<Node> = known ?? []
    parameters.set(key, list)
    if (child === undefined) {
      list.push(value)
      return true
    }
    const last = list.at(-1)
    if (last instanceof Map && !last.has(child)) return add(last, child, value, depth + 1)
    const member = new Map<string, Node>()
    list.push(member)
    return add(member, child, value, depth + 1)
  }
  if (known !== undefined && !(known instanceof Map)) return false
  const map = known ?? new Map<string, Node>()
  parameters.set(key, map)
  return add(map, rest, value, depth + 1)
}

const toJson = (node: Node): Schema.Json => {
  if (isList(node)) return node.map(toJson)
  return node instanceof Map ? Object.fromEntries([...node].map(([key, value]) => [key, toJson(value)])) : node
}

/** Decodes a name or a value. Returns `undefined` if its percent-encoding is malformed. */
const decode = (text: string): string | undefined =>
  /%(?![0-9A-Fa-f]{2})/.test(text) ? undefined : (new URLSearchParams(`v=${text}`).get("v") ?? "")

/** Builds parameters from pairs. Returns `undefined` if their names conflict. */
export const fromPairs = (
  pairs: Iterable<readonly [string, string | null]>
): ReadonlyMap<string, Schema.Json> | undefined => {
  const parameters = new Map<string, Node>()
  for (const [name, value] of pairs) if (!add(parameters, name, value, 0)) return undefined
  return new Map([...parameters].map(([key, node]) => [key, toJson(node)]))
}

/** Reads a query string without its `?`. Returns `undefined` if the string is malformed. */
export const parse = (text: string): ReadonlyMap<string, Schema.Json> | undefined => {
  const pairs: Array<readonly [string, string | null]> = []
  for (const part of text.split(/[&;] */)) {
    const separator = part.indexOf("=")
    const name = decode(separator < 0 ? part : part.slice(0, separator))
    const value = separator < 0 ? null : decode(part.slice(separator + 1))
    if (name === undefined || value === undefined) return undefined
    pairs.push([name, value])
  }
  return fromPairs(pairs)
}
