/** The parts of an inference of least privilege. */
import type { GrantsRequest, Service, TablePermission } from "../../../account/Grants.ts"

/** One permission on a table or a schema, or a data service, with the names of the statements that need it. */
export type Need =
  | {
      /** A permission on a table. */
      readonly kind: "table"
      /** The schema of the table. */
      readonly schema: string
      /** The name of the table. */
      readonly name: string
      /** The permission that is needed. */
      readonly permission: TablePermission
      /** The names of the statements that need it. */
      readonly statements: ReadonlyArray<string>
    }
  | {
      readonly kind: "schema"
      readonly name: string
      readonly permission: "create"
      readonly statements: ReadonlyArray<string>
    }
  | { readonly kind: "service"; readonly name: Service; readonly statements: ReadonlyArray<string> }

/** A right that statements need and no grant gives, such as ownership or a system table. */
export interface Unmet {
  /** The right, such as `usage on the sequence public.tickets`. */
  readonly what: string
  /** What to do about it. */
  readonly remedy: string
  /** The names of the statements that need it. */
  readonly statements: ReadonlyArray<string>
}

/** Something that runs with the key's rights and cannot be seen through. What it needs is not among the grants. */
export interface Opaque {
  /** The function with its schema and the types of its arguments, or what else it is. */
  readonly name: string
  /**
   * How it comes to run. `call`: in the statement, or in a view that it reads. `policy`: in row-level security of a table.
   * The others come with writing to a table: its constraints and the checks of domains, defaults and generated columns,
   * expressions of indexes, keys of partitions, rules, and triggers.
   */
  readonly via: "call" | "constraint" | "default" | "index" | "partition" | "policy" | "rule" | "trigger"
  /** The names of the statements that run it. */
  readonly statements: ReadonlyArray<string>
}

/** What statements need. */
export interface Inference {
  /** The grants to create a key with. They leave out what every key may do, as the default public key shows. */
  readonly grants: GrantsRequest
  /** The same grants one by one. */
  readonly needs: ReadonlyArray<Need>
  /** Rights that no grant gives. */
  readonly unmet: ReadonlyArray<Unmet>
  /** What runs with the rights of the key and cannot be seen through. */
  readonly opaque: ReadonlyArray<Opaque>
}
