/**
 * Keys by declaration: say which keys an account should have, look at what would change, and apply it. Keys cannot be edited,
 * so a key that should have other grants is replaced by its next generation, as `Rotation` does it: created, published and
 * proven before the old one is deleted. `Master`, `Default public`, leases and names without the prefix are never touched.
 *
 * The name of a key that a plan made carries a fingerprint of the desired grants, so that a key which lost grants, because a
 * table was dropped and made again, is distinguished from one that should have others.
 * @module
 */
import * as Effect from "effect/Effect"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import type { Sql } from "../sql/Sql.ts"
import type { ApiKeyManager } from "./ApiKeyManager.ts"
import type { DesiredKeys } from "./DesiredKeys.ts"
import type { TargetOptions } from "./internal/lifecycle/exactGrants.ts"
import { applyPlan } from "./internal/planning/applyPlan.ts"
import { makePlan } from "./internal/planning/makePlan.ts"
import type { Applied, ApplyOptions, ApplyReason, Plan, PlanReason } from "./internal/planning/types.ts"

export { GrantsDiffer, KeyOwnsTables, PlanStale, ReplacementOvertaken } from "../errors/Keys.ts"
export type { TargetOptions } from "./internal/lifecycle/exactGrants.ts"
export type { HandOverOptions, OwnedTablesOptions } from "./internal/lifecycle/replaceKey.ts"
export type {
  Applied,
  ApplyOptions,
  ApplyReason,
  Plan,
  PlanAction,
  PlanItem,
  PlanReason
} from "./internal/planning/types.ts"
export type { ExactReason } from "./internal/lifecycle/exactGrants.ts"
export { toText, type ToTextOptions } from "./internal/text/planText.ts"

/**
 * Makes a plan and changes nothing. Needs the master key. `user` grants, which the server never shows, are compared by the
 * fingerprint alone. Fails with `InvalidInput` if the prefix also begins the name of a key that a plan with another prefix
 * made and that is not desired here.
 */
export const plan = (
  desired: DesiredKeys,
  options: TargetOptions = {}
): Effect.Effect<Plan, CartoErrorOf<PlanReason>, ApiKeyManager | Sql> =>
  Effect.map(makePlan("Plan.plan", desired, options), (made) => made.plan).pipe(Effect.withSpan("Plan.plan"))

/** Whether a plan changes nothing. */
export const isUnchanged = ({ items }: Plan): boolean => items.every(({ action }) => action === "unchanged")

/**
 * Applies a plan, and answers with the keys. Reads the account again first, and fails with `PlanStale` if it has changed,
 * unless nothing is left to do. New keys are created, published and proven; after the grace, replaced keys are deleted, and
 * then keys that are not desired. If `apply` is interrupted, plan and apply again to finish. While a key is replaced the
 * account has up to two keys more than in the end.
 *
 * Fails with `ReplacementOvertaken` if another caller changes a key of the plan meanwhile. That key is not deleted then.
 */
export const apply = <E = never, R = never>(
  planned: Plan,
  options: ApplyOptions<E, R>
): Effect.Effect<Applied, E | CartoErrorOf<ApplyReason>, ApiKeyManager | R | Sql> =>
  applyPlan(planned, options).pipe(Effect.withSpan("Plan.apply"))
