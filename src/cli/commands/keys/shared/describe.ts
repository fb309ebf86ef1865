/** A key as the commands print it. */
import * as Flag from "effect/cli/Flag"
import * as Redacted from "effect/Redacted"
import type { ApiKey } from "../../../../account/ApiKey.ts"
import type { Column } from "../../../terminal/table.ts"

export const reveal = Flag.Boolean("reveal").pipe(
  Flag.withDescription("Print the token; it is masked otherwise"),
  Flag.withDefault(false),
  Flag.withoutNegation
)

const mask = "••••••••"

export const tokenText = (key: ApiKey, shown: boolean): string => (shown ? Redacted.value(key.token) : mask)

const tableText = ({ name, permissions, schema }: ApiKey["grants"]["tables"][number]): string =>
  `${schema}.${name}:${permissions.join(",")}`

/** What a list shows of a key. */
export const listed = (key: ApiKey, shown: boolean) => ({
  name: key.name,
  type: key.type,
  apis: key.grants.apis.join(","),
  tables: key.grants.tables.map(tableText).join(" "),
  created: key.createdAt.toISOString(),
  updated: key.updatedAt.toISOString(),
  ...(shown ? { token: Redacted.value(key.token) } : {})
})

export const listColumns = (shown: boolean): ReadonlyArray<Column> =>
  ["name", "type", "apis", "tables", "created", "updated", ...(shown ? ["token"] : [])].map((name) => ({ name }))

/** Everything that is known of a key. */
export const described = (key: ApiKey, shown: boolean) => ({
  name: key.name,
  type: key.type,
  account: key.username,
  apis: key.grants.apis,
  tables: key.grants.tables.map(tableText),
  schemas: key.grants.schemas.map(({ name, permissions }) => `${name}:${permissions.join(",")}`),
  tableMetadata: key.grants.tableMetadata,
  services: key.grants.services,
  datasets: key.grants.datasets,
  created: key.createdAt.toISOString(),
  updated: key.updatedAt.toISOString(),
  token: tokenText(key, shown)
})
