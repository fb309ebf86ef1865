/** What PostgreSQL's catalogue says of permissions: those an account can pass on, and those a key holds. */
import * as Effect from "effect/Effect"
import type { ConnectionError, Database, DatabaseError } from "../../database.ts"
import type { Account } from "../account.ts"
import { type Grant, schemaGrants, tableGrants } from "./grant.ts"

const hiddenSchemas = `('cartodb', 'cdb', 'cdb_importer')`

// An untyped parameter would become a `name`, which is cut after 63 bytes, and match a table it does not name.
// Groups of an organisation are roles of which the account is a member, and so are its keys, whose rights do not count.
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

/** Whether the account holds, itself, everything on tables and schemas that the grants ask for. Tables come first. */
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

// Type aliases, because an interface is not known to be JSON.
export type HeldTable = {
  readonly schema: string
  readonly name: string
  readonly owner: boolean
  readonly permissions: ReadonlyArray<string>
}

export type HeldSchema = {
  readonly name: string
  readonly permissions: ReadonlyArray<string>
}

export interface Held {
  readonly tables: ReadonlyArray<HeldTable>
  readonly schemas: ReadonlyArray<HeldSchema>
}

// What information_schema.table_privileges shows of these grantees. Only relations that depend on a role are looked at, so
// that the time does not grow with the number of tables and of other keys.
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

/** What roles hold now: on tables by grants to themselves, on schemas by any way. By name of the role. */
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
