/** The part of JSON Schema that a key's grants need, with the messages of CARTO's Ruby validator. */
import type * as Schema from "effect/Schema"
import { className, inspect } from "./values.ts"

/** A schema. */
export interface JsonSchema {
  readonly type?: "array" | "object" | "string" | "boolean" | undefined
  readonly required?: ReadonlyArray<string> | undefined
  /** The allowed properties. Other properties are refused. */
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined
  readonly items?: JsonSchema | undefined
  readonly enum?: ReadonlyArray<string> | undefined
}

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Schema.Json }

/** Whether a JSON value is an array. */
export const isArray = (value: Schema.Json | undefined): value is ReadonlyArray<Schema.Json> => Array.isArray(value)

/** Whether a JSON value is an object. */
export const isObject = (value: Schema.Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const typeOf = (value: Schema.Json): string => (isArray(value) ? "array" : value === null ? "null" : typeof value)

const ownMessages = (schema: JsonSchema, value: Schema.Json): ReadonlyArray<string> => {
  const messages: Array<string> = []
  if (schema.type !== undefined && typeOf(value) !== schema.type) {
    messages.push(`of type ${className(value)} did not match the following type: ${schema.type}`)
  }
  if (schema.enum !== undefined && !schema.enum.some((allowed) => allowed === value)) {
    messages.push(`value ${inspect(value)} did not match one of the following values: ${schema.enum.join(", ")}`)
  }
  if (isObject(value)) {
    for (const name of schema.required ?? []) {
      if (!Object.hasOwn(value, name)) messages.push(`did not contain a required property of '${name}'`)
    }
    const properties = schema.properties
    const additional =
      properties === undefined ? [] : Object.keys(value).filter((name) => !Object.hasOwn(properties, name))
    if (additional.length > 0) {
      messages.push(`contains additional properties ${inspect(additional)} outside of the schema when none are allowed`)
    }
  }
  return messages
}

const children = (
  schema: JsonSchema,
  value: Schema.Json
): ReadonlyArray<readonly [string, JsonSchema, Schema.Json]> => {
  const { items, properties } = schema
  if (isArray(value) && items !== undefined) return value.map((item, index) => [String(index), items, item] as const)
  if (!isObject(value)) return []
  return Object.entries(properties ?? {}).flatMap(([name, property]) => {
    const child = Object.hasOwn(value, name) ? value[name] : undefined
    return child === undefined ? [] : [[name, property, child] as const]
  })
}

/** The messages of all violations, in the validator's order. `id` is the schema's UUID, which clients do not use. */
export const violations = (
  schema: JsonSchema,
  value: Schema.Json,
  id: string,
  path: ReadonlyArray<string> = []
): ReadonlyArray<string> => [
  ...ownMessages(schema, value).map((message) => `The property '#/${path.join("/")}' ${message} in schema ${id}#`),
  ...children(schema, value).flatMap(([name, childSchema, child]) =>
    violations(childSchema, child, id, [...path, name])
  )
]
