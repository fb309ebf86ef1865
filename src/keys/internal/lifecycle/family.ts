/** The generations of a key that exist, and what has been decided about the newest. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ApiKey } from "../../../account/ApiKey.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { ApiKeyManager, type AuthApiReason, type TargetUserOptions } from "../../ApiKeyManager.ts"
import * as Generation from "./generation.ts"
import * as LeaseName from "./leaseName.ts"

/**
 * What happens to a generation: it `stays` and older ones are deleted; it `leaves` and the generation before it stays; or it
 * is `deleted` with all that are older. The decision is a key of a fixed name, which the server creates only once: whoever
 * creates it first has decided, and everyone else reads it, also after a crash. The decision stands in `apis`, since a
 * response repeats that list as it was given.
 */
export type Decision = "deleted" | "leaves" | "stays"

/** The `apis` of the key that records a decision. None gives access to anything: the key has no tables and no data sets. */
export const decisionApis: Readonly<Record<Decision, ReadonlyArray<"do" | "maps">>> = {
  stays: [],
  leaves: ["do"],
  deleted: ["maps"]
}

/** Reads the decision that a key records. */
export const readDecision = ({ grants }: ApiKey): Decision =>
  grants.apis.includes("do") ? "leaves" : grants.apis.includes("maps") ? "deleted" : "stays"

export interface Family {
  readonly base: string
  /** From the oldest to the newest. A placeholder comes first. */
  readonly generations: ReadonlyArray<ApiKey>
  /** By the full name of a generation, which need not exist any more. */
  readonly decisions: ReadonlyMap<string, Decision>
}

const order = (self: ApiKey, that: ApiKey): number =>
  Generation.parse(self.name).number - Generation.parse(that.name).number ||
  self.createdAt.getTime() - that.createdAt.getTime() ||
  (self.name < that.name ? -1 : 1)

/** Groups regular keys by base name. Leases are left out. */
export const group = (keys: ReadonlyArray<ApiKey>): ReadonlyMap<string, Family> => {
  interface Growing extends Family {
    readonly generations: Array<ApiKey>
    readonly decisions: Map<string, Decision>
  }
  const families = new Map<string, Growing>()
  for (const key of keys) {
    if (key.type !== "regular" || Option.isSome(LeaseName.parse(key.name))) continue
    const about = Generation.parseDecision(key.name)
    const { base } = Generation.parse(about ?? key.name)
    const family: Growing = families.get(base) ?? { base, generations: [], decisions: new Map() }
    if (about === undefined) family.generations.push(key)
    else family.decisions.set(about, readDecision(key))
    families.set(base, family)
  }
  for (const { generations } of families.values()) generations.sort(order)
  return families
}

/** Lists the keys of an account and groups them. */
export const readFamilies = ({
  targetUser
}: TargetUserOptions): Effect.Effect<ReadonlyMap<string, Family>, CartoErrorOf<AuthApiReason>, ApiKeyManager> =>
  Effect.map(
    ApiKeyManager.use((manager) => manager.list({ type: "regular", targetUser })),
    group
  )

/** Lists the keys of an account and selects those of one base name. */
export const readFamily = (
  base: string,
  options: TargetUserOptions
): Effect.Effect<Family, CartoErrorOf<AuthApiReason>, ApiKeyManager> =>
  Effect.map(readFamilies(options), (families) => families.get(base) ?? { base, generations: [], decisions: new Map() })

/** A replacement under way: which generation stays, which are deleted, and which one that was decided about. */
export interface Replacement {
  readonly base: string
  readonly decision: "leaves" | "stays"
  /** The generation that the decision is about. */
  readonly subject: ApiKey
  readonly survivor: ApiKey
  /** From the oldest to the newest. */
  readonly leaving: ReadonlyArray<ApiKey>
}

const isReal = ({ name }: ApiKey): boolean => !Generation.isPlaceholder(name)

/** The newest generation that is not a placeholder. */
export const newestOf = ({ generations }: Family): ApiKey | undefined => generations.findLast(isReal)

/**
 * The number of a next generation. Numbers of generations that are gone, but about which a record is left, are not used again:
 * another caller may still be about to delete a key of that name.
 */
export const nextNumber = ({ decisions, generations }: Family): number =>
  1 +
  Math.max(
    0,
    ...[...generations.map(({ name }) => name), ...decisions.keys()].map((name) => Generation.parse(name).number)
  )

/** What the names say about the newest generation; `undefined` if there is none, or if a plan deletes it. */
export const replacementOf = (family: Family): Replacement | undefined => {
  const newest = newestOf(family)
  if (newest === undefined) return undefined
  const { base, decisions, generations } = family
  const decision = decisions.get(newest.name)
  if (decision === "deleted") return undefined
  const older = generations.filter((key) => key !== newest)
  const before = older.findLast(isReal)
  return decision === "leaves" && before !== undefined
    ? { base, decision, subject: newest, survivor: before, leaving: [newest] }
    : { base, decision: "stays", subject: newest, survivor: newest, leaving: older }
}
