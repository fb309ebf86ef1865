/** The grants of a key, as PostgreSQL keeps them: the Auth API shows no materialized views, and grants of everybody's. */
import * as Effect from "effect/Effect"
import type { ApiKey } from "../../../account/ApiKey.ts"
import type { ApiKeyManager, AuthApiReason, TargetUserOptions } from "../../ApiKeyManager.ts"
import { Auth } from "../../../account/Auth.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { type GrantsRequest, toRequest } from "../../../account/Grants.ts"
import { tablePermissions } from "../../../account/grantVocabulary.ts"
import { isStrings } from "../../../errors/internal/json.ts"
import { type QueryReason, type Row, Sql, type SqlService } from "../../../sql/Sql.ts"
import { sql, type Statement } from "../../../sql/Statement.ts"
import { runWithKey } from "./runWithKey.ts"

/** Whose keys are meant, where that is not the account itself. */
export interface TargetOptions extends TargetUserOptions {
  /**
   * The SQL API of `targetUser`, under any key, to ask each of its keys who it is. Without it what the Auth API says counts,
   * which leaves out materialized views.
   */
  readonly targetSql?: SqlService | undefined
}

export interface ExactGrants {
  /** The key's database role; unknown where the key may not use the SQL API. */
  readonly role: string | undefined
  /** The request that makes a key with the same grants, but for tables that the key owns. */
  readonly request: GrantsRequest
  readonly owned: ReadonlyArray<{ readonly schema: string; readonly name: string }>
}

const askRole = (
  key: ApiKey,
  { targetSql, targetUser }: TargetOptions
): Effect.Effect<string | undefined, CartoErrorOf<QueryReason>, Sql> => {
  const ask = (db: SqlService) => db.query(sql`SELECT current_user::text AS role`, { idempotent: true })
  if (targetUser !== undefined && targetSql === undefined) return Effect.undefined
  return (targetSql === undefined ? Sql.use(ask) : ask(targetSql)).pipe(
    Auth.withApiKey(key),
    Effect.map(({ rows: [row] }) => (typeof row?.["role"] === "string" ? row["role"] : undefined)),
    Effect.catchReason("CartoError", "ApiNotGranted", () => Effect.undefined)
  )
}

// One statement for tables and schemas, told apart by their kind: `n`. The Auth API grants nothing in CARTO's own schemas.
const heldBy = (role: string): Statement => sql`
SELECT n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, c.relowner = r.oid AS owned,
  ARRAY(SELECT DISTINCT pg_catalog.lower(a.privilege_type) FROM pg_catalog.aclexplode(c.relacl) a
    WHERE a.grantee = r.oid) AS permissions
FROM pg_catalog.pg_roles r, pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE r.rolname = ${role} AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
  AND n.nspname NOT IN ('cartodb', 'cdb', 'cdb_importer')
  AND (c.relowner = r.oid OR EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) a WHERE a.grantee = r.oid))
UNION ALL
SELECT n.nspname, '', 'n', false,
  ARRAY(SELECT DISTINCT pg_catalog.lower(a.privilege_type) FROM pg_catalog.aclexplode(n.nspacl) a
    WHERE a.grantee = r.oid)
FROM pg_catalog.pg_roles r, pg_catalog.pg_namespace n WHERE r.rolname = ${role}
ORDER BY 1, 2`

const asked = <Permission extends string>(known: ReadonlyArray<Permission>, held: unknown): ReadonlyArray<Permission> =>
  known.filter((permission) => isStrings(held) && held.includes(permission))

const read = (key: ApiKey, role: string, rows: ReadonlyArray<Row>): ExactGrants => {
  const held = rows.map(({ kind, name, owned, permissions, schema }) => ({
    schema: String(schema),
    name: String(name),
    isSchema: kind === "n",
    owned: owned === true,
    permissions
  }))
  const tables = held
    .filter(({ isSchema, owned }) => !isSchema && !owned)
    .map(({ name, permissions, schema }) => ({ schema, name, permissions: asked(tablePermissions, permissions) }))
    .filter(({ permissions }) => permissions.length > 0)
  const schemas = held
    .filter(({ isSchema }) => isSchema)
    .map(({ permissions, schema }) => ({ name: schema, permissions: asked(["create"], permissions) }))
    .filter(({ permissions }) => permissions.length > 0)
  return {
    role,
    request: {
      ...toRequest(key.grants).request,
      tables: tables.length === 0 ? undefined : tables,
      schemas: schemas.length === 0 ? undefined : schemas
    },
    owned: held.filter(({ owned }) => owned)
  }
}

/** All that the Auth API's answer says. */
const fromAnswer = ({ grants }: ApiKey): ExactGrants => ({
  role: undefined,
  request: toRequest({ ...grants, tables: grants.tables.filter(({ owner }) => !owner) }).request,
  owned: grants.tables.filter(({ owner }) => owner)
})

/** Why the grants of a key cannot be read. */
export type ExactReason = AuthApiReason | QueryReason

/**
 * Asks the key who it is, and the account, under the master key in use, what that role has. `undefined` where the key has
 * been deleted meanwhile.
 */
export const exactGrants = (
  key: ApiKey,
  target: TargetOptions
): Effect.Effect<ExactGrants | undefined, CartoErrorOf<ExactReason>, ApiKeyManager | Sql> =>
  Effect.gen(function* () {
    const asked = yield* runWithKey(key, target, (now) => Effect.map(askRole(now, target), (role) => ({ now, role })))
    if (asked === undefined) return undefined
    const { now, role } = asked
    if (role === undefined) return fromAnswer(now)
    const { rows } = yield* Sql.use((db) => db.query(heldBy(role), { idempotent: true }))
    // a role that is there has a row for each schema, if only to say that it has nothing in it
    return rows.length === 0 ? undefined : read(now, role, rows)
  })

/**
 * Hands what a key owns to the account, and lets the key and its successor do with those tables all that can be granted:
 * in one transaction, so that the key is never without them. They can alter and drop them no more.
 */
export const reassign = (
  { owned, role }: ExactGrants,
  successor?: ExactGrants
): Effect.Effect<void, CartoErrorOf<QueryReason>, Sql> => {
  if (role === undefined) return Effect.void
  const tables = sql.join(
    owned.map(({ name, schema }) => sql.identifier(schema, name)),
    ", "
  )
  const roles = [role, ...(successor?.role === undefined ? [] : [successor.role])].map((name) => sql.identifier(name))
  return Effect.asVoid(
    Sql.use((db) =>
      db.query(sql`REASSIGN OWNED BY ${sql.identifier(role)} TO CURRENT_USER;
GRANT ${sql.unsafe(tablePermissions.join(", "))} ON ${tables} TO ${sql.join(roles, ", ")}`)
    )
  )
}
