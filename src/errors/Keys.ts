/** Why a lease, a rotation, a plan or a verification of keys cannot continue. */
import { grantNames, type GrantsSet } from "./internal/grantsSet.ts"
import { printable, quote } from "./internal/printable.ts"
import { reasonClass, type ReasonClass } from "./internal/reasonClass.ts"
import type { StatementReason } from "./SqlApi.ts"

const LeaseExpiredBase: ReasonClass<
  "LeaseExpired",
  {
    /** The name of the lease's key. */
    readonly name: string
    /** When the lease ended. */
    readonly deadline: Date
  }
> = reasonClass(
  "LeaseExpired",
  ({ deadline, name }) =>
    `the lease ${quote(name)} ended at ${deadline.toISOString()}: give a longer ttl, or do less under one lease`
)
/** The effect was still running when its lease ended. It was interrupted. */
export class LeaseExpired extends LeaseExpiredBase {}

const KeyOwnsTablesBase: ReasonClass<
  "KeyOwnsTables",
  {
    /** The name of the key. */
    readonly name: string
    /** The tables that the key owns, with their schemas. */
    readonly tables: ReadonlyArray<string>
  }
> = reasonClass(
  "KeyOwnsTables",
  ({ name, tables }) =>
    `${quote(name)} owns ${tables.join(", ")}: give ownedTables: "reassign" to hand them to the account, with all table permissions for the key and its successor`
)
/** The key to be replaced owns tables on which its successor would have no permission. The key was not deleted. */
export class KeyOwnsTables extends KeyOwnsTablesBase {}

const SuccessorLacksGrantsBase: ReasonClass<
  "SuccessorLacksGrants",
  {
    /** The older key. */
    readonly name: string
    /** The newest key of that name. */
    readonly successor: string
    /** The grants of the older key that the successor lacks. */
    readonly lacking: GrantsSet
  }
> = reasonClass(
  "SuccessorLacksGrants",
  ({ lacking, name, successor }) =>
    `${quote(successor)} lacks grants of ${quote(name)}, which was not deleted: ${grantNames(lacking).join(", ")}. Delete ${quote(successor)} to start over`
)
/** The newest key of that name lacks grants of an older one. The older key was not deleted. */
export class SuccessorLacksGrants extends SuccessorLacksGrantsBase {}

const ReplacementOvertakenBase: ReasonClass<
  "ReplacementOvertaken",
  {
    /** The name that the generations of the key share. */
    readonly name: string
    /** What the other caller has done. */
    readonly change: string
  }
> = reasonClass(
  "ReplacementOvertaken",
  ({ change, name }) =>
    `another caller has changed the keys of ${quote(name)}: ${printable(change)}; look at the account, then call again`
)
/** Another caller has changed the keys of that name meanwhile. This call stopped before it deleted a key that the other uses. */
export class ReplacementOvertaken extends ReplacementOvertakenBase {}

const PlanStaleBase: ReasonClass<
  "PlanStale",
  {
    /** The names of the keys that changed. */
    readonly changed: ReadonlyArray<string>
  }
> = reasonClass(
  "PlanStale",
  ({ changed }) => `the plan is out of date for ${changed.map(quote).join(", ")}: make a new one`
)
/** Keys or tables changed since the plan was made. Nothing was changed. */
export class PlanStale extends PlanStaleBase {}

const GrantsDifferBase: ReasonClass<
  "GrantsDiffer",
  {
    /** The name of the key. */
    readonly name: string
    /** The grants that were asked for and that the key lacks. */
    readonly missing: GrantsSet
    /** The grants that the key has and that were not asked for. */
    readonly extra: GrantsSet
  }
> = reasonClass("GrantsDiffer", ({ extra, missing, name }) => {
  const parts = [
    ["lacks", grantNames(missing)],
    ["also has", grantNames(extra)]
  ] as const
  const found = parts.flatMap(([verb, names]) => (names.length === 0 ? [] : [`${verb} ${names.join(", ")}`]))
  return `${quote(name)} ${found.join(" and ")}, so it was deleted: look at what tables and schemas grant to PUBLIC, and at raster overviews`
})
/** The key that was created has other grants than were asked for. It was deleted. */
export class GrantsDiffer extends GrantsDifferBase {}

const StatementRefusedBase: ReasonClass<
  "StatementRefused",
  {
    /** The name of the statement. */
    readonly statement: string
    /** PostgreSQL's error. */
    readonly failure: StatementReason
  }
> = reasonClass(
  "StatementRefused",
  ({ failure, statement }) => `${statement}: ${failure.message}; correct it, or leave it out`
)
/** PostgreSQL refuses a statement, so that its needs cannot be inferred. */
export class StatementRefused extends StatementRefusedBase {}

const GrantsInsufficientBase: ReasonClass<
  "GrantsInsufficient",
  {
    /** The name of the statement. */
    readonly statement: string
    /** PostgreSQL's error. */
    readonly failure: StatementReason
  }
> = reasonClass(
  "GrantsInsufficient",
  ({ failure, statement }) => `${statement} needs more than these grants: ${failure.description}`
)
/** A statement does not pass under a key with these grants. */
export class GrantsInsufficient extends GrantsInsufficientBase {}
