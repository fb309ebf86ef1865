/**
 * Whether a key has what was asked for and nothing else. PostgreSQL is asked under the key itself, so that the answer is
 * not what the Auth API says, which leaves out materialized views, public tables and what roles inherit.
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

export interface Verification {
  /** Who answered for tables and schemas: `auth-api` where the key may not use the SQL API. */
  readonly source: "auth-api" | "database"
  /** What the key may do. Tables and schemas as PostgreSQL says, public ones among them; the rest as the Auth API says. */
  readonly held: GrantsSet
  /** What was asked for and is not held. */
  readonly missing: GrantsSet
  /** What is held beyond what was asked for and what every key may do. */
  readonly extra: GrantsSet
}

const grantsOf = ({ creates, tables }: EffectivePrivileges): GrantsLike => ({
  tables: tables.map(({ permissions, table: { name, schema } }) => ({ schema, name, permissions })),
  schemas: creates.map(({ name }) => ({ name, permissions: ["create"] }))
})

/** Only what can be asked for: a response has `usage`, `references` and the like besides, and never `user`. */
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

/** Whether there is no grant in it at all. */
export const isEmpty = (grants: GrantsSet): boolean =>
  !grants.tableMetadata &&
  [grants.apis, grants.tables, grants.schemas, grants.services, grants.user, grants.datasets].every(
    (list) => list.length === 0
  )

/**
 * What a key may do, as PostgreSQL answers under the key itself, and how that differs from what was asked for: by default
 * what the Auth API says of it. Needs the master key, and the key's own to ask with.
 */
export const verifyGrants = (
  key: ApiKey,
  asked: GrantsLike = key.grants
): Effect.Effect<Verification, CartoErrorOf<QueryReason>, Sql> =>
  compare(key, asked, true).pipe(
    Effect.withSpan("Verification.verifyGrants", { attributes: { "carto.key": key.name } })
  )

/**
 * Creates a key, and proves that it has what was asked for and nothing else. Where it differs, or the proof cannot be had,
 * the key is deleted again; `GrantsDiffer` says in what. Needs the master key. For another member of the organisation
 * (`targetUser`) the Auth API's answer is all there is to compare with.
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
            Effect.ignore({ log: "Warn", message: "a key that was not proven could not be deleted" })
          )
  ).pipe(Effect.withSpan("Verification.createVerified", { attributes: { "carto.key": options.name } }))

export interface CanOptions {
  /** By default the name is looked for as a statement of the key would. */
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
      ? invalidInput("name", name, "give the name as it stands in PostgreSQL, without quotes")
      : undefined

/**
 * Whether a key may select from a table or change it, or (`create`) make tables in the schema of that name: PostgreSQL's own
 * answer under the key. Fails with `UndefinedTable` where there is no such table.
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
    // a table in a schema that the key may not even look into
    Effect.catchReason("CartoError", "PermissionDenied", () => Effect.succeed(false)),
    Effect.withSpan("Verification.can", { attributes: { "carto.permission": permission } })
  )
}
