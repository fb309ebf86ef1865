/**
 * Shows which key may do what with which table, as PostgreSQL reports under each key.
 * @module
 */
import * as Effect from "effect/Effect"
import type { ApiKeyManager, AuthApiReason } from "./ApiKeyManager.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import type { TablePermission } from "../account/Grants.ts"
import type { QueryReason, Sql } from "../sql/Sql.ts"
import type { AccessMatrix, Cell } from "./internal/privileges/matrix.ts"
import { byTable, type TablePrivileges } from "./internal/privileges/effectivePrivileges.ts"
import { accountPrivileges, type AccountPrivilegesOptions } from "./internal/privileges/accountPrivileges.ts"
import { textTable } from "./internal/text/textTable.ts"

export type { AccountPrivilegesOptions } from "./internal/privileges/accountPrivileges.ts"

export { toSvg } from "./internal/text/matrixSvg.ts"
export type { AccessMatrix, Cell, MatrixKey, MatrixTable } from "./internal/privileges/matrix.ts"
export type { TableKind } from "./internal/privileges/catalog.ts"

/** How to make a matrix. */
export type MatrixOptions = AccountPrivilegesOptions

const cellOf = (held: TablePrivileges | undefined, open: ReadonlyArray<TablePermission> = []): Cell => {
  const permissions = held?.permissions ?? []
  const owner = held?.owner ?? false
  return {
    permissions,
    owner,
    everyone: !owner && permissions.length > 0 && permissions.every((permission) => open.includes(permission))
  }
}

/**
 * Makes the matrix of all keys and all tables. The tables are those on which the account has a permission, except tables of
 * extensions.
 *
 * Needs the master key. Sends one request under each key that may use the SQL API, and two more: the catalog and the list of keys, in as
 * many requests as it has pages.
 */
export const make = (
  options: MatrixOptions = {}
): Effect.Effect<AccessMatrix, CartoErrorOf<AuthApiReason | QueryReason>, ApiKeyManager | Sql> =>
  Effect.map(accountPrivileges(options), ({ catalog, everyone, keys }): AccessMatrix => {
    const open = byTable(everyone)
    const columns = keys.map(({ privileges }) => byTable(privileges))
    return {
      username: keys[0]?.key.username ?? "",
      keys: keys.map(({ key: { name, type }, privileges: { creates, source } }) => ({
        name,
        type,
        source,
        creates: creates.map((schema) => schema.name)
      })),
      tables: catalog.tables.map(({ kind, name, schema }) => ({ schema, name, kind })),
      cells: catalog.tables.map(({ oid }) => columns.map((held) => cellOf(held.get(oid), open.get(oid)?.permissions)))
    }
  }).pipe(Effect.withSpan("AccessMatrix.make"))

const letters = { select: "r", insert: "i", update: "u", delete: "d" } as const

const say = ({ everyone, owner, permissions }: Cell): string =>
  permissions.length === 0
    ? "·"
    : permissions.map((permission) => letters[permission]).join("") + (owner ? "!" : everyone ? "*" : "")

/**
 * Formats a matrix as text with a row for each table and a column for each key. `r`, `i`, `u` and `d` are select, insert, update
 * and delete; `!` marks the owner, and `*` what every key may do.
 */
export const toText = ({ cells, keys, tables }: AccessMatrix): string => {
  const rows = tables.map(({ name, schema }, index) => [`${schema}.${name}`, ...(cells[index] ?? []).map(say)])
  const creates = keys.map((key) => (key.creates.length === 0 ? "·" : key.creates.join(" ")))
  return [
    textTable(["table", ...keys.map(({ name }) => name)], [...rows, ["creates in", ...creates]]),
    "r select, i insert, u update, d delete, ! owner, * as every key, · nothing"
  ].join("\n")
}
