/** Reads what a plan must know of an account, and compares it with what is desired. */
import * as Effect from "effect/Effect"
import type { ApiKey } from "../../../account/ApiKey.ts"
import { difference, type GrantsRequest, type GrantsSet, union } from "../../../account/Grants.ts"
import { defaultApis } from "../../../account/grantVocabulary.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { type QueryReason, Sql } from "../../../sql/Sql.ts"
import { sql } from "../../../sql/Statement.ts"
import type { ApiKeyManager } from "../../ApiKeyManager.ts"
import type { DesiredKey, DesiredKeys } from "../../DesiredKeys.ts"
import { type ExactGrants, exactGrants, type ExactReason, type TargetOptions } from "../lifecycle/exactGrants.ts"
import { type Family, readFamilies } from "../lifecycle/family.ts"
import { checksum } from "../text/checksum.ts"
import type { PlanReason } from "./types.ts"

/** A set without grants. */
export const nothing: GrantsSet = union({}, {})

const accountSchema: Effect.Effect<string, CartoErrorOf<QueryReason>, Sql> = Effect.map(
  Sql.use((db) => db.query(sql`SELECT pg_catalog.current_schema()::text AS schema`, { idempotent: true })),
  ({ rows: [row] }) => String(row?.["schema"])
)

/** The materialized views of the account, which the Auth API does not show. */
export const materializedViews: Effect.Effect<ReadonlySet<string>, CartoErrorOf<QueryReason>, Sql> = Effect.map(
  Sql.use((db) =>
    db.query(
      sql`SELECT n.nspname AS schema, c.relname AS name
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm'`,
      { idempotent: true }
    )
  ),
  ({ rows }) => new Set(rows.map(({ name, schema }) => JSON.stringify([schema, name])))
)

/** The keys of an account whose names begin with a prefix, and how to read their grants. */
export interface Situation {
  readonly families: ReadonlyMap<string, Family>
  readonly prefix: string
  /** The schema of tables that name none. */
  readonly schema: string
  /** Materialized views, if a key's grants on them cannot be seen. */
  readonly hidden: ReadonlySet<string>
  readonly target: TargetOptions
}

/** Reads the keys of the account. */
export const readSituation: (
  desired: DesiredKeys,
  target: TargetOptions
) => Effect.Effect<Situation, CartoErrorOf<PlanReason>, ApiKeyManager | Sql> = Effect.fnUntraced(function* (
  { keys, prefix }: DesiredKeys,
  target: TargetOptions
) {
  const { targetSql, targetUser } = target
  const families = new Map([...(yield* readFamilies({ targetUser }))].filter(([name]) => name.startsWith(prefix)))
  const named = keys.every(({ tables = [] }) => tables.every(({ schema }) => schema !== undefined))
  const unseen =
    (targetUser !== undefined && targetSql === undefined) ||
    [...families.values()].some(({ generations }) => generations.some(({ grants }) => !grants.apis.includes("sql")))
  return {
    families,
    prefix,
    // the schema of an organization's member has the member's name
    schema: named ? "public" : (targetUser ?? (yield* accountSchema)),
    hidden: unseen ? yield* materializedViews : new Set(),
    target
  }
})

/** A desired key in the forms that a plan needs. */
export interface Wanted {
  readonly request: GrantsRequest
  readonly grants: GrantsSet
  /** Of the grants, five digits, and of the prefix, three: what another plan has made is not this plan's to delete. */
  readonly fingerprint: string
}

const prefixDigits = (prefix: string): string => checksum(prefix).slice(-3)

/** Reads a desired key. */
export const readWanted = ({ name: _name, ...request }: DesiredKey, { prefix, schema }: Situation): Wanted => {
  const grants = union({ apis: defaultApis, ...request }, {}, { defaultSchema: schema })
  return { request, grants, fingerprint: checksum(JSON.stringify(grants)).slice(0, 5) + prefixDigits(prefix) }
}

/** Whether a key with this fingerprint was made for the same grants. */
export const isMadeFor = (fingerprint: string | undefined, wanted: Wanted): boolean =>
  fingerprint?.slice(0, 5) === wanted.fingerprint.slice(0, 5)

/** Whether a plan with another prefix made a key with this fingerprint. */
export const isOfAnotherPrefix = (fingerprint: string | undefined, prefix: string): boolean =>
  fingerprint !== undefined && fingerprint.slice(5) !== prefixDigits(prefix)

/** A grant on a table comes with the same on its overviews, which the server makes beside large tables. */
const isOverview = (table: GrantsSet["tables"][number], wanted: GrantsSet): boolean => {
  const [, base] = /^_vovw_\d+_(.+)$/s.exec(table.name) ?? []
  return wanted.tables.some(
    ({ name, permissions, schema }) =>
      name === base &&
      schema === table.schema &&
      table.permissions.every((permission) => permissions.includes(permission))
  )
}

/** The difference between a key's grants and desired ones, as far as it can be seen. `user` grants never can. */
export const compare = (
  exact: ExactGrants,
  wanted: GrantsSet,
  hidden: ReadonlySet<string>
): { readonly missing: GrantsSet; readonly extra: GrantsSet } => {
  const live = union({ ...exact.request, user: wanted.user }, {})
  // the role of a key without the SQL API is unknown: what the Auth API does not show counts as desired
  const unseen = exact.role === undefined
  const missing = difference(wanted, unseen ? { ...live, schemas: wanted.schemas } : live)
  const extra = difference(unseen ? { ...live, schemas: [] } : live, wanted)
  return {
    missing: unseen
      ? { ...missing, tables: missing.tables.filter(({ name, schema }) => !hidden.has(JSON.stringify([schema, name]))) }
      : missing,
    extra: { ...extra, tables: extra.tables.filter((table) => !isOverview(table, wanted)) }
  }
}

const gone: ExactGrants = { role: undefined, request: { apis: [] }, owned: [] }

/** The grants of a key; none if it has been deleted. */
export const grantsOf = (
  key: ApiKey,
  { target }: Situation
): Effect.Effect<ExactGrants, CartoErrorOf<ExactReason>, ApiKeyManager | Sql> =>
  Effect.map(exactGrants(key, target), (exact) => exact ?? gone)
