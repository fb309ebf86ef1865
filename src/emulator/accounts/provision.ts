/** Creates the roles and the schema of an account in its database. */
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

// A text may change its role just before the emulator is killed. These statements undo such a change.
const resetRole = (account: Account, { databasePassword, databaseRole }: ApiKey): ReadonlyArray<string> => [
  `ALTER ROLE ${identifier(databaseRole)} RESET ALL`,
  `DO $do$ BEGIN EXECUTE pg_catalog.format('ALTER ROLE %I IN DATABASE %I RESET ALL', ${literal(databaseRole)}, pg_catalog.current_database()); END $do$`,
  setSearchPath(databaseRole, account),
  `ALTER ROLE ${identifier(databaseRole)} PASSWORD ${literal(databasePassword)}`
]

/**
 * Creates the roles and the schema of an account. If they exist, the passwords and the settings of the key roles are
 * restored. `keys` are all keys of the account.
 */
export const provision: (
  database: Database,
  account: Account,
  keys: ReadonlyArray<ApiKey>
) => Effect.Effect<void, DatabaseError | ConnectionError> = Effect.fnUntraced(function* (database, account, keys) {
  const { names, organization } = yield* roles(database)
  if (names.has(account.role)) {
    const known = keys.filter(({ databaseRole }) => names.has(databaseRole))
    return yield* runSecretly(
      database,
      known.flatMap((key) => resetRole(account, key))
    )
  }
  yield* runSecretly(database, [
    createRole(account.role, account.rolePassword),
    ...(account.organization === undefined
      ? soloStatements(account)
      : memberStatements(account, !names.has(organization), organization)),
    setSearchPath(account.role, account),
    setSearchPath(account.publicRole, account),
    `GRANT SELECT, INSERT, UPDATE, DELETE ON cartodb.cdb_tablemetadata TO ${identifier(account.role)}`,
    userQuota({ schema: account.schema, owner: account.role }),
    ...keys.filter(({ type }) => type === "master" || type === "default").map(configure)
  ])
})
