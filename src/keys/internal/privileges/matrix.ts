/** The parts of an access matrix. */
import type { ApiKeyType } from "../../../account/ApiKey.ts"
import type { Open, TablePermission } from "../../../account/Grants.ts"
import type { TableKind } from "./catalog.ts"

/** A column: a key. */
export interface MatrixKey {
  /** The name of the key. */
  readonly name: string
  /** The type of the key. */
  readonly type: Open<ApiKeyType>
  /** Where the cells come from: the `database`, or the `auth-api` if the key may not use the SQL API. */
  readonly source: "auth-api" | "database"
  /** Schemas in which the key may create tables. */
  readonly creates: ReadonlyArray<string>
}

/** A row: a table, a view or the like. */
export interface MatrixTable {
  /** The schema of the table. */
  readonly schema: string
  /** The name of the table. */
  readonly name: string
  /** Whether it is a table, a view or the like. */
  readonly kind: TableKind
}

/** What a key may do with a table. */
export interface Cell {
  /** In the order select, insert, update, delete. */
  readonly permissions: ReadonlyArray<TablePermission>
  /** Whether the key created the table and may alter and drop it. For the master key: whether the account may. */
  readonly owner: boolean
  /** Whether every key may do as much. */
  readonly everyone: boolean
}

/** All keys and all tables of an account. */
export interface AccessMatrix {
  /** The account. */
  readonly username: string
  /** The columns: master, default public, and then the regular keys by name. */
  readonly keys: ReadonlyArray<MatrixKey>
  /** The rows, by schema and name. */
  readonly tables: ReadonlyArray<MatrixTable>
  /** By table and then by key, in the order of `tables` and `keys`. */
  readonly cells: ReadonlyArray<ReadonlyArray<Cell>>
}
