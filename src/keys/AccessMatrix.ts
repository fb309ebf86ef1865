/** Who may read and write what: every key, every table, as PostgreSQL answers under each key. */
import * as Effect from "effect/Effect"
import type { ApiKeyManager, AuthApiReason } from "./ApiKeyManager.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import type { TablePermission } from "../account/Grants.ts"
import type { QueryReason, Sql } from "../sql/Sql.ts"
import type { AccessMatrix, Cell } from "./internal/privileges/matrix.ts"
import type { EffectivePrivileges } from "./internal/privileges/effectivePrivileges.ts"
import { accountPrivileges, type AccountPrivilegesOptions } from "./internal/privileges/accountPrivileges.ts"
import { textTable } from "./internal/text/textTable.ts"

export { toSvg } from "./internal/text/matrixSvg.ts"
export type { AccessMatrix, Cell, MatrixKey, MatrixTable } from "./internal/privileges/matrix.ts"
export type { TableKind } from "./internal/privileges/catalog.ts"

export type MatrixOptions = AccountPrivilegesOptions

const cellOf = (oid: number, privileges: EffectivePrivileges, everyone: EffectivePrivileges): Cell => {
  const find = ({ tables }: EffectivePrivileges) => tables.find(({ table }) => table.oid === oid)
  const held = find(privileges)
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
  Effect.map(accountPrivileges(options), ({ catalog, everyone, keys }): AccessMatrix => ({
    username: keys[0]?.key.username ?? "",
    keys: keys.map(({ privileges: { source, creates }, key: { name, type } }) => ({
      name,
      type,
      source,
      creates: creates.map((schema) => schema.name)
    })),
    tables: catalog.tables.map(({ kind, name, schema }) => ({ schema, name, kind })),
    cells: catalog.tables.map(({ oid }) => keys.map(({ privileges }) => cellOf(oid, privileges, everyone)))
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
