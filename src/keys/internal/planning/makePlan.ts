/** Makes a plan from an account and what is desired of it. */
import * as Effect from "effect/Effect"
import { validate } from "../../../account/grantsValidation.ts"
import type { InvalidInput } from "../../../errors/Call.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { cartoError } from "../../../errors/internal/cartoError.ts"
import { invalidInput } from "../../../errors/internal/invalidInput.ts"
import { quote } from "../../../errors/internal/printable.ts"
import type { Sql } from "../../../sql/Sql.ts"
import type { ApiKeyManager } from "../../ApiKeyManager.ts"
import type { DesiredKey, DesiredKeys } from "../../DesiredKeys.ts"
import { newName } from "../authApi/apiKeyPath.ts"
import type { ExactGrants, TargetOptions } from "../lifecycle/exactGrants.ts"
import { type Family, newestOf, nextNumber, replacementOf } from "../lifecycle/family.ts"
import * as Generation from "../lifecycle/generation.ts"
import { isEmpty } from "../lifecycle/replaceKey.ts"
import {
  compare,
  grantsOf,
  isMadeFor,
  isOfAnotherPrefix,
  nothing,
  readSituation,
  readWanted,
  type Situation
} from "./situation.ts"
import type { Plan, PlanItem, PlanReason } from "./types.ts"

const checkDesired = (desired: DesiredKeys): InvalidInput | undefined => {
  // the type allows nothing else, JavaScript does
  if (typeof desired !== "object" || desired === null) return invalidInput("desired", desired, "give { prefix, keys }")
  const { keys, prefix }: DesiredKeys = desired
  if (typeof prefix !== "string") return invalidInput("prefix", prefix, 'give a string; "" means every regular key')
  if (!Array.isArray(keys)) return invalidInput("keys", keys, "give an array of keys")
  const seen = new Set<string>()
  for (const [index, key] of keys.entries()) {
    const at = (field: string) => `keys[${index}].${field}`
    if (typeof key !== "object" || key === null) {
      return invalidInput(`keys[${index}]`, key, "give an object with a name")
    }
    const { name } = key
    const named = newName(name)
    if (named._tag === "Failure") return invalidInput(at("name"), name, named.failure.remedy)
    const problem = validate(key)
    if (problem !== undefined) return invalidInput(at(problem.field), undefined, problem.message)
    if (!name.startsWith(prefix)) return invalidInput(at("name"), name, `begin it with ${quote(prefix)}`)
    if (!Generation.isBase(name)) {
      return invalidInput(at("name"), name, "leave out the generation, which plans count by themselves")
    }
    if (seen.has(name)) return invalidInput(at("name"), name, "another key of this plan has that name")
    seen.add(name)
  }
  return undefined
}

/** Names of keys that this plan would delete and a plan with another prefix made. */
const checkPrefix = ({ keys, prefix }: DesiredKeys, { families }: Situation): InvalidInput | undefined => {
  if (prefix === "") return undefined
  const desired = new Set(keys.map(({ name }) => name))
  const other = [...families.values()].find(
    (family) =>
      !desired.has(family.base) &&
      family.generations.some(({ name }) => isOfAnotherPrefix(Generation.parse(name).fingerprint, prefix))
  )
  return other === undefined
    ? undefined
    : invalidInput(
        "prefix",
        prefix,
        `it also begins ${quote(other.base)}, which a plan with another prefix made: use prefixes of which none begins another, or add the key to this plan`
      )
}

const ownedBy = (keys: ReadonlyArray<ExactGrants>): ReadonlyArray<string> =>
  keys.flatMap(({ owned }) => owned.map(({ name, schema }) => `${schema}.${name}`))

const planName = Effect.fnUntraced(function* (
  name: string,
  desired: DesiredKey | undefined,
  situation: Situation
): Effect.fn.Return<PlanItem, CartoErrorOf<PlanReason>, ApiKeyManager | Sql> {
  const family: Family = situation.families.get(name) ?? { base: name, generations: [], decisions: new Map() }
  const exact = yield* Effect.forEach(family.generations, (key) => grantsOf(key, situation))
  const names = family.generations.map((key) => key.name)
  const grantsAt = (key: string) => exact[names.indexOf(key)] ?? { role: undefined, request: { apis: [] }, owned: [] }
  const records = [...family.decisions.keys()].map(Generation.formatDecision)
  const all = names.length === 0 ? records : names
  const base = { name, missing: nothing, extra: nothing }
  if (desired === undefined) return { ...base, action: "delete", key: undefined, retired: all, owned: ownedBy(exact) }
  const wanted = readWanted(desired, situation)
  const { fingerprint, grants } = wanted
  const newest = newestOf(family)
  const next = Generation.format({ base: name, number: nextNumber(family), fingerprint })
  if (newest === undefined) {
    return { ...base, action: "create", key: next, retired: all, missing: grants, owned: [] }
  }
  const made = Generation.parse(newest.name)
  const replacement = replacementOf(family)
  if (replacement === undefined) {
    return { ...base, action: "replace", key: next, retired: names, missing: grants, owned: ownedBy(exact) }
  }
  const { leaving, survivor } = replacement
  const { extra, missing } = compare(grantsAt(survivor.name), grants, situation.hidden)
  const asBefore = isMadeFor(made.fingerprint, wanted)
  const isAsDesired = isEmpty(missing) && isEmpty(extra) && (asBefore || made.fingerprint === undefined)
  if (isAsDesired || replacement.decision === "leaves") {
    const old = leaving.map((key) => key.name)
    const retired = old.length === 0 ? records : old
    const action = retired.length === 0 ? "unchanged" : "finish"
    return { name, action, key: survivor.name, retired, missing, extra, owned: ownedBy(old.map(grantsAt)) }
  }
  const action = asBefore ? "drifted" : "replace"
  return { action, name, key: next, retired: names, missing, extra, owned: ownedBy(exact) }
})

/** Compares an account with what is desired. */
export const makePlan = (
  operation: string,
  desired: DesiredKeys,
  target: TargetOptions
): Effect.Effect<
  { readonly plan: Plan; readonly situation: Situation },
  CartoErrorOf<PlanReason>,
  ApiKeyManager | Sql
> =>
  Effect.gen(function* () {
    const problem = checkDesired(desired)
    if (problem !== undefined) return yield* cartoError(operation, problem)
    const situation = yield* readSituation(desired, target)
    const overlap = checkPrefix(desired, situation)
    if (overlap !== undefined) return yield* cartoError(operation, overlap)
    const byName = new Map(desired.keys.map((key) => [key.name, key]))
    const names = [...new Set([...byName.keys(), ...situation.families.keys()])].toSorted()
    const items = yield* Effect.forEach(names, (name) => planName(name, byName.get(name), situation), {
      concurrency: 4
    })
    return { plan: { desired, targetUser: target.targetUser, items }, situation }
  })
