/** Who may read and write what: every key, every table, as PostgreSQL answers under each key. */
import * as Effect from "effect/Effect"
import type { ApiKeyType } from "../account/ApiKey.ts"
import type { ApiKeyManager, AuthApiReason } from "./ApiKeyManager.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import type { Open, TablePermission } from "../account/Grants.ts"
import type { QueryReason, Sql } from "../sql/Sql.ts"
import type { TableKind } from "./internal/privileges/catalog.ts"
import type { Holdings } from "./internal/privileges/effectivePrivileges.ts"
import { survey, type SurveyOptions } from "./internal/privileges/accountPrivileges.ts"
import { textTable } from "./internal/text/textTable.ts"

export { toSvg } from "./internal/text/matrixSvg.ts"
export type { TableKind } from "./internal/privileges/catalog.ts"

export interface MatrixKey {
  readonly name: string
  readonly type: Open<ApiKeyType>
  /** Who answered: `auth-api` where the key may not use the SQL API. */
  readonly answeredBy: "auth-api" | "database"
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

export type MatrixOptions = SurveyOptions

const cellOf = (oid: number, holdings: Holdings, everyone: Holdings): Cell => {
  const find = ({ tables }: Holdings) => tables.find(({ table }) => table.oid === oid)
  const held = find(holdings)
  const open: ReadonlyArray<TablePermission> = find(everyone)?.permissions ?? []
  const permissions = held?.permissions ?? []
  const owner = held?.owner ?? false
  return {
    permissions,
    owner,
    everyone: !owner && permissions.length > 0 && permissions.every((permission) => open.includes(permission))
  }
}

/**
 * All keys, all tables, and what each key may do with each table. Needs the master key. A key is asked once, under itself,
 * for all tables; a table is any on which the account has a permission, without what extensions brought.
 */
export const make = (
  options: MatrixOptions = {}
): Effect.Effect<AccessMatrix, CartoErrorOf<AuthApiReason | QueryReason>, ApiKeyManager | Sql> =>
  Effect.map(survey(options), ({ catalogue, everyone, keys }): AccessMatrix => ({
    username: keys[0]?.key.username ?? "",
    keys: keys.map(({ holdings: { answeredBy, creates }, key: { name, type } }) => ({
      name,
      type,
      answeredBy,
      creates: creates.map((schema) => schema.name)
    })),
    tables: catalogue.tables.map(({ kind, name, schema }) => ({ schema, name, kind })),
    cells: catalogue.tables.map(({ oid }) => keys.map(({ holdings }) => cellOf(oid, holdings, everyone)))
  })).pipe(Effect.withSpan("AccessMatrix.make"))

const letters = { select: "r", insert: "i", update: "u", delete: "d" } as const

const say = ({ everyone, owner, permissions }: Cell): string =>
  permissions.length === 0
    ? "·"
    : permissions.map((permission) => letters[permission]).join("") + (owner ? "!" : everyone ? "*" : "")

/** A row a table, a column a key: `riud` for select, insert, update and delete, `!` for its owner, `*` for what every key may. */
export const toText = ({ cells, keys, tables }: AccessMatrix): string => {
  const rows = tables.map(({ name, schema }, index) => [`${schema}.${name}`, ...(cells[index] ?? []).map(say)])
  const creates = keys.map((key) => (key.creates.length === 0 ? "·" : key.creates.join(" ")))
  return [
    textTable(["table", ...keys.map(({ name }) => name)], [...rows, ["creates in", ...creates]]),
    "r select, i insert, u update, d delete, ! owner, * as every key, · nothing"
  ].join("\n")
}
