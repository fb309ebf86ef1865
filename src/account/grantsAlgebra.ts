/** Grants compared, joined and turned into requests. */
import type { Grants, GrantsLike, GrantsRequest, GrantsSet } from "./grantTypes.ts"
import {
  apis,
  listSections,
  schemaPermissions,
  sectionTypes,
  services,
  tablePermissions,
  userData
} from "./grantVocabulary.ts"

/** How grants are compared. */
export interface CompareOptions {
  /** The schema of tables that name none. @default "public" */
  readonly defaultSchema?: string | undefined
}

// One grant is one path, so that the algebra of grants is that of sets of strings.
const toPaths = (grants: GrantsLike, options: CompareOptions = {}): Set<string> => {
  const { defaultSchema = "public" } = options
  const path = (...parts: ReadonlyArray<string>) => JSON.stringify(parts)
  return new Set([
    ...listSections.flatMap(({ field }) => (grants[field] ?? []).map((value) => path(field, value))),
    ...(grants.tables ?? []).flatMap(({ name, permissions, schema }) =>
      permissions.map((permission) => path("tables", schema ?? defaultSchema, name, permission))
    ),
    ...(grants.schemas ?? []).flatMap(({ name, permissions }) =>
      permissions.map((permission) => path("schemas", name, permission))
    ),
    ...(grants.tableMetadata === true ? [path("tableMetadata")] : [])
  ])
}

const fromPaths = (paths: Iterable<string>): GrantsSet => {
  const lists = {
    apis: new Array<string>(),
    services: new Array<string>(),
    user: new Array<string>(),
    datasets: new Array<string>()
  }
  const tables = new Map<string, { schema: string; name: string; permissions: Array<string> }>()
  const schemas = new Map<string, { name: string; permissions: Array<string> }>()
  let tableMetadata = false
  for (const path of [...paths].toSorted()) {
    const [field = "", first = "", second = "", third = ""]: ReadonlyArray<string> = JSON.parse(path)
    const list = listSections.find((section) => section.field === field)
    if (list !== undefined) {
      lists[list.field].push(first)
    } else if (field === "tables") {
      const key = JSON.stringify([first, second])
      const found = tables.get(key) ?? { schema: first, name: second, permissions: [] }
      found.permissions.push(third)
      tables.set(key, found)
    } else if (field === "schemas") {
      const found = schemas.get(first) ?? { name: first, permissions: [] }
      found.permissions.push(second)
      schemas.set(first, found)
    } else {
      tableMetadata = true
    }
  }
  return { ...lists, tables: [...tables.values()], schemas: [...schemas.values()], tableMetadata }
}

/** Whether everything in `that` is in `self` too. */
export const covers = (self: GrantsLike, that: GrantsLike, options?: CompareOptions): boolean => {
  const held = toPaths(self, options)
  return [...toPaths(that, options)].every((path) => held.has(path))
}

/** The grants in `self` that are not in `that`. */
export const difference = (self: GrantsLike, that: GrantsLike, options?: CompareOptions): GrantsSet => {
  const held = toPaths(that, options)
  return fromPaths([...toPaths(self, options)].filter((path) => !held.has(path)))
}

/** The grants in either. */
export const union = (self: GrantsLike, that: GrantsLike, options?: CompareOptions): GrantsSet =>
  fromPaths(new Set([...toPaths(self, options), ...toPaths(that, options)]))

/**
 * The request that creates a key with these grants. Permissions that cannot be asked for (`usage`, `references`, …), ownership, and
 * everything that this library does not know are left out; `dropped` names them.
 */
export const toRequest = (
  grants: Grants
): { readonly request: GrantsRequest; readonly dropped: ReadonlyArray<string> } => {
  const dropped: Array<string> = []
  const keep = <Known extends string>(known: ReadonlyArray<Known>, values: ReadonlyArray<string>, path: string) =>
    values.flatMap((value) => {
      const found = known.filter((candidate) => candidate === value)
      if (found.length === 0) dropped.push(`${path}: ${value}`)
      return found
    })
  const nonEmpty = <A>(list: ReadonlyArray<A>) => (list.length === 0 ? undefined : list)
  const tables = grants.tables.flatMap(({ name, owner, permissions: held, schema }) => {
    const path = `tables ${schema}.${name}`
    if (owner) dropped.push(`${path}: owner`)
    const permissions = keep(tablePermissions, held, path)
    return permissions.length === 0 ? [] : [{ schema, name, permissions }]
  })
  const schemas = grants.schemas.flatMap(({ name, permissions: held }) => {
    const permissions = keep(schemaPermissions, held, `schemas ${name}`)
    return permissions.length === 0 ? [] : [{ name, permissions }]
  })
  for (const { type } of grants.sections) {
    if (typeof type !== "string" || !sectionTypes.includes(type)) dropped.push(`section ${String(type)}`)
  }
  return {
    request: {
      apis: keep(apis, grants.apis, "apis"),
      tables: nonEmpty(tables),
      schemas: nonEmpty(schemas),
      tableMetadata: grants.tableMetadata ? true : undefined,
      services: nonEmpty(keep(services, grants.services, "services")),
      user: nonEmpty(keep(userData, grants.user, "user")),
      datasets: nonEmpty(grants.datasets)
    },
    dropped
  }
}
