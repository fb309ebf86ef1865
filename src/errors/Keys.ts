/** Why the life of a key cannot go on: leases, rotation, plans. */
import * as Data from "effect/Data"
import { grantNames, type GrantsSet } from "./internal/grantsSet.ts"
import type { ReasonClass } from "./ReasonClass.ts"
import type { StatementReason } from "./SqlApi.ts"

const LeaseExpiredBase: ReasonClass<"LeaseExpired", { readonly name: string; readonly deadline: Date }> =
  Data.TaggedError("LeaseExpired")
/** The effect was still running when its lease ended; it was interrupted. */
export class LeaseExpired extends LeaseExpiredBase {
  override get message(): string {
    return `the lease ${JSON.stringify(this.name)} ended at ${this.deadline.toISOString()}: give a longer ttl, or do less under one lease`
  }
}

const KeyOwnsTablesBase: ReasonClass<
  "KeyOwnsTables",
  { readonly name: string; readonly tables: ReadonlyArray<string> }
> = Data.TaggedError("KeyOwnsTables")
/** The key that was to be replaced made these tables; its successor would have no right to them. It was not deleted. */
export class KeyOwnsTables extends KeyOwnsTablesBase {
  override get message(): string {
    return `${JSON.stringify(this.name)} owns ${this.tables.join(", ")}: give ownedTables: "reassign" to hand them to the account, with all table permissions for the key and its successor`
  }
}

const SuccessorLacksGrantsBase: ReasonClass<
  "SuccessorLacksGrants",
  { readonly name: string; readonly successor: string; readonly lacking: GrantsSet }
> = Data.TaggedError("SuccessorLacksGrants")
/** The newest key of that name lacks grants that an older one has, so the older one was not deleted. */
export class SuccessorLacksGrants extends SuccessorLacksGrantsBase {
  override get message(): string {
    return `${JSON.stringify(this.successor)} lacks grants of ${JSON.stringify(this.name)}, which stays: delete ${JSON.stringify(this.successor)} to start over`
  }
}

const PlanStaleBase: ReasonClass<"PlanStale", { readonly changed: ReadonlyArray<string> }> =
  Data.TaggedError("PlanStale")
/** Keys were created, replaced or deleted since the plan was made, or tables were. Nothing was changed. */
export class PlanStale extends PlanStaleBase {
  override get message(): string {
    return `the plan is out of date for ${this.changed.map((name) => JSON.stringify(name)).join(", ")}: make a new one`
  }
}

const GrantsDifferBase: ReasonClass<
  "GrantsDiffer",
  { readonly name: string; readonly missing: GrantsSet; readonly extra: GrantsSet }
> = Data.TaggedError("GrantsDiffer")
/** The key that was made has other grants than were asked for. It was deleted again. */
export class GrantsDiffer extends GrantsDifferBase {
  override get message(): string {
    const parts = [
      ["lacks", grantNames(this.missing)],
      ["also has", grantNames(this.extra)]
    ] as const
    const said = parts.flatMap(([verb, names]) => (names.length === 0 ? [] : [`${verb} ${names.join(", ")}`]))
    return `${JSON.stringify(this.name)} ${said.join(" and ")}, so it was deleted: look at what the tables and schemas grant to everybody, and at overviews of tables`
  }
}

const StatementRefusedBase: ReasonClass<
  "StatementRefused",
  { readonly statement: string; readonly failure: StatementReason }
> = Data.TaggedError("StatementRefused")
/** PostgreSQL does not understand a statement, so nothing can be said of what it needs. `statement` is its name. */
export class StatementRefused extends StatementRefusedBase {
  override get message(): string {
    return `${this.statement}: ${this.failure.message}; correct it, or leave it out`
  }
}

const GrantsInsufficientBase: ReasonClass<
  "GrantsInsufficient",
  { readonly statement: string; readonly failure: StatementReason }
> = Data.TaggedError("GrantsInsufficient")
/** A statement does not pass under a key with these grants. `statement` is its name. */
export class GrantsInsufficient extends GrantsInsufficientBase {
  override get message(): string {
    return `${this.statement} needs more than these grants: ${this.failure.message}`
  }
}
