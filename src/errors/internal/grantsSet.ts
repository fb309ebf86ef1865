/** Grants with every list present, sorted and without repetition. */
export interface GrantsSet {
  /** APIs: `sql`, `maps`, `do`. */
  readonly apis: ReadonlyArray<string>
  /** Permissions on tables, views and materialized views. */
  readonly tables: ReadonlyArray<{
    readonly schema: string
    readonly name: string
    readonly permissions: ReadonlyArray<string>
  }>
  /** Permissions on schemas. */
  readonly schemas: ReadonlyArray<{ readonly name: string; readonly permissions: ReadonlyArray<string> }>
  /** Whether the key may list the account's datasets. */
  readonly tableMetadata: boolean
  /** Data services. */
  readonly services: ReadonlyArray<string>
  /** Data about the account's user. */
  readonly user: ReadonlyArray<string>
  /** Data Observatory datasets. */
  readonly datasets: ReadonlyArray<string>
}

/** Grants as phrases, one each: `select, insert on public.storms`. */
export const grantNames = (grants: GrantsSet): ReadonlyArray<string> => [
  ...grants.apis.map((api) => `API ${api}`),
  ...grants.tables.map(({ name, permissions, schema }) => `${permissions.join(", ")} on ${schema}.${name}`),
  ...grants.schemas.map(({ name, permissions }) => `${permissions.join(", ")} in schema ${name}`),
  ...(grants.tableMetadata ? ["table metadata"] : []),
  ...grants.services.map((service) => `service ${service}`),
  ...grants.user.map((data) => `user data ${data}`),
  ...grants.datasets.map((dataset) => `data set ${dataset}`)
]
