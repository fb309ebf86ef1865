/** What is left to follow from statements: accesses, writes and expressions, each in a context. */
import type { Access } from "../tree/accesses.ts"
import type { Catalog, Command } from "../catalog/objects.ts"
import type { Expression } from "../tree/expressions.ts"
import type { Opaque } from "../inference.ts"
import type { Usage } from "../usage.ts"

export interface Context {
  readonly statement: string
  /** The owner of a view or a rule by whose rights relations are accessed; `undefined` for the key itself. */
  readonly role: number | undefined
  readonly via: Opaque["via"]
}

/** Rows that are written to a relation. */
export interface Write {
  readonly relation: number
  readonly permission: Command
  /** Columns that get a value of the statement's. */
  readonly inserted: ReadonlyArray<number>
  /** Columns that get their default, in an UPDATE too. */
  readonly defaulted: ReadonlyArray<number>
  /**
   * `target` of the statement, `replaced` by a rule, `child` of the target, or reached by the `cascade` of a foreign key,
   * which runs with the rights of the table's owner except for triggers that fire afterwards.
   */
  readonly scope: "cascade" | "child" | "replaced" | "target"
}

export type Item =
  | { readonly kind: "access"; readonly access: Access; readonly context: Context }
  | { readonly kind: "expression"; readonly expression: Expression; readonly context: Context }
  | { readonly kind: "write"; readonly write: Write; readonly context: Context }

/** What is known, and where to note what is used. */
export interface Following {
  readonly catalog: Catalog
  readonly usage: Usage
  /** Statements that give every column a value (COPY without a list of columns). */
  readonly complete: ReadonlySet<string>
  /** Statements that rules do not apply to (COPY). */
  readonly withoutRules: ReadonlySet<string>
}

/** An expression, if there is one. */
export const run = (expression: Expression | undefined, context: Context, via: Opaque["via"]): ReadonlyArray<Item> =>
  expression === undefined ? [] : [{ kind: "expression", expression, context: { ...context, via } }]

/** Accesses in one context. */
export const accessAll = (accesses: ReadonlyArray<Access>, context: Context): ReadonlyArray<Item> =>
  accesses.map((access) => ({ kind: "access", access, context }))
