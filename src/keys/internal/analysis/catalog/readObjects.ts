/** Reads the rows of the analysis, which describe objects of the catalog. */
import { isObject, isStrings, type JsonObject } from "../../../../errors/internal/json.ts"
import { accesses, isNothing, newColumns, viewColumns, withColumns } from "../tree/accesses.ts"
import { expression } from "../tree/expressions.ts"
import type {
  Catalog,
  Column,
  Command,
  Named,
  Operator,
  Policy,
  Relation,
  Routine,
  Rule,
  Stored,
  Trigger,
  Type
} from "./objects.ts"

const text = (value: unknown): string => (typeof value === "string" ? value : "")
const number = (value: unknown): number => (typeof value === "number" ? value : 0)
const strings = (value: unknown): ReadonlyArray<string> => (isStrings(value) ? value : [])
const objects = (value: unknown): ReadonlyArray<JsonObject> => (Array.isArray(value) ? value.filter(isObject) : [])
const numbers = (value: unknown): ReadonlyArray<number> =>
  Array.isArray(value) ? value.filter((item) => typeof item === "number") : []
const command = (value: unknown): Command =>
  value === "delete" || value === "insert" || value === "update" ? value : "select"

/** The actions of foreign keys that change rows: cascade, set null, set default. */
const cascadesOf = (row: JsonObject): Relation["cascades"] => {
  const relation = number(row["relation"])
  const [deleted, updated] = [text(row["deleted"]), text(row["updated"])]
  return [
    ...(deleted === "c" ? [{ relation, on: "delete" as const, does: "delete" as const }] : []),
    ...(deleted === "n" || deleted === "d" ? [{ relation, on: "delete" as const, does: "update" as const }] : []),
    ...("cnd".includes(updated) && updated !== "" ? [{ relation, on: "update" as const, does: "update" as const }] : [])
  ]
}

const stored = (tree: string, offset: number): Stored => ({
  accesses: accesses(tree).map((access) => withColumns(access, offset)),
  expression: expression(tree)
})

const readRelation = (oid: number, data: JsonObject, offset: number): Relation => {
  const tree = text(data["tree"])
  const optional = (value: unknown) => (typeof value === "string" ? stored(value, offset) : undefined)
  const partitioning = isObject(data["partitioning"]) ? data["partitioning"] : undefined
  return {
    oid,
    schema: text(data["schema"]),
    schemaOid: number(data["schemaOid"]),
    name: text(data["name"]),
    relkind: text(data["relkind"]),
    owner: number(data["owner"]),
    ownerHolds: strings(data["ownerHolds"]),
    held: strings(data["held"]),
    view: tree === "" ? undefined : stored(tree, offset),
    invoker: data["invoker"] === true,
    checks: data["checks"] === true,
    beneath: viewColumns(tree),
    rules: objects(data["rules"]).map((rule): Rule => {
      const action = text(rule["action"])
      return {
        permission: command(rule["permission"]),
        instead: rule["instead"] === true,
        condition: optional(rule["condition"]),
        action: isNothing(action) ? undefined : stored(action, offset),
        columns: newColumns(action)
      }
    }),
    policies:
      data["secured"] === true
        ? objects(data["policies"]).map((policy): Policy => {
            const using = text(policy["using"])
            const check = text(policy["check"])
            return {
              permission: command(policy["permission"]),
              name: text(policy["name"]),
              applies: policy["applies"] === true,
              permissive: policy["permissive"] !== false,
              using: stored(using, offset),
              // without a condition of its own for new rows, that for old ones holds
              check: stored(check === "" ? using : check, offset)
            }
          })
        : undefined,
    forced: data["forced"] === true,
    isPartition: data["partition"] === true,
    triggers: objects(data["triggers"]).map((trigger): Trigger => ({
      permission: command(trigger["permission"]),
      function: number(trigger["function"]),
      condition: expression(text(trigger["condition"])),
      row: trigger["row"] === true,
      after: trigger["after"] === true,
      instead: trigger["instead"] === true
    })),
    columns: objects(data["columns"]).map((column): Column => ({
      number: number(column["number"]),
      type: number(column["type"]),
      generated: column["generated"] === true,
      value: typeof column["value"] === "string" ? expression(column["value"]) : undefined
    })),
    constraints: objects(data["constraints"]).map(({ operators, tree: check }) => {
      const found = expression(text(check))
      return { ...found, comparisons: [...found.comparisons, ...numbers(operators)] }
    }),
    indexes: objects(data["indexes"]).map((index) => expression(text(index["tree"]))),
    partitioning: partitioning === undefined ? undefined : expression(text(partitioning["tree"])),
    operatorClasses: [
      ...objects(data["indexes"]).flatMap(({ classes }) => numbers(classes)),
      ...numbers(partitioning?.["classes"])
    ],
    children: numbers(data["children"]),
    parents: numbers(data["parents"]),
    cascades: objects(data["referencing"]).flatMap(cascadesOf),
    table: typeof data["table"] === "number" ? data["table"] : undefined
  }
}

const readRoutine = (oid: number, data: JsonObject): Routine => ({
  oid,
  schema: text(data["schema"]),
  schemaOid: number(data["schemaOid"]),
  name: text(data["name"]),
  plain: text(data["plain"]),
  closed: data["closed"] === true,
  publicly: data["publicly"] === true,
  defaults: expression(text(data["defaults"])),
  support: numbers(data["support"])
})

const readType = (oid: number, data: JsonObject): Type => ({
  oid,
  schema: text(data["schema"]),
  schemaOid: number(data["schemaOid"]),
  name: text(data["name"]),
  parts: numbers(data["parts"]),
  checks: expression(text(data["tree"])),
  operatorClasses: numbers(data["classes"])
})

const readOperator = (oid: number, data: JsonObject): Operator => ({
  oid,
  schema: text(data["schema"]),
  schemaOid: number(data["schemaOid"]),
  name: text(data["name"]),
  function: number(data["function"]),
  others: numbers(data["others"])
})

const readNamed = (oid: number, data: JsonObject): Named => ({
  oid,
  class: text(data["class"]),
  schema: text(data["schema"]),
  schemaOid: number(data["schemaOid"]),
  name: text(data["name"]),
  current: data["current"] === true
})

/** Reads the rows of the analysis. */
export const readCatalog = (rows: ReadonlyArray<JsonObject>, offset: number): Catalog => {
  const of = <A>(kind: string, read: (oid: number, data: JsonObject) => A): ReadonlyArray<A> =>
    rows.flatMap(({ data, kind: found, oid }) =>
      found === kind && isObject(data) && typeof oid === "number" ? [read(oid, data)] : []
    )
  const byOid = <A extends { readonly oid: number }>(list: ReadonlyArray<A>): ReadonlyMap<number, A> =>
    new Map(list.map((item) => [item.oid, item]))
  const [settings] = of("settings", (_, data) => data)
  const [system = {}] = of("system", (_, data) => data)
  return {
    system: new Map(Object.entries(system).map(([oid, name]) => [Number(oid), text(name)])),
    relations: byOid(of("relation", (oid, data) => readRelation(oid, data, offset))),
    routines: byOid([...of("builtin", readRoutine), ...of("function", readRoutine)]),
    types: byOid(of("type", readType)),
    operators: byOid(of("operator", readOperator)),
    families: new Map(of("family", (oid, data) => [oid, numbers(data["functions"])] as const)),
    others: byOid(of("other", readNamed)),
    schemas: of("schema", readNamed),
    database: of("database", (oid) => oid)[0],
    settings: { user: new Set(strings(settings?.["user"])), others: new Set(strings(settings?.["others"])) },
    restricted: of("restricted", readNamed),
    existing: of("existing", readNamed),
    eventTriggers: of("event trigger", readRoutine)
  }
}
