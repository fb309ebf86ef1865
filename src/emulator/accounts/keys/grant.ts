/**
 * The grants that a request asks for. The server checks them against one flat schema, so a section may contain the
 * lists of another section. Such lists have no effect.
 */
import * as Schema from "effect/Schema"

/** A grant on a table. */
export interface TableGrant {
  readonly schema: string
  readonly name: string
  readonly permissions: ReadonlyArray<string>
}

/** A grant on a schema. */
export interface SchemaGrant {
  readonly name: string
  readonly permissions: ReadonlyArray<string>
}

/** A section of grants. Its `type` names the section. */
export interface Grant {
  readonly type: string
  readonly apis?: ReadonlyArray<string> | undefined
  readonly tables?: ReadonlyArray<TableGrant> | undefined
  readonly schemas?: ReadonlyArray<SchemaGrant> | undefined
  readonly table_metadata?: ReadonlyArray<Schema.Json> | undefined
  readonly services?: ReadonlyArray<string> | undefined
  readonly data?: ReadonlyArray<string> | undefined
  readonly datasets?: ReadonlyArray<string> | undefined
}

const Strings = Schema.Array(Schema.String)

/** The codec of a section of grants. */
export const Grant: Schema.Codec<Grant> = Schema.Struct({
  type: Schema.String,
  apis: Schema.optional(Strings),
  tables: Schema.optional(
    Schema.Array(Schema.Struct({ schema: Schema.String, name: Schema.String, permissions: Strings }))
  ),
  schemas: Schema.optional(Schema.Array(Schema.Struct({ name: Schema.String, permissions: Strings }))),
  table_metadata: Schema.optional(Schema.Array(Schema.Json)),
  services: Schema.optional(Strings),
  data: Schema.optional(Strings),
  datasets: Schema.optional(Strings)
})

/** The section of a type. `undefined` if there is no such section. Validation rejects two sections of one type. */
export const section = (grants: ReadonlyArray<Grant>, type: string): Grant | undefined =>
  grants.find((grant) => grant.type === type)

const merge = <A extends { readonly permissions: ReadonlyArray<string> }>(
  grants: ReadonlyArray<A>,
  keyOf: (grant: A) => string
): ReadonlyArray<A> => {
  const merged = new Map<string, A>()
  for (const grant of grants) {
    const known = merged.get(keyOf(grant))
    const permissions = new Set([...(known?.permissions ?? []), ...grant.permissions])
    merged.set(keyOf(grant), { ...grant, permissions: [...permissions] })
  }
  return [...merged.values()]
}

/** The tables of the database section, each once. */
export const tableGrants = (grants: ReadonlyArray<Grant>): ReadonlyArray<TableGrant> =>
  merge(section(grants, "database")?.tables ?? [], ({ name, schema }) => JSON.stringify([schema, name]))

/** The schemas of the database section, each once. */
export const schemaGrants = (grants: ReadonlyArray<Grant>): ReadonlyArray<SchemaGrant> =>
  merge(section(grants, "database")?.schemas ?? [], ({ name }) => name)
