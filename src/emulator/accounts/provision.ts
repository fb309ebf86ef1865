/** What an account has in its database: its roles and its schema. */
import * as Effect from "effect/Effect"
import type { ConnectionError, Database, DatabaseError } from "../database.ts"
import { userQuota } from "../schema/cartoSchema.ts"
import type { Account } from "./account.ts"
import type { ApiKey } from "./keys/apiKey.ts"
import { configure, runSecretly, searchPath } from "./keys/keyRole.ts"
import { identifier, literal } from "../shared/quoting.ts"

const createRole = (role: string, password: string): string =>
  `CREATE ROLE ${identifier(role)} NOSUPERUSER NOCREATEDB NOCREATEROLE LOGIN PASSWORD ${literal(password)}`

const setSearchPath = (role: string, account: Account): string =>
  `ALTER ROLE ${identifier(role)} SET search_path = ${searchPath(account)}`

const soloStatements = (account: Account): ReadonlyArray<string> => [
  `ALTER ROLE ${identifier(account.publicRole)} LOGIN PASSWORD ${literal(account.publicRolePassword)}`,
  `ALTER SCHEMA ${identifier(account.schema)} OWNER TO ${identifier(account.role)}`
]

const memberStatements = (account: Account, isOrganizationRoleMissing: boolean, organizationRole: string) => [
  createRole(account.publicRole, account.publicRolePassword),
  `GRANT publicuser TO ${identifier(account.publicRole)}`,
  `CREATE SCHEMA ${identifier(account.schema)} AUTHORIZATION ${identifier(account.role)}`,
  `GRANT USAGE ON SCHEMA ${identifier(account.schema)} TO ${identifier(account.publicRole)}, publicuser`,
  ...(isOrganizationRoleMissing ? [`CREATE ROLE ${identifier(organizationRole)} NOLOGIN`] : []),
  `GRANT ${identifier(organizationRole)} TO ${identifier(account.role)}`
]

const roles = Effect.fnUntraced(function* (database: Database) {
  const rows = yield* database.superuser(
    `SELECT rolname, 'cdb_org_member_' || md5(current_database()) AS organization FROM pg_roles`
  )
  return {
    names: new Set(rows.map((row) => row["rolname"])),
    organization: rows[0]?.["organization"] ?? "cdb_org_member"
  }
})

/** Gives an account its place in the database, unless it has it already. `keys` are its Master and default keys. */
export const provision: (
  database: Database,
  account: Account,
  keys: ReadonlyArray<ApiKey>
) => Effect.Effect<void, DatabaseError | ConnectionError> = Effect.fnUntraced(function* (database, account, keys) {
  const { names, organization } = yield* roles(database)
  if (names.has(account.role)) return
  yield* runSecretly(database, [
    createRole(account.role, account.rolePassword),
    ...(account.organization === undefined
      ? soloStatements(account)
      : memberStatements(account, !names.has(organization), organization)),
    setSearchPath(account.role, account),
    setSearchPath(account.publicRole, account),
    userQuota({ schema: account.schema, owner: account.role }),
    ...keys.map(configure)
  ])
})
