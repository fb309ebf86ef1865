/**
 * Verifies that a key has what was asked for and nothing else. The questions run in PostgreSQL under the key itself, because the
 * Auth API leaves out materialized views, public tables and what roles inherit.
 * @module
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { ApiKey } from "../account/ApiKey.ts"
import { ApiKeyManager, type CreateOptions, type CreateReason } from "./ApiKeyManager.ts"
import { Auth } from "../account/Auth.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import {
  difference,
  type GrantsLike,
  type GrantsSet,
  type SchemaPermission,
  type TablePermission,
  union
} from "../account/Grants.ts"
import { defaultApis, tablePermissions } from "../account/grantVocabulary.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { invalidInput } from "../errors/internal/invalidInput.ts"
import type { InvalidInput } from "../errors/Call.ts"
import { GrantsDiffer } from "../errors/Keys.ts"
import { type QueryReason, Sql } from "../sql/Sql.ts"
import { quoteName } from "../sql/internal/identifier.ts"
import { sql } from "../sql/Statement.ts"
import { catalog } from "./internal/privileges/catalog.ts"
import { publicPrivileges, type EffectivePrivileges, keyPrivileges } from "./internal/privileges/effectivePrivileges.ts"

export { GrantsDiffer } from "../errors/Keys.ts"

/** What a key may do, compared with what was asked for. */
export interface Verification {
  /** Where tables and schemas come from: the `database`, or the `auth-api` if the key may not use the SQL API. */
  readonly source: "auth-api" | "database"
  /** What the key may do: tables and schemas as in `source`, public ones included, and the rest as in the Auth API. */
  readonly held: GrantsSet
  /** What was asked for and the key may not do. */
  readonly missing: GrantsSet
  /** What the key may do beyond what was asked for and what every key may do. */
  readonly extra: GrantsSet
}

const grantsOf = ({ creates, tables }: EffectivePrivileges): GrantsLike => ({
  tables: tables.map(({ permissions, table: { name, schema } }) => ({ schema, name, permissions })),
  schemas: creates.map(({ name }) => ({ name, permissions: ["create"] }))
})

/** The grants that a request can ask for. A response also has `usage`, `references` and the like, and never `user`. */
const askable = (grants: GrantsLike): GrantsLike => ({
  ...grants,
  apis: grants.apis ?? defaultApis,
  tables: grants.tables?.map((table) => ({
    ...table,
    permissions: table.permissions.filter((permission) => tablePermissions.some((known) => known === permission))
  })),
  schemas: grants.schemas?.map(({ name, permissions }) => ({
    name,
    permissions: permissions.filter((permission) => permission === "create")
  })),
  user: []
})

const compare = Effect.fnUntraced(function* (
  key: ApiKey,
  asked: GrantsLike,
  ask: boolean
): Effect.fn.Return<Verification, CartoErrorOf<QueryReason>, Sql> {
  const found = yield* catalog
  const privileges = yield* keyPrivileges(found, key, ask)
  const everyone = yield* publicPrivileges(found)
  const { apis, datasets, services, tableMetadata } = key.grants
  const defaultSchema = found.schemas.find(({ current }) => current)?.name
  const held = union({ apis, datasets, services, tableMetadata }, grantsOf(privileges))
  const wanted = union(askable(asked), {}, { defaultSchema })
  return {
    source: privileges.source,
    held,
    missing: difference(wanted, held),
    extra: difference(difference(held, wanted), grantsOf(everyone))
  }
})

/** Reports whether a set holds no grant. */
export const isEmpty = (grants: GrantsSet): boolean =>
  !grants.tableMetadata &&
  [grants.apis, grants.tables, grants.schemas, grants.services, grants.user, grants.datasets].every(
    (list) => list.length === 0
  )

/**
 * Compares what a key may do with what was asked for, by default with what the Auth API reports of the key.
 *
 * Needs the master key. Sends three requests to the SQL API: the catalog under the master key, and the permissions under the
 * key itself and under the default public key.
 */
export const verifyGrants = (
  key: ApiKey,
  asked: GrantsLike = key.grants
): Effect.Effect<Verification, CartoErrorOf<QueryReason>, Sql> =>
  compare(key, asked, true).pipe(
    Effect.withSpan("Verification.verifyGrants", { attributes: { "carto.key": key.name } })
  )

/**
 * Creates a key and verifies it. If the key has other grants than asked for, or if the verification fails or is interrupted,
 * the key is deleted again.
 *
 * Needs the master key. For another member of the organization (`targetUser`) the grants are compared with the Auth API's
 * response. Fails with `GrantsDiffer`, which has the missing and the extra grants, or with a reason of `create` or `query`.
 */
export const createVerified = (
  options: CreateOptions
): Effect.Effect<ApiKey, CartoErrorOf<CreateReason | GrantsDiffer | QueryReason>, ApiKeyManager | Sql> =>
  Effect.acquireUseRelease(
    ApiKeyManager.use((keys) => keys.create(options)),
    (key) =>
      Effect.flatMap(
        compare(key, options, options.targetUser === undefined),
        ({ extra, missing }): Effect.Effect<ApiKey, CartoErrorOf<GrantsDiffer>> =>
          isEmpty(missing) && isEmpty(extra)
            ? Effect.succeed(key)
            : Effect.fail(
                cartoError("Verification.createVerified", new GrantsDiffer({ name: key.name, missing, extra }))
              )
      ),
    (key, exit) =>
      Exit.isSuccess(exit)
        ? Effect.void
        : ApiKeyManager.use((keys) => keys.delete(key.name, { targetUser: options.targetUser })).pipe(
            Effect.ignore({ log: "Warn", message: "the key failed its verification and could not be deleted" })
          )
  ).pipe(Effect.withSpan("Verification.createVerified", { attributes: { "carto.key": options.name } }))

/** Where to look a table up. */
export interface CanOptions {
  /**
   * The schema of the table.
   * @default the first schema of the key's search path that has such a table
   */
  readonly schema?: string | undefined
}

const check = (
  permission: SchemaPermission | TablePermission,
  name: string,
  schema: string | undefined
): InvalidInput | undefined =>
  permission !== "create" && !tablePermissions.some((known) => known === permission)
    ? invalidInput("permission", permission, `use create, ${tablePermissions.join(", ")}`)
    : typeof name !== "string" || name.trim() === "" || schema === ""
      ? invalidInput("name", name, "give the name as it is in PostgreSQL, without quotes")
      : undefined

/**
 * Asks PostgreSQL, under the key itself, whether the key may read or change a table. With `create` the name is that of a
 * schema, and the question whether the key may create tables in it.
 *
 * Sends one request to the SQL API. Fails with `UndefinedTable` if the table does not exist, and with `InvalidInput` for an
 * unknown permission or a name that cannot be one.
 */
export const can = (
  key: ApiKey | Redacted.Redacted<string>,
  permission: SchemaPermission | TablePermission,
  name: string,
  options: CanOptions = {}
): Effect.Effect<boolean, CartoErrorOf<QueryReason>, Sql> => {
  const { schema } = options
  const problem = check(permission, name, schema)
  if (problem !== undefined) return Effect.fail(cartoError("Verification.can", problem))
  const parts = Result.all((schema === undefined ? [name] : [schema, name]).map(quoteName))
  if (Result.isFailure(parts)) {
    return Effect.fail(cartoError("Verification.can", invalidInput("name", name, parts.failure)))
  }
  const question =
    permission === "create"
      ? sql`SELECT pg_catalog.has_schema_privilege(${name}, 'create') AS can`
      : sql`SELECT pg_catalog.has_table_privilege(${parts.success.join(".")}, ${permission}) AS can`
  return Sql.use((db) => db.query(question, { idempotent: true })).pipe(
    Auth.withApiKey(key),
    Effect.map(({ rows: [row] }) => row?.["can"] === true),
    // the table is in a schema that the key may not use
    Effect.catchReason("CartoError", "PermissionDenied", () => Effect.succeed(false)),
    Effect.withSpan("Verification.can", { attributes: { "carto.permission": permission } })
  )
}
