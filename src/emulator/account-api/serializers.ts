/** The application's JSON of accounts and tables, with the fields that clients read. */
import type { Account } from "../accounts/account.ts"
import type { JsonObject } from "../accounts/ruby/jsonSchema.ts"
import type { Table } from "./tables.ts"

const QUOTA = 1_073_741_824

/** The JSON of a user. */
export const user = (account: Account): JsonObject => ({
  id: account.id,
  username: account.username,
  name: account.username,
  email: `${account.username}@example.com`,
  account_type: "EMBEDDED",
  quota_in_bytes: QUOTA,
  private_tables: true,
  organization: account.organization === undefined ? null : { name: account.organization.name }
})

/** The JSON of a member of an organization. */
export const member = (account: Account): JsonObject => ({
  ...user(account),
  org_admin: account.organization?.role !== "member",
  org_user: true
})

/** The JSON of the caller's account. */
export const me = (account: Account, origin: string): JsonObject => ({
  user_data: { ...user(account), base_url: `${origin}/user/${account.username}` },
  user_url: `${origin}/user/${account.username}`,
  config: {
    sql_api_template: `${origin}/user/{user}`,
    maps_api_template: `${origin}/user/{user}`,
    user_name: account.username
  },
  can_change_email: false
})

/** The JSON of the visualization that represents a table. */
export const visualization = (account: Account, { bytes, id, isPublic, name, rows, updatedAt }: Table): JsonObject => {
  const privacy = isPublic ? "PUBLIC" : "PRIVATE"
  return {
    id,
    name,
    display_name: name,
    type: "table",
    privacy,
    created_at: updatedAt,
    updated_at: updatedAt,
    permission: { owner: { id: account.id, username: account.username } },
    table: {
      id,
      name: account.schema === "public" ? name : `${account.schema}.${name}`,
      privacy,
      row_count: rows,
      size: bytes,
      updated_at: updatedAt
    }
  }
}

const positive = (text: string | null, byDefault: number): number => {
  const number = Number.parseInt(text ?? "", 10)
  return number > 0 ? number : byDefault
}

/** The JSON of a page of the account's tables. The emulator has no other visualizations. */
export const visualizations = (account: Account, tables: ReadonlyArray<Table>, query: URLSearchParams): JsonObject => {
  const types = (query.get("types") ?? query.get("type") ?? "table").split(",")
  const wanted = query.get("q") ?? ""
  const matching = types.includes("table") ? tables.filter(({ name }) => name.includes(wanted)) : []
  const perPage = positive(query.get("per_page"), 20)
  const start = (positive(query.get("page"), 1) - 1) * perPage
  return {
    visualizations: matching.slice(start, start + perPage).map((table) => visualization(account, table)),
    total_entries: matching.length,
    total_user_entries: matching.length,
    total_likes: 0,
    total_shared: 0
  }
}
