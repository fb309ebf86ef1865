/**
 * Keys by declaration: say which keys there are to be, look at what would change, and apply it. Keys cannot be edited, so
 * one that is to have other grants is replaced by its next generation, as `Rotation` does it: made, published and proven
 * before the old one goes. `Master`, `Default public`, leases and names without the prefix are never touched.
 *
 * A key that was made here carries a fingerprint of the grants that were asked for in its name, so that a key which lost
 * grants, because a table was dropped and made anew, is told apart from one that is to have others.
 */
import * as Effect from "effect/Effect"
import type { ApiKey } from "../account/ApiKey.ts"
import { ApiKeyManager } from "./ApiKeyManager.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import { difference, type GrantsRequest, type GrantsSet, union } from "../account/Grants.ts"
import { validate } from "../account/grantsValidation.ts"
import { defaultApis } from "../account/grantVocabulary.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { invalidInput } from "../errors/internal/invalidInput.ts"
import { newName } from "./internal/apiKeyPath.ts"
import type { ApiKeyNotFound } from "../errors/AuthApi.ts"
import type { InvalidInput } from "../errors/Call.ts"
import { GrantsDiffer, KeyOwnsTables, PlanStale } from "../errors/Keys.ts"
import { type QueryReason, Sql } from "../sql/Sql.ts"
import { sql } from "../sql/Statement.ts"
import type { DesiredKey, DesiredKeys } from "./DesiredKeys.ts"
import * as Generation from "./internal/lifecycle/generation.ts"
import { checksum } from "./internal/text/checksum.ts"
import {
  type ExactGrants,
  exactGrants,
  type ExactReason,
  type TargetOptions
} from "./internal/lifecycle/exactGrants.ts"
import {
  checkOptions,
  createOrGet,
  type HandOverOptions,
  introduce,
  isEmpty,
  type OwnedTablesOptions,
  release,
  retire,
  type SuccessionReason,
  wait
} from "./internal/lifecycle/replaceKey.ts"

export { GrantsDiffer, KeyOwnsTables, PlanStale } from "../errors/Keys.ts"
export type { TargetOptions } from "./internal/lifecycle/exactGrants.ts"

/**
 * - `create`: there is no key of that name;
 * - `replace`: it is to have other grants;
 * - `drifted`: it has other grants than those it was made with, and is replaced;
 * - `finish`: a creation, a replacement or a rotation that was begun: older generations are still there, or what holds the
 *   place of a first one;
 * - `delete`: it is not desired;
 * - `unchanged`.
 */
export type PlanAction = "create" | "delete" | "drifted" | "finish" | "replace" | "unchanged"

export interface PlanItem {
  readonly action: PlanAction
  readonly name: string
  /** The full name of the key that will be the one of that name; none where it is deleted. */
  readonly key: string | undefined
  /** Full names of the keys that will be deleted. */
  readonly retired: ReadonlyArray<string>
  /** What the name gains, compared with its newest key. */
  readonly missing: GrantsSet
  /** What the name loses. */
  readonly extra: GrantsSet
  /** Tables that go to the account with the keys that are deleted. */
  readonly owned: ReadonlyArray<string>
}

/** Plain data, which holds no token. */
export interface Plan {
  readonly desired: DesiredKeys
  /** The member of the organisation whose keys they are; `undefined` for the account itself. */
  readonly targetUser?: string | undefined
  /** By name. */
  readonly items: ReadonlyArray<PlanItem>
}

export interface ApplyOptions<E, R>
  extends HandOverOptions<E, R>, OwnedTablesOptions, Pick<TargetOptions, "targetSql"> {
  /** Publishes keys that are unchanged, too: where what was published has been lost. Default `false`. */
  readonly publishAll?: boolean | undefined
}

export interface Applied {
  /** What was done: every item that was not unchanged. */
  readonly items: ReadonlyArray<PlanItem>
  /** The key of each desired name. */
  readonly keys: ReadonlyMap<string, ApiKey>
}

export type PlanReason = ExactReason
export type ApplyReason =
  | ApiKeyNotFound
  | Exclude<SuccessionReason, { readonly _tag: "SuccessorLacksGrants" }>
  | GrantsDiffer
  | PlanStale

const nothing: GrantsSet = union({}, {})

const checkDesired = ({ keys, prefix }: DesiredKeys): InvalidInput | undefined => {
  const seen = new Set<string>()
  for (const [index, key] of keys.entries()) {
    const at = (field: string) => `keys[${index}].${field}`
    const { name } = key
    const problem = validate(key)
    if (problem !== undefined) return invalidInput(at(problem.field), undefined, problem.message)
    if (!name.startsWith(prefix)) return invalidInput(at("name"), name, `begin it with ${JSON.stringify(prefix)}`)
    if (!Generation.isBase(name))
      return invalidInput(at("name"), name, "leave out the generation, which is counted here")
    if (seen.has(name)) return invalidInput(at("name"), name, "another key has that name")
    seen.add(name)
  }
  return undefined
}

const accountSchema: Effect.Effect<string, CartoErrorOf<QueryReason>, Sql> = Effect.map(
  Sql.use((db) => db.query(sql`SELECT pg_catalog.current_schema()::text AS schema`, { idempotent: true })),
  ({ rows: [row] }) => String(row?.["schema"])
)

const materializedViews: Effect.Effect<ReadonlySet<string>, CartoErrorOf<QueryReason>, Sql> = Effect.map(
  Sql.use((db) =>
    db.query(
      sql`SELECT n.nspname AS schema, c.relname AS name
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm'`,
      { idempotent: true }
    )
  ),
  ({ rows }) => new Set(rows.map(({ name, schema }) => JSON.stringify([schema, name])))
)

/** What the account is like, as far as plans must know. */
interface Situation {
  readonly groups: ReadonlyMap<string, ReadonlyArray<ApiKey>>
  /** The schema of tables that name none. */
  readonly schema: string
  readonly hidden: ReadonlySet<string>
  readonly target: TargetOptions
}

const look = Effect.fnUntraced(function* (
  { keys, prefix }: DesiredKeys,
  target: TargetOptions
): Effect.fn.Return<Situation, CartoErrorOf<PlanReason>, ApiKeyManager | Sql> {
  const { targetSql, targetUser } = target
  const regular = yield* ApiKeyManager.use((manager) => manager.list({ type: "regular", targetUser }))
  const groups = new Map([...Generation.group(regular)].filter(([name]) => name.startsWith(prefix)))
  const named = keys.every(({ tables = [] }) => tables.every(({ schema }) => schema !== undefined))
  const unseen =
    (targetUser !== undefined && targetSql === undefined) ||
    [...groups.values()].some((all) => all.some(({ grants }) => !grants.apis.includes("sql")))
  return {
    groups,
    // the schema of an organisation's member has the member's name
    schema: named ? "public" : (targetUser ?? (yield* accountSchema)),
    hidden: unseen ? yield* materializedViews : new Set(),
    target
  }
})

interface Wanted {
  readonly request: GrantsRequest
  readonly grants: GrantsSet
  readonly fingerprint: string
}

const want = ({ name: _name, ...request }: DesiredKey, { schema }: Situation): Wanted => {
  const grants = union({ apis: defaultApis, ...request }, {}, { defaultSchema: schema })
  return { request, grants, fingerprint: checksum(JSON.stringify(grants)) }
}

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

/** How a key differs from what is wanted, as far as that can be seen: `user` never can. */
const compare = (exact: ExactGrants, wanted: GrantsSet, { hidden }: Situation) => {
  const live = union({ ...exact.request, user: wanted.user }, {})
  // who may not use the SQL API cannot tell its role: what the Auth API does not show counts as wanted
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
const exactOf = (
  key: ApiKey,
  { target }: Situation
): Effect.Effect<ExactGrants, CartoErrorOf<ExactReason>, ApiKeyManager | Sql> =>
  Effect.map(exactGrants(key, target), (exact) => exact ?? gone)

const holdsPlace = (name: string): boolean => Generation.parse(name).number === 0

const ownedBy = (keys: ReadonlyArray<ExactGrants>): ReadonlyArray<string> =>
  keys.flatMap(({ owned }) => owned.map(({ name, schema }) => `${schema}.${name}`))

const planOne = Effect.fnUntraced(function* (
  name: string,
  desired: DesiredKey | undefined,
  situation: Situation
): Effect.fn.Return<PlanItem, CartoErrorOf<PlanReason>, ApiKeyManager | Sql> {
  const generations = situation.groups.get(name) ?? []
  const exact = yield* Effect.forEach(generations, (key) => exactOf(key, situation))
  const all = generations.map((key) => key.name)
  const base = { name, missing: nothing, extra: nothing }
  if (desired === undefined) return { ...base, action: "delete", key: undefined, retired: all, owned: ownedBy(exact) }
  const { fingerprint, grants } = want(desired, situation)
  const newest = all.at(-1)
  const held = exact.at(-1)
  if (newest === undefined || held === undefined || holdsPlace(newest)) {
    const key = Generation.format({ base: name, number: 1, fingerprint })
    return { ...base, action: "create", key, retired: all, missing: grants, owned: [] }
  }
  const { extra, missing } = compare(held, grants, situation)
  const made = Generation.parse(newest)
  const asBefore = made.fingerprint === fingerprint
  if (isEmpty(missing) && isEmpty(extra) && (asBefore || made.fingerprint === undefined)) {
    const retired = all.slice(0, -1)
    const owned = ownedBy(exact.slice(0, -1))
    return { ...base, action: retired.length === 0 ? "unchanged" : "finish", key: newest, retired, owned }
  }
  const key = Generation.format({ base: name, number: made.number + 1, fingerprint })
  const action = asBefore ? "drifted" : "replace"
  return { action, name, key, retired: all, missing, extra, owned: ownedBy(exact) }
})

const makePlan = (
  operation: string,
  desired: DesiredKeys,
  target: TargetOptions
): Effect.Effect<
  { readonly plan: Plan; readonly situation: Situation },
  CartoErrorOf<PlanReason>,
  ApiKeyManager | Sql
> =>
  Effect.gen(function* () {
    for (const { name } of desired.keys) {
      yield* Effect.mapError(Effect.fromResult(newName(name)), (reason) => cartoError(operation, reason))
    }
    const problem = checkDesired(desired)
    if (problem !== undefined) return yield* cartoError(operation, problem)
    const situation = yield* look(desired, target)
    const byName = new Map(desired.keys.map((key) => [key.name, key]))
    const names = [...new Set([...byName.keys(), ...situation.groups.keys()])].toSorted()
    const items = yield* Effect.forEach(names, (name) => planOne(name, byName.get(name), situation), { concurrency: 4 })
    return { plan: { desired, targetUser: target.targetUser, items }, situation }
  })

/**
 * What `apply` would do. Changes nothing. Needs the master key; asks each managed key that may use the SQL API who it is.
 * `user` grants are never shown by the server: they are compared by the fingerprint alone.
 */
export const plan = (
  desired: DesiredKeys,
  options: TargetOptions = {}
): Effect.Effect<Plan, CartoErrorOf<PlanReason>, ApiKeyManager | Sql> =>
  Effect.map(makePlan("Plan.plan", desired, options), (made) => made.plan).pipe(Effect.withSpan("Plan.plan"))

/** Whether there is nothing to do. */
export const isUnchanged = ({ items }: Plan): boolean => items.every(({ action }) => action === "unchanged")

const changedSince = (before: Plan, now: Plan): ReadonlyArray<string> => {
  const texts = ({ items }: Plan) => new Map(items.map((item) => [item.name, JSON.stringify(item)]))
  const [old, current] = [texts(before), texts(now)]
  return [...new Set([...old.keys(), ...current.keys()])].filter((name) => old.get(name) !== current.get(name))
}

const isReplaced = ({ action }: PlanItem): boolean => ["drifted", "finish", "replace"].includes(action)

/** Reasons after which there is certainly no key. */
const isRefused = (error: CartoErrorOf<ApplyReason>): boolean =>
  ["ApiKeyQuotaReached", "GrantNotHeld", "GrantRefused", "GrantsDiffer", "InvalidGrants", "InvalidInput"].includes(
    error.reason._tag
  )

/** Creates a key and looks whether it has what was asked for; one that has not is deleted again. */
const createWanted = Effect.fnUntraced(function* (
  name: string,
  desired: DesiredKey,
  situation: Situation
): Effect.fn.Return<ApiKey, CartoErrorOf<ApplyReason>, ApiKeyManager | Sql> {
  const { grants, request } = want(desired, situation)
  const { targetUser } = situation.target
  const key = yield* createOrGet({ ...request, name, targetUser })
  const hidden = request.apis?.includes("sql") === false ? yield* materializedViews : situation.hidden
  const { missing } = compare(yield* exactOf(key, situation), grants, { ...situation, hidden })
  if (isEmpty(missing)) return key
  yield* retire("Plan.apply", [key], situation.target)
  return yield* cartoError("Plan.apply", new GrantsDiffer({ name, missing, extra: nothing }))
})

/**
 * The first key of a name. Something holds its place until it is published, so that the next plan knows if that did not come
 * to pass.
 */
const createFirst = (
  item: PlanItem & { readonly key: string },
  desired: DesiredKey,
  situation: Situation
): Effect.Effect<ApiKey, CartoErrorOf<ApplyReason>, ApiKeyManager | Sql> =>
  Effect.gen(function* () {
    const { targetUser } = situation.target
    const name = Generation.format({ ...Generation.parse(item.key), number: 0 })
    if (!item.retired.includes(name)) yield* createOrGet({ name, apis: [], targetUser })
    return yield* createWanted(item.key, desired, situation).pipe(
      Effect.tapError((error) =>
        isRefused(error)
          ? Effect.ignore(retire("Plan.apply", [name, ...item.retired], situation.target), { log: "Warn" })
          : Effect.void
      )
    )
  })

/**
 * Does what a plan says, and answers with the keys. The account is looked at again first: fails with `PlanStale` where it is
 * not as it was, unless there is nothing left to do. New keys are made, published and proven; then, after the grace, replaced
 * ones are deleted; undesired ones come last. What broke off is brought to its end by a new plan. There is one key more than
 * in the end while a key is made.
 */
export const apply = <E = never, R = never>(
  planned: Plan,
  options: ApplyOptions<E, R>
): Effect.Effect<Applied, E | CartoErrorOf<ApplyReason>, ApiKeyManager | R | Sql> =>
  Effect.gen(function* () {
    const target: TargetOptions = { targetUser: planned.targetUser, targetSql: options.targetSql }
    const owning = { ...target, ownedTables: options.ownedTables }
    yield* checkOptions("Plan.apply", owning)
    const { plan: now, situation } = yield* makePlan("Plan.apply", planned.desired, target)
    const changed = changedSince(planned, now)
    if (changed.length > 0 && !isUnchanged(now)) {
      return yield* cartoError("Plan.apply", new PlanStale({ changed }))
    }
    for (const item of now.items) {
      if (!isReplaced(item) || item.owned.length === 0 || options.ownedTables === "reassign") continue
      const name = item.retired.at(-1) ?? item.name
      return yield* cartoError("Plan.apply", new KeyOwnsTables({ name, tables: item.owned }))
    }
    const existing = (name: string, retired: ReadonlyArray<string>): ReadonlyArray<ApiKey> =>
      (situation.groups.get(name) ?? []).filter((key) => retired.includes(key.name))
    const items = new Map(now.items.map((item) => [item.name, item]))

    const keys = new Map<string, ApiKey>()
    for (const desired of now.desired.keys) {
      const item = items.get(desired.name)
      if (item?.key === undefined) continue
      const { key: wanted } = item
      const found = situation.groups.get(item.name)?.find(({ name }) => name === wanted)
      if (found === undefined) {
        // a table that the old key owns can be granted once it is the account's
        yield* Effect.forEach(existing(item.name, item.retired), (old) => release("Plan.apply", old, owning))
      }
      const key =
        found ??
        (yield* item.action === "create"
          ? createFirst({ ...item, key: wanted }, desired, situation)
          : createWanted(wanted, desired, situation))
      keys.set(item.name, key)
      if (item.action === "unchanged" && options.publishAll !== true) continue
      yield* introduce(key, options)
      const places = item.retired.filter(holdsPlace)
      const place = Generation.format({ ...Generation.parse(wanted), number: 0 })
      yield* retire("Plan.apply", item.action === "create" ? [...new Set([...places, place])] : places, target)
    }

    const replaced = now.items
      .filter(isReplaced)
      .flatMap(({ name, retired }) => existing(name, retired))
      .filter(({ name }) => !holdsPlace(name))
    if (replaced.length > 0) {
      yield* wait(options)
      yield* Effect.forEach(replaced, (key) => release("Plan.apply", key, owning))
      yield* retire("Plan.apply", replaced, target)
    }
    const undesired = now.items.filter(({ action }) => action === "delete")
    yield* retire(
      "Plan.apply",
      undesired.flatMap(({ retired }) => retired),
      target
    )
    return { items: now.items.filter(({ action }) => action !== "unchanged"), keys }
  }).pipe(Effect.withSpan("Plan.apply"))
