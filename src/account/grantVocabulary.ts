/** The words of grants. Validation, the wire, comparison and SQL take them from here. `test/types` compares them with the public types. */

/** The APIs that a key can be granted. */
export const apis = ["sql", "maps", "do"] as const

/** The APIs of a request that names none. */
export const defaultApis = ["sql", "maps"] as const

/** The permissions on a table that a key can be granted. */
export const tablePermissions = ["select", "insert", "update", "delete"] as const

/** The permissions on a schema that a key can be granted. */
export const schemaPermissions = ["create"] as const

/** The data services that a key can be granted. */
export const services = ["geocoding", "routing", "isolines", "observatory"] as const

/** The data about the account's user that a key can be granted. */
export const userData = ["profile"] as const

/** The section of the wire that has tables, schemas and table metadata. */
export const databaseSection = "database"

/** A section of the wire that is one list. */
export interface ListSection {
  /** The field of a request. */
  readonly field: "apis" | "datasets" | "services" | "user"
  /** The section's `type`. */
  readonly type: string
  /** The field of the section's list. */
  readonly list: string
  /** The values of the list, if they are known. */
  readonly values: ReadonlyArray<string> | undefined
}

/** The sections of the wire that are one list each. */
export const listSections: ReadonlyArray<ListSection> = [
  { field: "apis", type: "apis", list: "apis", values: apis },
  { field: "services", type: "dataservices", list: "services", values: services },
  { field: "user", type: "user", list: "data", values: userData },
  { field: "datasets", type: "data-observatory", list: "datasets", values: undefined }
]

/** The `type` of every section. */
export const sectionTypes: ReadonlyArray<string> = [databaseSection, ...listSections.map(({ type }) => type)]
