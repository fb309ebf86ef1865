/** Grants in words, one each. */
import type { GrantsSet } from "../../../account/Grants.ts"

export const grantNames = (grants: GrantsSet): ReadonlyArray<string> => [
  ...grants.apis.map((api) => `API ${api}`),
  ...grants.tables.map(({ name, permissions, schema }) => `${permissions.join(", ")} on ${schema}.${name}`),
  ...grants.schemas.map(({ name, permissions }) => `${permissions.join(", ")} in schema ${name}`),
  ...(grants.tableMetadata ? ["table metadata"] : []),
  ...grants.services.map((service) => `service ${service}`),
  ...grants.user.map((data) => `user data ${data}`),
  ...grants.datasets.map((dataset) => `data set ${dataset}`)
]
