/** Grants as the Auth API takes and sends them. */
import * as Result from "effect/Result"
import { isObject, isStrings, type JsonObject } from "../errors/internal/json.ts"
import type { Grants, GrantsRequest, SchemaGrant, TableGrant } from "./grantTypes.ts"
import { databaseSection, defaultApis, listSections } from "./grantVocabulary.ts"

/** A request as the Auth API takes it. `defaultSchema` is the schema of tables that name none. */
export const toWire = (request: GrantsRequest, defaultSchema: string): ReadonlyArray<JsonObject> => {
  const { schemas, tableMetadata, tables } = request
  const asked = { ...request, apis: request.apis ?? defaultApis }
  const database = {
    ...(tables && {
      tables: tables.map(({ name, permissions, schema = defaultSchema }) => ({ schema, name, permissions }))
    }),
    ...(schemas && { schemas: schemas.map(({ name, permissions }) => ({ name, permissions })) }),
    ...(tableMetadata && { table_metadata: [] })
  }
  const lists = listSections.flatMap(({ field, list, type }) =>
    asked[field] === undefined ? [] : [{ type, [list]: asked[field] }]
  )
  const [first, ...others] = lists
  return Object.keys(database).length === 0 || first === undefined
    ? lists
    : [first, { type: databaseSection, ...database }, ...others]
}

interface Reading {
  readonly apis: Array<string>
  readonly services: Array<string>
  readonly user: Array<string>
  readonly datasets: Array<string>
  readonly tables: Array<TableGrant>
  readonly schemas: Array<SchemaGrant>
  tableMetadata: boolean
}

/** Adds a section to what was read; returns the field that is of the wrong type. */
const readSection = (section: JsonObject, into: Reading): string | undefined => {
  const { type } = section
  const known = listSections.find((each) => each.type === type)
  if (known !== undefined) {
    const list = section[known.list] ?? []
    if (!isStrings(list)) return known.list
    into[known.field].push(...list)
    return undefined
  }
  if (type !== databaseSection) return undefined
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
 * The grants of a response. Sections, fields and values that are not known are kept in `sections`. One that is known but of the wrong
 * type fails with its path.
 */
export const fromWire = (input: unknown): Result.Result<Grants, string> => {
  if (!Array.isArray(input)) return Result.fail("grants is not an array")
  const read: Reading = {
    apis: [],
    services: [],
    user: [],
    datasets: [],
    tables: [],
    schemas: [],
    tableMetadata: false
  }
  for (const [index, section] of input.entries()) {
    const problem = isObject(section) ? readSection(section, read) : "type"
    if (problem !== undefined) return Result.fail(`grants[${index}].${problem} is malformed`)
  }
  return Result.succeed({ ...read, sections: input })
}
