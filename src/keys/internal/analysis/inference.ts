/** What an inference of least privilege consists of. */
import type { GrantsRequest, Service, TablePermission } from "../../../account/Grants.ts"

/** One grant, and the names of the statements that need it. */
export type Need =
  | {
      readonly kind: "table"
      readonly schema: string
      readonly name: string
      readonly permission: TablePermission
      readonly statements: ReadonlyArray<string>
    }
  | {
      readonly kind: "schema"
      readonly name: string
      readonly permission: "create"
      readonly statements: ReadonlyArray<string>
    }
  | { readonly kind: "service"; readonly name: Service; readonly statements: ReadonlyArray<string> }

/** What statements need and no grant can give: ownership, a system table, a sequence of its own, … */
export interface Unmet {
  readonly what: string
  readonly remedy: string
  readonly statements: ReadonlyArray<string>
}

/** A function, or a block, that runs with the key's rights: what it needs is not among the grants. */
export interface Opaque {
  readonly name: string
  /**
   * How it comes to run. `call`: in the statement, or in a view that it reads. `policy`: in row-level security of a table.
   * The others come with writing to a table: its constraints and the checks of domains, defaults and generated columns,
   * expressions of indexes, keys of partitions, rules, and triggers.
   */
  readonly via: "call" | "constraint" | "default" | "index" | "partition" | "policy" | "rule" | "trigger"
  readonly statements: ReadonlyArray<string>
}

export interface Inference {
  /** To create a key with. What every key may do, as the default public key shows, is not among them. */
  readonly grants: GrantsRequest
  readonly needs: ReadonlyArray<Need>
  readonly unmet: ReadonlyArray<Unmet>
  readonly opaque: ReadonlyArray<Opaque>
}
