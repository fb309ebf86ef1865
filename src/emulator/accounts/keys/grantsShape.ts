/** The shape of a new key's grants, and the application's messages for malformed grants. */
import type * as Schema from "effect/Schema"
import { apis, schemaPermissions, services, userData } from "../../../account/grantVocabulary.ts"
import { isArray, isObject, type JsonSchema, violations } from "../ruby/jsonSchema.ts"

const listOf = (values: ReadonlyArray<string>): JsonSchema => ({
  type: "array",
  items: { type: "string", enum: values }
})

const table: JsonSchema = {
  type: "object",
  required: ["schema", "name", "permissions"],
  properties: {
    schema: { type: "string" },
    name: { type: "string" },
    permissions: listOf(["insert", "select", "update", "delete"]),
    owner: { type: "boolean" }
  }
}

const schema: JsonSchema = {
  type: "object",
  required: ["name", "permissions"],
  properties: { schema: { type: "string" }, name: { type: "string" }, permissions: listOf(schemaPermissions) }
}

const sections = ["apis", "database", "dataservices", "user", "data-observatory"] as const

const grants: JsonSchema = {
  type: "array",
  items: {
    type: "object",
    required: ["type"],
    properties: {
      type: { type: "string", enum: sections },
      apis: listOf(apis),
      tables: { type: "array", items: table },
      schemas: { type: "array", items: schema },
      table_metadata: { type: "array" },
      services: listOf(services),
      data: listOf(userData),
      datasets: { type: "array", items: { type: "string" } }
    }
  }
}

const schemaId = "e4dc3a07-5e0e-5a43-9ee6-ec70a2d1c6d5"

const sectionMessages = (value: ReadonlyArray<Schema.Json>): ReadonlyArray<string> =>
  sections.flatMap((type) => {
    const count = value.filter((grant) => isObject(grant) && grant["type"] === type).length
    const isWrong = type === "apis" ? count !== 1 : count > 1
    return isWrong ? [`Grants only one ${type} section is allowed`] : []
  })

const schemaMessages = (value: Schema.Json): ReadonlyArray<string> => {
  const found = violations(grants, value, schemaId)
  return found.length === 0 ? [] : [`Grants ${found.join(", ")}`]
}

/** The messages for malformed grants, in the application's order. Empty if the grants are well formed. */
export const shapeMessages = (value: Schema.Json | undefined): ReadonlyArray<string> => {
  if (isArray(value)) return [...sectionMessages(value), ...schemaMessages(value)]
  const noArray = 'Grants ["grants has to be an array"]'
  if (value === undefined || value === null) return [noArray]
  return isObject(value)
    ? [noArray, ...schemaMessages(value)]
    : ["Grants wrongly formatted (not a Hash or invalid JSON)", noArray, ...schemaMessages(value)]
}
