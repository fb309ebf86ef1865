/** The rows of the application's database: organizations, accounts and API keys. */
import * as Schema from "effect/Schema"
import type { Account, Organization } from "../accounts/account.ts"
import type { ApiKey } from "../accounts/keys/apiKey.ts"
import { Grant } from "../accounts/keys/grant.ts"

/** All rows. The keys are in the order of their last update. */
export interface Rows {
  readonly organizations: ReadonlyArray<Organization>
  readonly accounts: ReadonlyArray<Account>
  readonly keys: ReadonlyArray<ApiKey>
}

/** The codec of all rows. */
export const Rows: Schema.Codec<Rows> = Schema.Struct({
  organizations: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      name: Schema.String,
      databaseName: Schema.String,
      engineEnabled: Schema.Boolean
    })
  ),
  accounts: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      username: Schema.String,
      organization: Schema.optional(
        Schema.Struct({ name: Schema.String, role: Schema.Literals(["owner", "admin", "member"]) })
      ),
      databaseName: Schema.String,
      schema: Schema.String,
      role: Schema.String,
      rolePassword: Schema.String,
      publicRole: Schema.String,
      publicRolePassword: Schema.String,
      engineEnabled: Schema.NullOr(Schema.Boolean),
      state: Schema.Literals(["active", "locked", "maintenance", "not-activated"]),
      keyQuota: Schema.NullOr(Schema.Finite)
    })
  ),
  keys: Schema.Array(
    Schema.Struct({
      username: Schema.String,
      name: Schema.String,
      type: Schema.Literals(["master", "default", "regular", "oauth"]),
      token: Schema.String,
      grants: Schema.Array(Grant),
      databaseRole: Schema.String,
      databasePassword: Schema.String,
      createdAt: Schema.Finite,
      updatedAt: Schema.Finite
    })
  )
})

/** The rows of a new emulator. */
export const noRows: Rows = { organizations: [], accounts: [], keys: [] }

/** Whether an account may use API keys. The organization's flag applies if the account has no flag of its own. */
export const isEngineEnabled = ({ organizations }: Rows, account: Account): boolean =>
  account.engineEnabled ?? organizations.find(({ name }) => name === account.organization?.name)?.engineEnabled ?? true
