/** What a plan is, and what applying one takes and answers. */
import type { ApiKey } from "../../../account/ApiKey.ts"
import type { GrantsSet } from "../../../account/Grants.ts"
import type { ApiKeyNotFound } from "../../../errors/AuthApi.ts"
import type { GrantsDiffer, PlanStale } from "../../../errors/Keys.ts"
import type { DesiredKeys } from "../../DesiredKeys.ts"
import type { ExactReason, TargetOptions } from "../lifecycle/exactGrants.ts"
import type { HandOverOptions, OwnedTablesOptions, ReplacementReason } from "../lifecycle/replaceKey.ts"

/**
 * What happens to a name:
 * - `create`: the account has no key of that name;
 * - `replace`: its key has other grants than desired, or another plan is deleting it;
 * - `drifted`: its key has lost or gained grants since it was made, and is replaced;
 * - `finish`: an earlier creation, replacement, rotation or `abandon` has not ended, and is completed;
 * - `delete`: it is not desired;
 * - `unchanged`.
 */
export type PlanAction = "create" | "delete" | "drifted" | "finish" | "replace" | "unchanged"

/** What a plan does to one name. */
export interface PlanItem {
  /** What happens to the name. */
  readonly action: PlanAction
  /** The name, without its generation. */
  readonly name: string
  /** The full name of the key that will have that name. `undefined` if the name is deleted. */
  readonly key: string | undefined
  /** Full names of the keys that will be deleted. */
  readonly retired: ReadonlyArray<string>
  /** The grants that the name gains, compared with its key. */
  readonly missing: GrantsSet
  /** The grants that the name loses. */
  readonly extra: GrantsSet
  /** Tables of deleted keys, whose owner becomes the account. */
  readonly owned: ReadonlyArray<string>
}

/** A plan. It is plain data and holds no token. */
export interface Plan {
  /** The keys that the account should have. */
  readonly desired: DesiredKeys
  /** The member of the organization whose keys they are; `undefined` for the account itself. */
  readonly targetUser?: string | undefined
  /** In the order of names. */
  readonly items: ReadonlyArray<PlanItem>
}

/** How new keys reach their consumers, and what happens to tables that replaced keys own. */
export interface ApplyOptions<E, R>
  extends HandOverOptions<E, R>, OwnedTablesOptions, Pick<TargetOptions, "targetSql"> {
  /**
   * Publishes unchanged keys, too. Use it if what was published has been lost.
   * @default false
   */
  readonly publishAll?: boolean | undefined
}

/** What `apply` has done. */
export interface Applied {
  /** Every item that was not unchanged. */
  readonly items: ReadonlyArray<PlanItem>
  /** The key of each desired name. */
  readonly keys: ReadonlyMap<string, ApiKey>
}

/** Why a plan cannot be made. */
export type PlanReason = ExactReason
/** Why a plan cannot be applied. */
export type ApplyReason =
  | ApiKeyNotFound
  | Exclude<ReplacementReason, { readonly _tag: "SuccessorLacksGrants" }>
  | GrantsDiffer
  | PlanStale
