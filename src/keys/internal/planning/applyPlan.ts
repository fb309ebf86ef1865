/** Applies a plan. */
import * as Effect from "effect/Effect"
import type { ApiKey } from "../../../account/ApiKey.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { cartoError } from "../../../errors/internal/cartoError.ts"
import { quote } from "../../../errors/internal/printable.ts"
import { GrantsDiffer, KeyOwnsTables, PlanStale } from "../../../errors/Keys.ts"
import type { Sql } from "../../../sql/Sql.ts"
import type { ApiKeyManager } from "../../ApiKeyManager.ts"
import type { DesiredKey } from "../../DesiredKeys.ts"
import type { TargetOptions } from "../lifecycle/exactGrants.ts"
import { type Family, newestOf, readFamily, type Replacement, replacementOf } from "../lifecycle/family.ts"
import * as Generation from "../lifecycle/generation.ts"
import {
  checkOptions,
  finishReplacement,
  introduce,
  isEmpty,
  publishAndVerify,
  releaseTables
} from "../lifecycle/replaceKey.ts"
import { createOrGet, decide, deleteAll, deleteOldRecords, overtaken } from "../lifecycle/settle.ts"
import { makePlan } from "./makePlan.ts"
import { compare, grantsOf, materializedViews, nothing, readWanted, type Situation } from "./situation.ts"
import type { Applied, ApplyOptions, ApplyReason, Plan, PlanItem } from "./types.ts"

const operation = "Plan.apply"
type Failure = CartoErrorOf<ApplyReason>

const changedSince = (before: Plan, now: Plan): ReadonlyArray<string> => {
  const texts = ({ items }: Plan) => new Map(items.map((item) => [item.name, JSON.stringify(item)]))
  const [old, current] = [texts(before), texts(now)]
  return [...new Set([...old.keys(), ...current.keys()])].filter((name) => old.get(name) !== current.get(name))
}

const isReplaced = ({ action }: PlanItem): boolean => ["drifted", "finish", "replace"].includes(action)

/** Reasons after which there is certainly no key. */
const isRefused = (error: Failure): boolean =>
  ["ApiKeyQuotaReached", "GrantNotHeld", "GrantRefused", "GrantsDiffer", "InvalidGrants", "InvalidInput"].includes(
    error.reason._tag
  )

/** Creates a key and compares its grants with the desired ones. Deletes it again if it lacks any. */
const createDesired = Effect.fnUntraced(function* (
  name: string,
  desired: DesiredKey,
  situation: Situation
): Effect.fn.Return<ApiKey, Failure, ApiKeyManager | Sql> {
  const { grants, request } = readWanted(desired, situation)
  const { targetUser } = situation.target
  const key = yield* createOrGet({ ...request, name, targetUser })
  const hidden = request.apis?.includes("sql") === false ? yield* materializedViews : situation.hidden
  const { missing } = compare(yield* grantsOf(key, situation), grants, hidden)
  if (isEmpty(missing)) return key
  yield* deleteAll(operation, [key], situation.target)
  return yield* cartoError(operation, new GrantsDiffer({ name, missing, extra: nothing }))
})

/** Creates the first key of a name. A placeholder exists until it is published, so that the next plan sees if it never was. */
const createFirst = Effect.fnUntraced(function* <E, R>(
  item: PlanItem & { readonly key: string },
  desired: DesiredKey,
  situation: Situation,
  options: ApplyOptions<E, R>
): Effect.fn.Return<ApiKey, E | Failure, ApiKeyManager | R | Sql> {
  const { target } = situation
  const placeholder = Generation.format({ ...Generation.parse(item.key), number: 0 })
  const temporary = [...new Set([placeholder, ...item.retired])]
  if (!item.retired.includes(placeholder)) {
    yield* createOrGet({ name: placeholder, apis: [], targetUser: target.targetUser })
  }
  const key = yield* createDesired(item.key, desired, situation).pipe(
    Effect.tapError((error) =>
      isRefused(error) ? Effect.ignore(deleteAll(operation, temporary, target), { log: "Warn" }) : Effect.void
    )
  )
  yield* publishAndVerify(key, options)
  yield* deleteAll(operation, temporary, target)
  return key
})

/** What replaces the key of a name, once the new key exists. */
const replacementFor = (item: PlanItem, key: ApiKey, family: Family): Replacement => {
  const leaving = family.generations.filter(({ name }) => item.retired.includes(name))
  const newest = newestOf(family)
  const isAbandoned = item.action === "finish" && newest !== undefined && item.retired.includes(newest.name)
  return isAbandoned
    ? { base: item.name, decision: "leaves", subject: newest, survivor: key, leaving }
    : { base: item.name, decision: "stays", subject: key, survivor: key, leaving }
}

const isPlaceholder = ({ name }: ApiKey): boolean => Generation.isPlaceholder(name)

/** Creates a key if it does not exist, and publishes it. Answers with the key, and with the replacement that is not ended. */
const makeKey = Effect.fnUntraced(function* <E, R>(
  item: PlanItem & { readonly key: string },
  desired: DesiredKey,
  situation: Situation,
  options: ApplyOptions<E, R>
): Effect.fn.Return<
  { readonly key: ApiKey; readonly replacement?: Replacement | undefined },
  E | Failure,
  ApiKeyManager | R | Sql
> {
  const { target } = situation
  const owning = { ...target, ownedTables: options.ownedTables }
  const family = situation.families.get(item.name) ?? { base: item.name, generations: [], decisions: new Map() }
  if (item.action === "create") return { key: yield* createFirst(item, desired, situation, options) }
  const found = family.generations.find(({ name }) => name === item.key)
  if (found === undefined) {
    // a table that the old key owns can be granted after it is the account's
    const old = family.generations.filter(({ name }) => item.retired.includes(name))
    yield* Effect.forEach(old, (key) => releaseTables(operation, key, owning))
  }
  // another plan may delete the old key at any moment, and with it what says that the new one is not published yet
  const isContested = found === undefined && newestOf(family) !== undefined && replacementOf(family) === undefined
  const placeholder = Generation.format({ ...Generation.parse(item.key), number: 0 })
  if (isContested) yield* createOrGet({ name: placeholder, apis: [], targetUser: target.targetUser })
  const key = found ?? (yield* createDesired(item.key, desired, situation))
  if (item.action === "unchanged") {
    if (options.publishAll === true) yield* publishAndVerify(key, options)
    return { key }
  }
  const replacement = yield* introduce(operation, replacementFor(item, key, family), { ...options, ...target })
  const placeholders = replacement.leaving.filter(isPlaceholder).map(({ name }) => name)
  yield* deleteAll(operation, isContested ? [...new Set([...placeholders, placeholder])] : placeholders, target)
  const leaving = replacement.leaving.filter((old) => !isPlaceholder(old))
  if (leaving.length > 0) return { key, replacement: { ...replacement, leaving } }
  yield* deleteOldRecords(operation, yield* readFamily(item.name, target), target)
  return { key }
})

const newestName = ({ retired }: PlanItem): string | undefined => retired.at(-1)

/** Deletes the keys of names that are not desired, unless another caller has begun to use such a name again. */
const deleteUndesired = Effect.fnUntraced(function* (
  items: ReadonlyArray<PlanItem>,
  recorded: ReadonlySet<string>,
  before: Situation
): Effect.fn.Return<void, Failure, ApiKeyManager> {
  if (items.length === 0) return
  const { target } = before
  for (const item of items) {
    const now = yield* readFamily(item.name, target)
    const known = before.families.get(item.name)?.generations ?? []
    const stranger = now.generations.find(
      (key) => !known.some((old) => old.name === key.name && old.createdAt.getTime() === key.createdAt.getTime())
    )
    if (stranger !== undefined) return yield* overtaken(operation, item.name, `${quote(stranger.name)} was created`)
    const subject = newestName(item)
    const decision = subject === undefined ? undefined : now.decisions.get(subject)
    if (now.generations.length > 0 && recorded.has(item.name) && decision !== "deleted") {
      return yield* overtaken(operation, item.name, "it is not to be deleted any more")
    }
    const names = now.generations.map(({ name }) => name)
    yield* deleteAll(operation, [...names, ...[...now.decisions.keys()].map(Generation.formatDecision)], target)
  }
})

/** Records that the keys of these names are deleted after the wait, so that plans which desire them make new ones. */
const recordDeletions = Effect.fnUntraced(function* (
  items: ReadonlyArray<PlanItem>,
  { families, target }: Situation
): Effect.fn.Return<ReadonlySet<string>, Failure, ApiKeyManager> {
  const recorded = new Set<string>()
  for (const item of items) {
    const newest = families.get(item.name)?.generations.at(-1)
    if (newest === undefined) continue
    const isRecorded = yield* decide(operation, newest.name, "deleted", {
      optional: true,
      targetUser: target.targetUser
    })
    if (isRecorded) recorded.add(item.name)
  }
  return recorded
})

/** Takes back what `recordDeletions` has recorded, since nothing was deleted. */
const withdrawDeletions = (
  items: ReadonlyArray<PlanItem>,
  recorded: ReadonlySet<string>,
  { target }: Situation
): Effect.Effect<void, never, ApiKeyManager> =>
  Effect.ignore(
    deleteAll(
      operation,
      items.flatMap((item) => {
        const newest = newestName(item)
        return newest !== undefined && recorded.has(item.name) ? [Generation.formatDecision(newest)] : []
      }),
      target
    ),
    { log: "Warn" }
  )

/** Applies a plan: see `Plan.apply`. */
export const applyPlan = <E, R>(
  planned: Plan,
  options: ApplyOptions<E, R>
): Effect.Effect<Applied, E | Failure, ApiKeyManager | R | Sql> =>
  Effect.gen(function* () {
    const target: TargetOptions = { targetUser: planned.targetUser, targetSql: options.targetSql }
    const owning = { ...target, ownedTables: options.ownedTables }
    const grace = yield* checkOptions(operation, owning, options)
    const { plan: now, situation } = yield* makePlan(operation, planned.desired, target)
    const changed = changedSince(planned, now)
    if (changed.length > 0 && now.items.some(({ action }) => action !== "unchanged")) {
      return yield* cartoError(operation, new PlanStale({ changed }))
    }
    for (const item of now.items) {
      if (!isReplaced(item) || item.owned.length === 0 || options.ownedTables === "reassign") continue
      const name = item.retired.at(-1) ?? item.name
      return yield* cartoError(operation, new KeyOwnsTables({ name, tables: item.owned }))
    }
    const items = new Map(now.items.map((item) => [item.name, item]))
    const undesired = now.items.filter(({ action }) => action === "delete")
    const isPublishing = now.items.some(({ action }) => action !== "delete" && action !== "unchanged")
    const recorded = isPublishing ? yield* recordDeletions(undesired, situation) : new Set<string>()

    const { keys, replacements } = yield* Effect.gen(function* () {
      const keys = new Map<string, ApiKey>()
      const replacements: Array<Replacement> = []
      for (const desired of now.desired.keys) {
        const item = items.get(desired.name)
        if (item?.key === undefined) continue
        const made = yield* makeKey({ ...item, key: item.key }, desired, situation, options)
        keys.set(item.name, made.key)
        if (made.replacement !== undefined) replacements.push(made.replacement)
      }
      return { keys, replacements }
    }).pipe(Effect.tapError(() => withdrawDeletions(undesired, recorded, situation)))

    // consumers of a name that is not desired any more may be moving to a key that was just published
    if (replacements.length > 0 || recorded.size > 0) yield* Effect.sleep(grace)
    for (const replacement of replacements) {
      yield* finishReplacement(operation, replacement, owning, options.publish)
    }
    yield* deleteUndesired(undesired, recorded, situation)
    return { items: now.items.filter(({ action }) => action !== "unchanged"), keys }
  })
