/**
 * What a key may do: which APIs, tables, schemas, data services and data sets. A request for grants and the grants that
 * a key has differ on the wire, so they are two types here: {@link GrantsRequest} and {@link Grants}.
 */
import * as Result from "effect/Result"
import { invalidInput } from "../errors/internal/invalidInput.ts"
import { isObject, isStrings, type JsonObject } from "../errors/internal/json.ts"
import type { InvalidInput } from "../errors/Call.ts"

/** A value of the wire that a newer server may extend. */
export type Open<Known extends string> = Known | (string & {})

export type Api = "sql" | "maps" | "do"
export type TablePermission = "select" | "insert" | "update" | "delete"
export type SchemaPermission = "create"
export type Service = "geocoding" | "routing" | "isolines" | "observatory"
export type UserData = "profile"

/** A table, view or materialized view to grant. `schema` defaults to the account's own. */
export interface TableGrantRequest {
  readonly name: string
  readonly permissions: ReadonlyArray<TablePermission>
  readonly schema?: string | undefined
}
/** A schema in which the key may create tables, which it then owns. */
export interface SchemaGrantRequest {
  readonly name: string
  readonly permissions: ReadonlyArray<SchemaPermission>
}
/** What to ask for. `apis` defaults to `["sql", "maps"]`; every other list to nothing. */
export interface GrantsRequest {
  readonly apis?: ReadonlyArray<Api> | undefined
  /** Permissions on tables, such as `Grants.table("tornadoes", ["select"])`. */
  readonly tables?: ReadonlyArray<TableGrantRequest> | undefined
  readonly schemas?: ReadonlyArray<SchemaGrantRequest> | undefined
  /** Whether the key may list the account's data sets. */
  readonly tableMetadata?: boolean | undefined
  readonly services?: ReadonlyArray<Service> | undefined
  readonly user?: ReadonlyArray<UserData> | undefined
  /** Data Observatory data sets. */
  readonly datasets?: ReadonlyArray<string> | undefined
}

export interface TableGrant {
  readonly schema: string
  readonly name: string
  /** Whether the key made this table: it may then alter and drop it. */
  readonly owner: boolean
  readonly permissions: ReadonlyArray<Open<TablePermission>>
}
export interface SchemaGrant {
  readonly name: string
  readonly permissions: ReadonlyArray<Open<SchemaPermission | "usage">>
}
/**
 * What a key has. Tables and schemas are the live privileges of its database role, not an echo of the request; for the
 * master and default keys they are always empty.
 */
export interface Grants {
  readonly apis: ReadonlyArray<Open<Api>>
  readonly tables: ReadonlyArray<TableGrant>
  readonly schemas: ReadonlyArray<SchemaGrant>
  readonly tableMetadata: boolean
  readonly services: ReadonlyArray<Open<Service>>
  readonly user: ReadonlyArray<Open<UserData>>
  readonly datasets: ReadonlyArray<string>
  /** The sections as the server sent them, with whatever this library does not know. */
  readonly sections: ReadonlyArray<Readonly<Record<string, unknown>>>
}

/** Asks for permissions on a table, view or materialized view. `schema` defaults to the account's own. */
export const table = (
  name: string,
  permissions: ReadonlyArray<TablePermission>,
  options?: { readonly schema?: string | undefined }
): TableGrantRequest => ({ name, permissions, ...(options?.schema === undefined ? {} : { schema: options.schema }) })

/** Asks for the right to create tables in a schema. */
export const schema = (
  name: string,
  permissions: ReadonlyArray<SchemaPermission> = ["create"]
): SchemaGrantRequest => ({
  name,
  permissions
})

const apis: ReadonlyArray<Api> = ["sql", "maps", "do"]
const tablePermissions: ReadonlyArray<TablePermission> = ["select", "insert", "update", "delete"]
const schemaPermissions: ReadonlyArray<SchemaPermission> = ["create"]
const services: ReadonlyArray<Service> = ["geocoding", "routing", "isolines", "observatory"]
const userData: ReadonlyArray<UserData> = ["profile"]

type Check = (field: string, value: unknown) => InvalidInput | undefined

const listOf =
  (item: Check, mayBeEmpty = false): Check =>
  (field, value) => {
    if (!Array.isArray(value)) return invalidInput(field, value, "give an array")
    if (value.length === 0 && !mayBeEmpty) {
      return invalidInput(field, value, "an empty list grants nothing; name what to grant, or leave it out")
    }
    for (const [index, each] of value.entries()) {
      const problem = item(`${field}[${index}]`, each)
      if (problem !== undefined) return problem
    }
    return undefined
  }

const oneOf =
  (known: ReadonlyArray<string>): Check =>
  (field, value) =>
    typeof value === "string" && known.includes(value)
      ? undefined
      : invalidInput(field, value, `use one of ${known.join(", ")}`)

const name: Check = (field, value) =>
  typeof value === "string" && value.trim() !== "" && !value.includes("\0")
    ? undefined
    : invalidInput(field, value, "give the name as it stands in PostgreSQL, without quotes")

const flag: Check = (field, value) =>
  typeof value === "boolean" ? undefined : invalidInput(field, value, "give true or false")

const objectWith =
  (remedy: string, ...checks: ReadonlyArray<readonly [field: string, check: Check, optional?: boolean]>): Check =>
  (field, value) => {
    if (!isObject(value)) return invalidInput(field, value, remedy)
    for (const [key, check, optional] of checks) {
      const problem = optional && value[key] === undefined ? undefined : check(`${field}.${key}`, value[key])
      if (problem !== undefined) return problem
    }
    return undefined
  }

const tableRemedy = 'give schema and name apart: Grants.table("tornadoes", ["select"], { schema: "public" })'
const isTable = objectWith(
  tableRemedy,
  ["name", name],
  ["schema", name, true],
  ["permissions", listOf(oneOf(tablePermissions))]
)

const checks: ReadonlyArray<readonly [keyof GrantsRequest, Check]> = [
  // unlike the other lists an empty one means something: a key that only reads its account's metadata, say
  ["apis", listOf(oneOf(apis), true)],
  [
    "tables",
    listOf((field, value) =>
      isObject(value) && value["schema"] === undefined && String(value["name"]).includes(".")
        ? invalidInput(`${field}.name`, value["name"], tableRemedy)
        : isTable(field, value)
    )
  ],
  [
    "schemas",
    listOf(
      objectWith(
        'make it with Grants.schema("public")',
        ["name", name],
        ["permissions", listOf(oneOf(schemaPermissions))]
      )
    )
  ],
  ["tableMetadata", flag],
  ["services", listOf(oneOf(services))],
  ["user", listOf(oneOf(userData))],
  ["datasets", listOf(name)]
]

/** What in a request can never work, if anything: the first such field, its shape and the remedy. */
export const validate = (request: GrantsRequest): InvalidInput | undefined => {
  for (const [field, check] of checks) {
    const problem = request[field] === undefined ? undefined : check(field, request[field])
    if (problem !== undefined) return problem
  }
  return undefined
}

/** A request as the Auth API takes it. `defaultSchema` is the schema of tables that name none. */
export const toWire = (request: GrantsRequest, defaultSchema: string): ReadonlyArray<JsonObject> => {
  const { schemas, services, tables, user: data, datasets } = request
  const database = {
    ...(tables && {
      tables: tables.map(({ name, permissions, schema = defaultSchema }) => ({ schema, name, permissions }))
    }),
    ...(schemas && { schemas: schemas.map(({ name, permissions }) => ({ name, permissions })) }),
    ...(request.tableMetadata && { table_metadata: [] })
  }
  return [
    { type: "apis", apis: request.apis ?? ["sql", "maps"] },
    ...(Object.keys(database).length === 0 ? [] : [{ type: "database", ...database }]),
    ...(services ? [{ type: "dataservices", services }] : []),
    ...(data ? [{ type: "user", data }] : []),
    ...(datasets ? [{ type: "data-observatory", datasets }] : [])
  ]
}

interface Reading {
  readonly lists: Record<string, ReadonlyArray<string>>
  readonly tables: Array<TableGrant>
  readonly schemas: Array<SchemaGrant>
  tableMetadata: boolean
}

/** The list that each section of the wire is made of. */
const listFields: Readonly<Record<string, string>> = {
  apis: "apis",
  dataservices: "services",
  user: "data",
  "data-observatory": "datasets"
}

/** Adds a section to what was read; answers with the field that is of the wrong type. */
const readSection = (section: JsonObject, into: Reading): string | undefined => {
  const field = listFields[String(section["type"])]
  if (field !== undefined) {
    const list = section[field] ?? []
    if (!isStrings(list)) return field
    into.lists[field] = [...(into.lists[field] ?? []), ...list]
    return undefined
  }
  if (section["type"] !== "database") return undefined
  const { schemas = [], table_metadata, tables = [] } = section
  if (!Array.isArray(tables)) return "tables"
  for (const [index, item] of tables.entries()) {
    const { name, owner, permissions, schema }: JsonObject = isObject(item) ? item : {}
    if (typeof schema !== "string" || typeof name !== "string" || !isStrings(permissions)) return `tables[${index}]`
    into.tables.push({ schema, name, owner: owner === true, permissions })
  }
  if (!Array.isArray(schemas)) return "schemas"
  for (const [index, item] of schemas.entries()) {
    const { name, permissions }: JsonObject = isObject(item) ? item : {}
    if (typeof name !== "string" || !isStrings(permissions)) return `schemas[${index}]`
    into.schemas.push({ name, permissions })
  }
  into.tableMetadata ||= table_metadata !== undefined
  return undefined
}

/**
 * The grants of an answer. Sections, fields and values that are not known are kept in `sections`; one that is known but
 * of the wrong type fails with its path.
 */
export const fromWire = (input: unknown): Result.Result<Grants, string> => {
  if (!Array.isArray(input)) return Result.fail("grants is not an array")
  const read: Reading = { lists: {}, tables: [], schemas: [], tableMetadata: false }
  for (const [index, section] of input.entries()) {
    const problem = isObject(section) ? readSection(section, read) : "type"
    if (problem !== undefined) return Result.fail(`grants[${index}].${problem} is malformed`)
  }
  const { lists, ...database } = read
  const { apis = [], data = [], datasets = [], services = [] } = lists
  return Result.succeed({ apis, services, user: data, datasets, ...database, sections: input })
}

/** Both {@link Grants} and {@link GrantsRequest}, as far as they can be compared. */
export interface GrantsLike {
  readonly apis?: ReadonlyArray<string> | undefined
  readonly tables?:
    | ReadonlyArray<{
        readonly name: string
        readonly permissions: ReadonlyArray<string>
        readonly schema?: string | undefined
      }>
    | undefined
  readonly schemas?: ReadonlyArray<{ readonly name: string; readonly permissions: ReadonlyArray<string> }> | undefined
  readonly tableMetadata?: boolean | undefined
  readonly services?: ReadonlyArray<string> | undefined
  readonly user?: ReadonlyArray<string> | undefined
  readonly datasets?: ReadonlyArray<string> | undefined
}

/** Grants with every list present, sorted and without repetition: the result of {@link union} and {@link difference}. */
export interface GrantsSet {
  readonly apis: ReadonlyArray<string>
  readonly tables: ReadonlyArray<{
    readonly schema: string
    readonly name: string
    readonly permissions: ReadonlyArray<string>
  }>
  readonly schemas: ReadonlyArray<{ readonly name: string; readonly permissions: ReadonlyArray<string> }>
  readonly tableMetadata: boolean
  readonly services: ReadonlyArray<string>
  readonly user: ReadonlyArray<string>
  readonly datasets: ReadonlyArray<string>
}

/** `defaultSchema` stands for the schema of tables that name none: `public` unless given. */
export interface CompareOptions {
  readonly defaultSchema?: string | undefined
}

// One grant is one path, so that the algebra of grants is that of sets of strings.
const toPaths = (grants: GrantsLike, defaultSchema: string): Set<string> => {
  const path = (...parts: ReadonlyArray<string>) => JSON.stringify(parts)
  return new Set([
    ...(grants.apis ?? []).map((api) => path("apis", api)),
    ...(grants.tables ?? []).flatMap(({ name, permissions, schema }) =>
      permissions.map((permission) => path("tables", schema ?? defaultSchema, name, permission))
    ),
    ...(grants.schemas ?? []).flatMap(({ name, permissions }) =>
      permissions.map((permission) => path("schemas", name, permission))
    ),
    ...(grants.tableMetadata === true ? [path("tableMetadata")] : []),
    ...(grants.services ?? []).map((service) => path("services", service)),
    ...(grants.user ?? []).map((data) => path("user", data)),
    ...(grants.datasets ?? []).map((dataset) => path("datasets", dataset))
  ])
}

const fromPaths = (paths: Iterable<string>): GrantsSet => {
  const lists = new Map<string, Array<string>>()
  const tables = new Map<string, { schema: string; name: string; permissions: Array<string> }>()
  const schemas = new Map<string, { name: string; permissions: Array<string> }>()
  let tableMetadata = false
  for (const path of [...paths].toSorted()) {
    const [section = "", first = "", second = "", third = ""]: ReadonlyArray<string> = JSON.parse(path)
    if (section === "tables") {
      const key = JSON.stringify([first, second])
      const found = tables.get(key) ?? { schema: first, name: second, permissions: [] }
      found.permissions.push(third)
      tables.set(key, found)
    } else if (section === "schemas") {
      const found = schemas.get(first) ?? { name: first, permissions: [] }
      found.permissions.push(second)
      schemas.set(first, found)
    } else if (section === "tableMetadata") {
      tableMetadata = true
    } else {
      lists.set(section, [...(lists.get(section) ?? []), first])
    }
  }
  return {
    apis: lists.get("apis") ?? [],
    tables: [...tables.values()],
    schemas: [...schemas.values()],
    tableMetadata,
    services: lists.get("services") ?? [],
    user: lists.get("user") ?? [],
    datasets: lists.get("datasets") ?? []
  }
}

/** Whether everything in `that` is in `self` too. */
export const covers = (self: GrantsLike, that: GrantsLike, options?: CompareOptions): boolean => {
  const defaultSchema = options?.defaultSchema ?? "public"
  const held = toPaths(self, defaultSchema)
  return [...toPaths(that, defaultSchema)].every((path) => held.has(path))
}

/** What is in `self` but not in `that`. */
export const difference = (self: GrantsLike, that: GrantsLike, options?: CompareOptions): GrantsSet => {
  const defaultSchema = options?.defaultSchema ?? "public"
  const held = toPaths(that, defaultSchema)
  return fromPaths([...toPaths(self, defaultSchema)].filter((path) => !held.has(path)))
}

/** What is in either. */
export const union = (self: GrantsLike, that: GrantsLike, options?: CompareOptions): GrantsSet => {
  const defaultSchema = options?.defaultSchema ?? "public"
  return fromPaths(new Set([...toPaths(self, defaultSchema), ...toPaths(that, defaultSchema)]))
}

const keep = <Known extends string>(
  known: ReadonlyArray<Known>,
  values: ReadonlyArray<string>,
  drop: (value: string) => void
): ReadonlyArray<Known> =>
  values.flatMap((value) => {
    const found = known.find((candidate) => candidate === value)
    if (found === undefined) drop(value)
    return found === undefined ? [] : [found]
  })

/**
 * The request that creates a key with these grants. Permissions that cannot be asked for (`usage`, `references`, …),
 * ownership, and whatever this library does not know are left out; `dropped` names them.
 */
export const toRequest = (
  grants: Grants
): { readonly request: GrantsRequest; readonly dropped: ReadonlyArray<string> } => {
  const dropped: Array<string> = []
  const nonEmpty = <A>(list: ReadonlyArray<A>) => (list.length === 0 ? undefined : list)
  const tables = grants.tables.flatMap((held) => {
    const path = `tables ${held.schema}.${held.name}`
    if (held.owner) dropped.push(`${path}: owner`)
    const permissions = keep(tablePermissions, held.permissions, (value) => dropped.push(`${path}: ${value}`))
    return permissions.length === 0 ? [] : [{ schema: held.schema, name: held.name, permissions }]
  })
  const schemas = grants.schemas.flatMap((held) => {
    const permissions = keep(schemaPermissions, held.permissions, (value) =>
      dropped.push(`schemas ${held.name}: ${value}`)
    )
    return permissions.length === 0 ? [] : [{ name: held.name, permissions }]
  })
  const known = new Set(["apis", "database", "dataservices", "user", "data-observatory"])
  for (const { type } of grants.sections) {
    if (typeof type !== "string" || !known.has(type)) dropped.push(`section ${String(type)}`)
  }
  return {
    request: {
      apis: keep(apis, grants.apis, (value) => dropped.push(`apis: ${value}`)),
      tables: nonEmpty(tables),
      schemas: nonEmpty(schemas),
      tableMetadata: grants.tableMetadata ? true : undefined,
      services: nonEmpty(keep(services, grants.services, (value) => dropped.push(`services: ${value}`))),
      user: nonEmpty(keep(userData, grants.user, (value) => dropped.push(`user: ${value}`))),
      datasets: nonEmpty(grants.datasets)
    },
    dropped
  }
}
