/** Reads permissions from PostgreSQL's catalog: those that an account can grant, and those that a key has. */
import * as Effect from "effect/Effect"
import type { ConnectionError, Database, DatabaseError } from "../../database.ts"
import type { Account } from "../account.ts"
import { type Grant, schemaGrants, tableGrants } from "./grant.ts"

const hiddenSchemas = `('cartodb', 'cdb', 'cdb_importer')`

// PostgreSQL reads an untyped parameter as a `name`, cut to 63 bytes, which could match another table. The account is a
// member of the roles of its organization's groups and of its keys. Permissions of its keys do not count.
const HELD_ON_TABLE = `
  WITH me AS (SELECT oid FROM pg_roles WHERE rolname = $3::text),
  grantees AS MATERIALIZED (
    SELECT oid FROM me
    UNION
    SELECT r.oid FROM me JOIN pg_auth_members m ON m.member = me.oid JOIN pg_roles r ON r.oid = m.roleid
    WHERE r.rolname !~ '^(publicuser$|cartodb_publicuser_|carto_role_)'
  )
  SELECT
    c.relowner = me.oid AS owns,
    coalesce((
      SELECT string_agg(DISTINCT lower(acl.privilege_type), ',')
      FROM aclexplode(c.relacl) acl JOIN grantees g ON g.oid = acl.grantee
    ), '') AS privileges
  FROM me CROSS JOIN pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1::text AND c.relname = $2::text AND n.nspname NOT IN ${hiddenSchemas}`

const CAN_CREATE = `
  SELECT 1 FROM pg_namespace n JOIN pg_roles me ON me.rolname = $2::text
  WHERE n.nspname = $1::text AND has_schema_privilege(me.oid, n.oid, 'CREATE')`

const isNameOfCatalogue = (name: string): boolean => !name.includes("\0")

/**
 * Checks that the account itself has all table and schema permissions that the grants ask for. Returns the kind of the
 * first missing permission. Tables are checked first.
 */
export const missing: (
  database: Database,
  account: Account,
  grants: ReadonlyArray<Grant>
) => Effect.Effect<"table" | "schema" | undefined, DatabaseError | ConnectionError> = Effect.fnUntraced(
  function* (database, account, grants) {
    for (const { name, permissions, schema } of tableGrants(grants)) {
      if (!isNameOfCatalogue(schema + name)) return "table"
      const [held] = yield* database.superuser(HELD_ON_TABLE, [schema, name, account.role])
      const privileges = held?.["privileges"]?.split(",") ?? []
      const holdsAll = held?.["owns"] === "t" || permissions.every((permission) => privileges.includes(permission))
      if (held === undefined || !holdsAll) return "table"
    }
    for (const { name, permissions } of schemaGrants(grants)) {
      if (permissions.length === 0) continue
      if (!isNameOfCatalogue(name)) return "schema"
      const held = yield* database.superuser(CAN_CREATE, [name, account.role])
      if (held.length === 0) return "schema"
    }
    return undefined
  }
)

// These types are aliases, because TypeScript does not accept an interface as JSON.

/** The permissions of a role on a table. */
export type HeldTable = {
  readonly schema: string
  readonly name: string
  readonly owner: boolean
  readonly permissions: ReadonlyArray<string>
}

/** The permissions of a role on a schema. */
export type HeldSchema = {
  readonly name: string
  readonly permissions: ReadonlyArray<string>
}

/** The permissions of a role. */
export interface Held {
  readonly tables: ReadonlyArray<HeldTable>
  readonly schemas: ReadonlyArray<HeldSchema>
}

// The rows of information_schema.table_privileges for these grantees. The statement reads only relations that depend on
// a role, so its time does not grow with the number of tables and other keys.
const TABLES = `
  SELECT r.rolname AS role, n.nspname AS schema, c.relname AS name, c.relowner = r.oid AS owner,
    string_agg(DISTINCT lower(acl.privilege_type), ',' ORDER BY lower(acl.privilege_type)) AS permissions
  FROM pg_roles r
  JOIN (
    SELECT DISTINCT d.refobjid AS role, d.objid AS relation
    FROM pg_shdepend d JOIN pg_database b ON b.oid = d.dbid AND b.datname = current_database()
    WHERE d.refclassid = 'pg_authid'::regclass AND d.classid = 'pg_class'::regclass
      AND d.refobjid IN (SELECT oid FROM pg_roles WHERE rolname IN (SELECT jsonb_array_elements_text($1::jsonb)))
  ) known ON known.role = r.oid
  JOIN pg_class c ON c.oid = known.relation AND c.relkind IN ('r', 'v', 'f', 'p')
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) acl ON acl.grantee = r.oid
  WHERE r.rolname IN (SELECT jsonb_array_elements_text($1::jsonb))
    AND acl.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER')
  GROUP BY 1, 2, 3, 4
  ORDER BY 1, 2, 3`

const SCHEMAS = `
  SELECT r.rolname AS role, n.nspname AS name,
    has_schema_privilege(r.oid, n.oid, 'CREATE') AS "create", has_schema_privilege(r.oid, n.oid, 'USAGE') AS usage
  FROM pg_roles r CROSS JOIN pg_namespace n
  WHERE r.rolname IN (SELECT jsonb_array_elements_text($1::jsonb))
    AND n.nspname !~ '^pg_' AND n.nspname NOT IN ${hiddenSchemas}
  ORDER BY r.rolname, n.nspname`

/** The present permissions of roles, by role name: direct grants on tables, and all schema permissions. */
export const held: (
  database: Database,
  roles: ReadonlyArray<string>
) => Effect.Effect<ReadonlyMap<string, Held>, DatabaseError | ConnectionError> = Effect.fnUntraced(
  function* (database, roles) {
    const parameters = [JSON.stringify(roles)]
    const tables = yield* database.superuser(TABLES, parameters)
    const schemas = yield* database.superuser(SCHEMAS, parameters)
    return new Map(
      roles.map((role) => [
        role,
        {
          tables: tables
            .filter((row) => row["role"] === role)
            .map((row) => ({
              schema: row["schema"] ?? "",
              name: row["name"] ?? "",
              owner: row["owner"] === "t",
              permissions: row["permissions"]?.split(",") ?? []
            })),
          schemas: schemas
            .filter((row) => row["role"] === role && (row["create"] === "t" || row["usage"] === "t"))
            .map((row) => ({
              name: row["name"] ?? "",
              permissions: ["create", "usage"].filter((permission) => row[permission] === "t")
            }))
        }
      ])
    )
  }
)
