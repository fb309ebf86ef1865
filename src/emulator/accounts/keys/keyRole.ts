/** Creates and drops the database role of a key. */
import * as Effect from "effect/Effect"
import { type ConnectionError, type Database, DatabaseError } from "../../database.ts"
import type { Account } from "../account.ts"
import type { ApiKey } from "./apiKey.ts"
import { schemaGrants, section, type TableGrant, tableGrants } from "./grant.ts"
import { identifier, literal } from "../../shared/quoting.ts"

/** The `search_path` of the roles of an account. */
export const searchPath = (account: Account): string =>
  `${identifier(account.schema)}, cartodb, cdb_dataservices_client, public`

const quotaFunction = (schema: string): string => `${identifier(schema)}._CDB_UserQuotaInBytes()`

/** SQL that writes the key's configuration row. Database functions read the username and the data services from it. */
export const configure = ({ databaseRole, grants, username }: ApiKey): string => {
  const services = section(grants, "dataservices")?.services ?? []
  const configuration = JSON.stringify({ username, permissions: services, ownership_role_name: "" })
  return `SELECT cartodb.cdb_conf_setconf(${literal(`api_keys_${databaseRole}`)}, ${literal(configuration)}::json)`
}

interface Relation {
  readonly schema: string
  readonly name: string
}

/** A granted table's overviews, and the sequences that belong to columns of any of them. */
const related = Effect.fnUntraced(function* (
  database: Database,
  { name, schema }: Relation
): Effect.fn.Return<
  { readonly overviews: ReadonlyArray<Relation>; readonly sequences: ReadonlyArray<Relation> },
  DatabaseError | ConnectionError
> {
  const rows = yield* database.superuser(
    `WITH granted AS (
       SELECT c.oid, n.nspname, c.relname
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = $1::text
         AND (c.relname = $2::text OR (c.relkind = 'r' AND c.relname ~ '^_vovw_[0-9]+_' AND regexp_replace(c.relname, '^_vovw_[0-9]+_', '') = $2::text))
     )
     SELECT 'overview' AS kind, nspname AS schema, relname AS name FROM granted WHERE relname <> $2::text
     UNION ALL
     SELECT 'sequence', n.nspname, s.relname
     FROM granted
     JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = granted.oid AND d.refobjsubid > 0
       AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
     JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
     JOIN pg_namespace n ON n.oid = s.relnamespace`,
    [schema, name]
  )
  const relations = (kind: string) =>
    rows.filter((row) => row["kind"] === kind).map((row) => ({ schema: row["schema"] ?? "", name: row["name"] ?? "" }))
  return { overviews: relations("overview"), sequences: relations("sequence") }
})

const qualified = ({ name, schema }: Relation): string => `${identifier(schema)}.${identifier(name)}`

const grantTable = Effect.fnUntraced(function* (
  database: Database,
  grant: TableGrant,
  grantee: string
): Effect.fn.Return<ReadonlyArray<string>, DatabaseError | ConnectionError> {
  if (grant.permissions.length === 0) return []
  const { overviews, sequences } = yield* related(database, grant)
  return [
    ...[grant, ...overviews].map(
      (table) => `GRANT ${grant.permissions.join(", ")} ON TABLE ${qualified(table)} TO ${grantee}`
    ),
    ...sequences.map((sequence) => `GRANT USAGE, SELECT ON SEQUENCE ${qualified(sequence)} TO ${grantee}`)
  ]
})

// The statements contain the role's password.
const withoutStatement = (error: DatabaseError | ConnectionError): DatabaseError | ConnectionError =>
  error._tag === "DatabaseError" ? new DatabaseError({ ...error, statement: "" }) : error

/**
 * Sets one hash iteration. Passwords are random, so more iterations add no protection and dominate the time of a role.
 */
const quickHash = `SELECT set_config(name, '1', true) FROM pg_settings WHERE name = 'scram_iterations'`

/** Runs statements that contain a password. An error does not contain the statements. */
export const runSecretly = (
  database: Database,
  statements: ReadonlyArray<string>
): Effect.Effect<void, DatabaseError | ConnectionError> =>
  Effect.mapError(database.superuserTransaction([quickHash, ...statements]), withoutStatement)

/** Creates the role of a regular key with the key's grants, in one transaction. The caller checks permissions first. */
export const create: (
  database: Database,
  account: Account,
  key: ApiKey
) => Effect.Effect<void, DatabaseError | ConnectionError> = Effect.fnUntraced(function* (database, account, key) {
  const role = identifier(key.databaseRole)
  const tables = tableGrants(key.grants)
  const tableStatements = yield* Effect.forEach(tables, (grant) => grantTable(database, grant, role))
  yield* runSecretly(database, [
    `CREATE ROLE ${role} NOSUPERUSER NOCREATEDB LOGIN PASSWORD ${literal(key.databasePassword)}`,
    `GRANT ${identifier(account.publicRole)} TO ${role}`,
    `ALTER ROLE ${role} SET search_path = ${searchPath(account)}`,
    ...(account.organization === undefined
      ? []
      : [`GRANT ALL ON FUNCTION ${quotaFunction(account.schema)} TO ${role}`]),
    `GRANT ${role} TO ${identifier(account.role)}`,
    ...tableStatements.flat(),
    ...[...new Set(tables.map(({ schema }) => schema))].flatMap((schema) => [
      `GRANT USAGE ON SCHEMA ${identifier(schema)} TO ${role}`,
      `GRANT ALL ON FUNCTION ${quotaFunction(schema)} TO ${role}`
    ]),
    ...schemaGrants(key.grants)
      .filter(({ permissions }) => permissions.length > 0)
      .map(({ name }) => `GRANT CREATE ON SCHEMA ${identifier(name)} TO ${role}`),
    configure(key)
  ])
})

/** Removes the role of a key. The account becomes the owner of the role's objects. */
export const remove = (
  database: Database,
  account: Account,
  key: ApiKey
): Effect.Effect<void, DatabaseError | ConnectionError> => {
  const role = identifier(key.databaseRole)
  return database.superuserTransaction([
    `REASSIGN OWNED BY ${role} TO ${identifier(account.role)}`,
    `DROP OWNED BY ${role}`,
    `DROP ROLE IF EXISTS ${role}`,
    `SELECT cartodb.cdb_conf_removeconf(${literal(`api_keys_${key.databaseRole}`)})`
  ])
}
