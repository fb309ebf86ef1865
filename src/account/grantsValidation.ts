/** Requests for grants that can never work. */
import { invalidInput } from "../errors/internal/invalidInput.ts"
import { isObject } from "../errors/internal/json.ts"
import type { InvalidInput } from "../errors/Call.ts"
import type { GrantsRequest } from "./grantTypes.ts"
import { listSections, schemaPermissions, tablePermissions } from "./grantVocabulary.ts"

type Check = (field: string, value: unknown) => InvalidInput | undefined

const listOf =
  (item: Check, mayBeEmpty = false): Check =>
  (field, value) => {
    if (!Array.isArray(value)) return invalidInput(field, value, "give an array")
    if (value.length === 0 && !mayBeEmpty) {
      return invalidInput(field, value, "an empty list grants nothing: name what to grant, or leave the list out")
    }
    // not entries(): a hole in the array is a missing value
    for (let index = 0; index < value.length; index += 1) {
      const problem = item(`${field}[${index}]`, value[index])
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

/** An object with a name and permissions, and with a schema if `hasSchema`. */
const objectGrant =
  (permissions: ReadonlyArray<string>, remedy: string, hasSchema: boolean): Check =>
  (field, value) => {
    if (!isObject(value)) return invalidInput(field, value, remedy)
    const { name: given, permissions: asked, schema } = value
    // a name with a dot is that of a table in a schema more often than that of a table with a dot
    if (hasSchema && schema === undefined && String(given).includes(".")) {
      return invalidInput(`${field}.name`, given, remedy)
    }
    return (
      name(`${field}.name`, given) ??
      (hasSchema && schema !== undefined ? name(`${field}.schema`, schema) : undefined) ??
      listOf(oneOf(permissions))(`${field}.permissions`, asked)
    )
  }

const checks: ReadonlyArray<readonly [keyof GrantsRequest, Check]> = [
  [
    "tables",
    listOf(
      objectGrant(
        tablePermissions,
        'give schema and name apart: Grants.table("tornadoes", ["select"], { schema: "public" })',
        true
      )
    )
  ],
  ["schemas", listOf(objectGrant(schemaPermissions, 'make it with Grants.schema("public")', false))],
  ["tableMetadata", flag],
  ...listSections.map(
    ({ field, values }) =>
      // without any API a key can still read its account's metadata
      [field, listOf(values === undefined ? name : oneOf(values), field === "apis")] as const
  )
]

/** What in a request can never work, if anything: the first such field, its shape and the remedy. */
export const validate = (request: GrantsRequest): InvalidInput | undefined => {
  for (const [field, check] of checks) {
    const problem = request[field] === undefined ? undefined : check(field, request[field])
    if (problem !== undefined) return problem
  }
  return undefined
}
