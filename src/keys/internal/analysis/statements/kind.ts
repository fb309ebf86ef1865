/** What a statement is, as far as its words say. */

/** What no key can be given the right to do, and what to do about it. */
export interface Beyond {
  readonly what: string
  readonly remedy: string
}

/** What a statement creates. */
export interface Creates {
  /** `undefined` is the first schema of the search path. */
  readonly schema: string | undefined
  readonly name: string
  readonly temporary: boolean
  /** The kind of object that it replaces, if one of that name exists. */
  readonly replaces?: "function" | "relation" | undefined
}

export interface StatementKind {
  /** The query whose accesses are those of the statement. */
  readonly query?: string | undefined
  /** The query is not run: only its names and the types of its columns count. */
  readonly unread?: true | undefined
  /** A query that only says what is run for each row, not what is accessed. */
  readonly condition?: string | undefined
  /** It is such a query. */
  readonly runsOnly?: true | undefined
  readonly creates?: Creates | undefined
  /** The columns of the relations in the query become columns of what is created (`LIKE`). */
  readonly likes?: true | undefined
  /** All words and names of a statement that creates something. */
  readonly words?: ReadonlyArray<string> | undefined
  /** What is created calls functions that it names. */
  readonly usesFunctions?: true | undefined
  readonly beyondGrants?: ReadonlyArray<Beyond> | undefined
  /** Every column is given a value, none its default. */
  readonly complete?: true | undefined
  /** Rules do not apply. */
  readonly withoutRules?: true | undefined
  /** What it does is not known before it runs. */
  readonly opaque?: ReadonlyArray<string> | undefined
  /** Settings that it changes, in lower case. */
  readonly sets?: ReadonlyArray<string> | undefined
  /** Settings that it shows. */
  readonly reads?: ReadonlyArray<string> | undefined
}

const ownerOnly = "only the owner may; use the master key, or a key that made the table itself"

/** What only an owner may do, or what another remedy helps against. */
export const beyond = (what: string, remedy: string = ownerOnly): Beyond => ({ what, remedy })
