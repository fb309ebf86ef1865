/** What statements use: collected while their accesses are followed, decided upon afterwards. */
import type { TablePermission } from "../../../account/Grants.ts"
import type { Opaque, Unmet } from "./inference.ts"

/** Values by key, with the names of the statements that asked for each. */
export class Counts<A> {
  readonly #found = new Map<string, { readonly value: A; readonly statements: Set<string> }>()
  add(key: string, value: A, statements: Iterable<string>): void {
    const entry = this.#found.get(key) ?? { value, statements: new Set<string>() }
    for (const statement of statements) entry.statements.add(statement)
    this.#found.set(key, entry)
  }
  get entries(): ReadonlyArray<{
    readonly key: string
    readonly value: A
    readonly statements: ReadonlyArray<string>
  }> {
    return [...this.#found].map(([key, { statements, value }]) => ({ key, value, statements: [...statements] }))
  }
}

/** A permission on a relation. `role` is the owner of a view or a rule by whose rights it counts. */
export interface RelationUse {
  readonly relation: number
  readonly permission: TablePermission
  readonly role: number | undefined
}

/** A function that runs. `isChecked` if its caller needs EXECUTE. */
export interface RoutineUse {
  readonly oid: number
  readonly via: Opaque["via"]
  readonly isChecked: boolean
}

/** What statements use, by the kind of object. */
export class Usage {
  readonly relations: Counts<RelationUse> = new Counts()
  readonly routines: Counts<RoutineUse> = new Counts()
  /** Sequences that numbers are drawn from. */
  readonly sequences: Counts<number> = new Counts()
  /** Sequences that are set; `undefined` if a computed name says which. */
  readonly sets: Counts<number | undefined> = new Counts()
  /** Schemas in which a statement itself looks an object up. */
  readonly schemas: Counts<{ readonly oid: number; readonly name: string }> = new Counts()
  readonly opaque: Counts<Omit<Opaque, "statements">> = new Counts()
  readonly unmet: Counts<Omit<Unmet, "statements">> = new Counts()

  addRelation(use: RelationUse, statement: string): void {
    this.relations.add(`${use.relation} ${use.permission} ${use.role}`, use, [statement])
  }
  addRoutine(use: RoutineUse, statement: string): void {
    this.routines.add(`${use.oid} ${use.via} ${use.isChecked}`, use, [statement])
  }
  addOpaque(name: string, via: Opaque["via"], statement: string): void {
    this.opaque.add(`${name} ${via}`, { name, via }, [statement])
  }
  addUnmet(what: string, remedy: string, statement: string): void {
    this.unmet.add(what, { what, remedy }, [statement])
  }
}
