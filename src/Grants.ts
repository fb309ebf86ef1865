/**
 * What a key may do: which APIs, tables, schemas, data services and data sets. A request for grants and the grants that
 * a key has differ on the wire, so they are two types here: {@link GrantsRequest} and {@link Grants}.
 */
import * as Result from "effect/Result"
import { describe } from "./internal/describe.ts"
import { InvalidInput } from "./reasons/Call.ts"

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

const apis: ReadonlyArray<string> = ["sql", "maps", "do"] satisfies ReadonlyArray<Api>
const tablePermissions: ReadonlyArray<string> = [
  "select",
  "insert",
  "update",
  "delete"
] satisfies ReadonlyArray<TablePermission>
const schemaPermissions: ReadonlyArray<string> = ["create"] satisfies ReadonlyArray<SchemaPermission>
const services: ReadonlyArray<string> = [
  "geocoding",
  "routing",
  "isolines",
  "observatory"
] satisfies ReadonlyArray<Service>
const userData: ReadonlyArray<string> = ["profile"] satisfies ReadonlyArray<UserData>

const invalid = (field: string, value: unknown, remedy: string): InvalidInput =>
  new InvalidInput({ field, received: describe(value), remedy })

const checkList = (field: string, value: unknown, allowed?: ReadonlyArray<string>): InvalidInput | undefined => {
  if (!Array.isArray(value)) {
    return invalid(field, value, `give an array${allowed === undefined ? "" : ` of ${allowed.join(", ")}`}`)
  }
  const index = value.findIndex((item) => typeof item !== "string" || item === "" || allowed?.includes(item) === false)
  if (index === -1) return undefined
  const known = allowed === undefined ? "give a name" : `use one of ${allowed.join(", ")} (lower case)`
  return invalid(`${field}[${index}]`, value[index], known)
}

const checkGrantList = (field: string, value: unknown, allowed?: ReadonlyArray<string>): InvalidInput | undefined =>
  Array.isArray(value) && value.length === 0
    ? invalid(field, value, "an empty list grants nothing; name what to grant, or leave it out")
    : checkList(field, value, allowed)

const checkName = (field: string, value: unknown): InvalidInput | undefined =>
  typeof value === "string" && value.trim() !== "" && !value.includes("\0")
    ? undefined
    : invalid(field, value, "give the name as it stands in PostgreSQL, without quotes")

const checkObjects = (
  field: string,
  value: unknown,
  check: (field: string, item: Readonly<Record<string, unknown>>) => InvalidInput | undefined,
  remedy: string
): InvalidInput | undefined => {
  if (!Array.isArray(value)) return invalid(field, value, `give an array; ${remedy}`)
  if (value.length === 0) return invalid(field, value, "an empty list grants nothing; leave it out")
  for (const [index, item] of value.entries()) {
    if (typeof item !== "object" || item === null) return invalid(`${field}[${index}]`, item, remedy)
    const found = check(`${field}[${index}]`, item)
    if (found !== undefined) return found
  }
  return undefined
}

const checkTable = (field: string, item: Readonly<Record<string, unknown>>): InvalidInput | undefined => {
  if (item["schema"] === undefined && typeof item["name"] === "string" && item["name"].includes(".")) {
    return invalid(
      `${field}.name`,
      item["name"],
      'give schema and name apart: Grants.table("tornadoes", ["select"], { schema: "public" })'
    )
  }
  return (
    checkName(`${field}.name`, item["name"]) ??
    (item["schema"] === undefined ? undefined : checkName(`${field}.schema`, item["schema"])) ??
    checkGrantList(`${field}.permissions`, item["permissions"], tablePermissions)
  )
}

const checkSchema = (field: string, item: Readonly<Record<string, unknown>>): InvalidInput | undefined =>
  checkName(`${field}.name`, item["name"]) ??
  checkGrantList(`${field}.permissions`, item["permissions"], schemaPermissions)

/** What in a request can never work, if anything: the first such field, its shape and the remedy. */
export const validate = (request: GrantsRequest): InvalidInput | undefined => {
  const given = <A>(value: A | undefined, check: (value: A) => InvalidInput | undefined) =>
    value === undefined ? undefined : check(value)
  return (
    // unlike the other lists an empty one means something here: a key for data services of a map, say
    given(request.apis, (value) => checkList("apis", value, apis)) ??
    given(request.tables, (value) =>
      checkObjects("tables", value, checkTable, 'make each with Grants.table("tornadoes", ["select"])')
    ) ??
    given(request.schemas, (value) =>
      checkObjects("schemas", value, checkSchema, 'make each with Grants.schema("public")')
    ) ??
    given(request.tableMetadata, (value) =>
      typeof value === "boolean" ? undefined : invalid("tableMetadata", value, "give true or false")
    ) ??
    given(request.services, (value) => checkGrantList("services", value, services)) ??
    given(request.user, (value) => checkGrantList("user", value, userData)) ??
    given(request.datasets, (value) => checkGrantList("datasets", value))
  )
}

/** A request as the Auth API takes it. `defaultSchema` is the schema of tables that name none. */
export const toWire = (
  request: GrantsRequest,
  defaultSchema: string
): ReadonlyArray<Readonly<Record<string, unknown>>> => [
  { type: "apis", apis: request.apis ?? ["sql", "maps"] },
  ...(request.tables === undefined && request.schemas === undefined && request.tableMetadata !== true
    ? []
    : [
        {
          type: "database",
          ...(request.tables && {
            tables: request.tables.map(({ name, permissions, schema }) => ({
              schema: schema ?? defaultSchema,
              name,
              permissions
            }))
          }),
          ...(request.schemas && { schemas: request.schemas.map(({ name, permissions }) => ({ name, permissions })) }),
          ...(request.tableMetadata === true && { table_metadata: [] })
        }
      ]),
  ...(request.services ? [{ type: "dataservices", services: request.services }] : []),
  ...(request.user ? [{ type: "user", data: request.user }] : []),
  ...(request.datasets ? [{ type: "data-observatory", datasets: request.datasets }] : [])
]

const isRecord = (u: unknown): u is Readonly<Record<string, unknown>> =>
  typeof u === "object" && u !== null && !Array.isArray(u)

const isStrings = (u: unknown): u is ReadonlyArray<string> =>
  Array.isArray(u) && u.every((item) => typeof item === "string")

/**
 * The grants of an answer. Sections, fields and values that are not known are kept in `sections`; one that is known but
 * of the wrong type fails with its path.
 */
export const fromWire = (input: unknown): Result.Result<Grants, string> => {
  if (!Array.isArray(input)) return Result.fail("grants is not an array")
  const found = {
    apis: new Array<string>(),
    tables: new Array<TableGrant>(),
    schemas: new Array<SchemaGrant>(),
    tableMetadata: false,
    services: new Array<string>(),
    user: new Array<string>(),
    datasets: new Array<string>()
  }
  const sections: Array<Readonly<Record<string, unknown>>> = []
  for (const [index, section] of input.entries()) {
    const path = `grants[${index}]`
    if (!isRecord(section)) return Result.fail(`${path} is not an object`)
    sections.push(section)
    const strings = (field: string, into: Array<string>): string | undefined => {
      const value = section[field] ?? []
      if (!isStrings(value)) return `${path}.${field} is not an array of strings`
      into.push(...value)
      return undefined
    }
    const problem =
      section["type"] === "apis"
        ? strings("apis", found.apis)
        : section["type"] === "dataservices"
          ? strings("services", found.services)
          : section["type"] === "user"
            ? strings("data", found.user)
            : section["type"] === "data-observatory"
              ? strings("datasets", found.datasets)
              : section["type"] === "database"
                ? readDatabase(section, path, found)
                : undefined
    if (problem !== undefined) return Result.fail(problem)
  }
  return Result.succeed({ ...found, sections })
}

const readDatabase = (
  section: Readonly<Record<string, unknown>>,
  path: string,
  into: { readonly tables: Array<TableGrant>; readonly schemas: Array<SchemaGrant>; tableMetadata: boolean }
): string | undefined => {
  const tables = section["tables"] ?? []
  if (!Array.isArray(tables)) return `${path}.tables is not an array`
  for (const [index, item] of tables.entries()) {
    if (
      !isRecord(item) ||
      typeof item["schema"] !== "string" ||
      typeof item["name"] !== "string" ||
      !isStrings(item["permissions"])
    ) {
      return `${path}.tables[${index}] has no schema, name and permissions`
    }
    const { name, permissions, schema } = item
    into.tables.push({ schema, name, owner: item["owner"] === true, permissions })
  }
  const schemas = section["schemas"] ?? []
  if (!Array.isArray(schemas)) return `${path}.schemas is not an array`
  for (const [index, item] of schemas.entries()) {
    if (!isRecord(item) || typeof item["name"] !== "string" || !isStrings(item["permissions"])) {
      return `${path}.schemas[${index}] has no name and permissions`
    }
    into.schemas.push({ name: item["name"], permissions: item["permissions"] })
  }
  into.tableMetadata ||= section["table_metadata"] !== undefined
  return undefined
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
  for (const path of [...paths].sort()) {
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
    const permissions = keep<TablePermission>(["select", "insert", "update", "delete"], held.permissions, (value) =>
      dropped.push(`${path}: ${value}`)
    )
    return permissions.length === 0 ? [] : [{ schema: held.schema, name: held.name, permissions }]
  })
  const schemas = grants.schemas.flatMap((held) => {
    const permissions = keep<SchemaPermission>(["create"], held.permissions, (value) =>
      dropped.push(`schemas ${held.name}: ${value}`)
    )
    return permissions.length === 0 ? [] : [{ name: held.name, permissions }]
  })
  const known = ["apis", "database", "dataservices", "user", "data-observatory"]
  for (const { type } of grants.sections) {
    if (typeof type !== "string" || !known.includes(type)) dropped.push(`section ${String(type)}`)
  }
  return {
    request: {
      apis: keep<Api>(["sql", "maps", "do"], grants.apis, (value) => dropped.push(`apis: ${value}`)),
      tables: nonEmpty(tables),
      schemas: nonEmpty(schemas),
      tableMetadata: grants.tableMetadata ? true : undefined,
      services: nonEmpty(
        keep<Service>(["geocoding", "routing", "isolines", "observatory"], grants.services, (value) =>
          dropped.push(`services: ${value}`)
        )
      ),
      user: nonEmpty(keep<UserData>(["profile"], grants.user, (value) => dropped.push(`user: ${value}`))),
      datasets: nonEmpty(grants.datasets)
    },
    dropped
  }
}
