/** What a parsed statement or expression runs: functions, operators, types that check their values, settings. */
import { everyNode, isNode, type Item, type Node, nodes, number, numbers, readTree } from "./nodeTree.ts"

/** A call of a function with its first argument, if that is a constant. */
export interface Call {
  readonly routine: number
  /** The first four bytes of the argument as an oid. */
  readonly oid: number | undefined
  /** The argument as text. */
  readonly text: string | undefined
}

/** The objects that an expression runs, by their oids. */
export interface Expression {
  readonly calls: ReadonlyArray<Call>
  /** Operators, for whose functions the key must have EXECUTE. */
  readonly operators: ReadonlyArray<number>
  /** Operators that sort or compare without such a check. */
  readonly comparisons: ReadonlyArray<number>
  /** Types that values are made of. */
  readonly types: ReadonlyArray<number>
  /** Types of the columns that the outermost query gives. */
  readonly columnTypes: ReadonlyArray<number>
  /** Whether it depends on the name of the role that runs it: `current_user`. */
  readonly usesRole: boolean
  /** Whether a name is looked up that is computed: `(a || b)::regclass`. */
  readonly computesNames: boolean
}

/** An expression that runs nothing. */
export const nothing: Expression = {
  calls: [],
  operators: [],
  comparisons: [],
  types: [],
  columnTypes: [],
  usesRole: false,
  computesNames: false
}

const functionFields = ["funcid", "aggfnoid", "winfnoid"] as const
const checkedOperators = new Set(["OPEXPR", "DISTINCTEXPR", "NULLIFEXPR", "SCALARARRAYOPEXPR"])
const comparisonFields = ["eqop", "sortop", "cycle_mark_neop", "opnos"] as const
/** regproc, regprocedure, regoper, regoperator, regclass, regtype, regconfig, regdictionary, regnamespace, regrole, regcollation */
const nameTypes = new Set([24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191])
/** `regclass(text)`. */
const textToClass = 1079
/** CURRENT_ROLE, CURRENT_USER, USER and SESSION_USER among the functions without parentheses. */
const roleFunctions = new Set([9, 10, 11, 12])

const bytesOf = (node: Node): ReadonlyArray<number> => {
  const [, , ...bytes] = (node.fields.get("constvalue") ?? []).filter((item) => typeof item === "string")
  return bytes.slice(0, -1).map((byte) => Number(byte) & 255)
}

const oidOf = (node: Node | undefined): number | undefined =>
  node?.tag === "CONST"
    ? bytesOf(node)
        .slice(0, 4)
        .reduceRight((sum, byte) => sum * 256 + byte, 0)
    : undefined

/** A text constant: four bytes of length come first. */
const textOf = (node: Node | undefined): string | undefined =>
  node?.tag === "CONST" && number(node, "constlen") === -1
    ? new TextDecoder().decode(Uint8Array.from(bytesOf(node).slice(4)))
    : undefined

const isTypeField = (field: string): boolean => /(?:type|typeid|typid)$/.test(field) && field !== "vartype"

const typesOf = (node: Node): ReadonlyArray<number> =>
  [...node.fields].flatMap(([field, values]) =>
    isTypeField(field) ? [Number(values[0])] : field.endsWith("coltypes") ? numbers(values) : []
  )

/** The type of an expression, or if its node does not say, all types in it. */
const resultTypes = (node: Node): ReadonlyArray<number> => {
  const own = [...node.fields].flatMap(([field, values]) => (/type(?:id)?$/.test(field) ? [Number(values[0])] : []))
  return own.length > 0 ? own : [...everyNode([node])].flatMap((inner) => [...typesOf(inner), number(inner, "vartype")])
}

const columnTypesOf = (items: ReadonlyArray<Item>): ReadonlyArray<number> => {
  const [query] = nodes(items)
  if (query?.tag !== "QUERY") return []
  return nodes(query.fields.get("targetList")).flatMap((entry) =>
    entry.fields.get("resjunk")?.[0] === "true" ? [] : nodes(entry.fields.get("expr")).flatMap(resultTypes)
  )
}

const distinct = (list: ReadonlyArray<number>): ReadonlyArray<number> => [
  ...new Set(list.filter((oid) => Number.isFinite(oid) && oid > 0))
]

/** What a stored statement or expression runs. */
export const expression = (tree: string): Expression => {
  if (tree === "") return nothing
  const items = readTree(tree)
  const calls: Array<Call> = []
  const operators: Array<number> = []
  const comparisons: Array<number> = []
  const types: Array<number> = []
  let usesRole = false
  let computesNames = false
  for (const node of everyNode(items)) {
    const { fields, tag } = node
    for (const field of functionFields) {
      if (!fields.has(field)) continue
      const [first] = nodes(fields.get("args"))
      calls.push({ routine: number(node, field), oid: oidOf(first), text: textOf(first) })
      computesNames ||= number(node, field) === textToClass && first?.tag !== "CONST"
    }
    if (checkedOperators.has(tag)) operators.push(number(node, "opno"))
    for (const field of comparisonFields) {
      const values = fields.get(field)
      if (values !== undefined)
        comparisons.push(...(values.some(isNode) ? [] : [Number(values[0]), ...numbers(values)]))
    }
    types.push(...typesOf(node))
    usesRole ||= tag === "SQLVALUEFUNCTION" && roleFunctions.has(number(node, "op"))
    computesNames ||= tag === "COERCEVIAIO" && nameTypes.has(number(node, "resulttype"))
  }
  return {
    calls,
    operators: distinct(operators),
    comparisons: distinct(comparisons),
    types: distinct(types),
    columnTypes: distinct(columnTypesOf(items)),
    usesRole,
    computesNames
  }
}
