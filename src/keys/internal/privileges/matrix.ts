/** What an access matrix consists of. */
import type { ApiKeyType } from "../../../account/ApiKey.ts"
import type { Open, TablePermission } from "../../../account/Grants.ts"
import type { TableKind } from "./catalog.ts"

export interface MatrixKey {
  readonly name: string
  readonly type: Open<ApiKeyType>
  /** Who answered: `auth-api` where the key may not use the SQL API. */
  readonly source: "auth-api" | "database"
  /** Schemas in which the key may create tables. */
  readonly creates: ReadonlyArray<string>
}

export interface MatrixTable {
  readonly schema: string
  readonly name: string
  readonly kind: TableKind
}

export interface Cell {
  /** In the order select, insert, update, delete. */
  readonly permissions: ReadonlyArray<TablePermission>
  /** The key made the table and may alter and drop it; for the master key: the account may. */
  readonly owner: boolean
  /** Every key may do as much. */
  readonly everyone: boolean
}

export interface AccessMatrix {
  readonly username: string
  readonly keys: ReadonlyArray<MatrixKey>
  readonly tables: ReadonlyArray<MatrixTable>
  /** By table, then by key, in the order of both. */
  readonly cells: ReadonlyArray<ReadonlyArray<Cell>>
}
