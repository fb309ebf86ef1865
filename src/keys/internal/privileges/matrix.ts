/** The parts of an access matrix. */
import type { ApiKeyType } from "../../../account/ApiKey.ts"
import type { Open, TablePermission } from "../../../account/Grants.ts"
import type { TableKind } from "./catalog.ts"

/** A column: a key. */
export interface MatrixKey {
  readonly name: string
  readonly type: Open<ApiKeyType>
  /** Where the cells come from: the `database`, or the `auth-api` if the key may not use the SQL API. */
  readonly source: "auth-api" | "database"
  /** Schemas in which the key may create tables. */
  readonly creates: ReadonlyArray<string>
}

/** A row: a table, a view or the like. */
export interface MatrixTable {
  readonly schema: string
  readonly name: string
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
  readonly username: string
  readonly keys: ReadonlyArray<MatrixKey>
  readonly tables: ReadonlyArray<MatrixTable>
  /** By table and then by key, in the order of `tables` and `keys`. */
  readonly cells: ReadonlyArray<ReadonlyArray<Cell>>
}
