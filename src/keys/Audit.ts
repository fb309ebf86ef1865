/**
 * Audits the keys of an account: which keys change rows, own tables, see several schemas or personal data, and have grants that
 * their statements do not need.
 * @module
 */
import * as Effect from "effect/Effect"
import type { ApiKey, ApiKeyType } from "../account/ApiKey.ts"
import type { ApiKeyManager, AuthApiReason } from "./ApiKeyManager.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import { difference, type GrantsSet, type Open, type TablePermission } from "../account/Grants.ts"
import type { QueryReason, Sql } from "../sql/Sql.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { invalidInput } from "../errors/internal/invalidInput.ts"
import { printable } from "../errors/internal/printable.ts"
import { grantNames } from "../errors/internal/grantsSet.ts"
import { tablePermissions } from "../account/grantVocabulary.ts"
import { byTable, type TablePrivileges } from "./internal/privileges/effectivePrivileges.ts"
import { personalColumns } from "./internal/privileges/personalColumns.ts"
import { accountPrivileges, type AccountPrivilegesOptions } from "./internal/privileges/accountPrivileges.ts"
import { textTable } from "./internal/text/textTable.ts"
import { infer, type InferReason, type Statements } from "./LeastPrivilege.ts"

export type { AccountPrivilegesOptions } from "./internal/privileges/accountPrivileges.ts"

/** What to look for. */
export interface AuditOptions extends AccountPrivilegesOptions {
  /** The statements of the regular keys, all of them or by key. Grants that no statement needs are reported. */
  readonly statements?: Statements | ((key: ApiKey) => Statements | undefined) | undefined
  /**
   * Looks for columns whose names look like personal data (`email`, `phone`, `date_of_birth`, …) or match a pattern.
   * @default false
   */
  readonly personalData?: boolean | RegExp | undefined
}

/** A table of the account, and what a key may do with it. */
export interface AuditedTable {
  /** The schema of the table. */
  readonly schema: string
  /** The name of the table. */
  readonly name: string
  /** What the key may do with the table. */
  readonly permissions: ReadonlyArray<TablePermission>
}

/** The findings about one key. What every key may do is left out, except for the default public key. */
export interface AuditedKey {
  /** The name of the key. */
  readonly name: string
  /** The type of the key. */
  readonly type: Open<ApiKeyType>
  /** Where tables and schemas come from: the `database`, or the `auth-api` if the key may not use the SQL API. */
  readonly source: "auth-api" | "database"
  /** Tables whose rows the key may change. */
  readonly writes: ReadonlyArray<AuditedTable>
  /** Schemas in which the key may create tables. */
  readonly creates: ReadonlyArray<string>
  /** Tables that the key created, and so may alter and drop. */
  readonly owns: ReadonlyArray<{ readonly schema: string; readonly name: string }>
  /** Schemas of the tables on which the key has any permission. */
  readonly schemas: ReadonlyArray<string>
  /** Grants that no statement of the key needs. `undefined` without statements, or if the key cannot run any. */
  readonly unused: GrantsSet | undefined
  /** Whether the key has the API `maps` although its statements need the SQL API alone. */
  readonly unneededMaps: boolean
  /** Columns with personal data that the key may read, as `schema.table.column`. `undefined` unless asked for. */
  readonly personalData: ReadonlyArray<string> | undefined
}

/** The findings about all keys of an account. */
export interface Audit {
  /** The account. */
  readonly username: string
  /** The findings by key: master, default public, and then the regular keys by name. */
  readonly keys: ReadonlyArray<AuditedKey>
}

/** The permissions that other keys lack. */
const beyond = (
  held: ReadonlyArray<TablePrivileges>,
  everyone: ReadonlyMap<number, TablePrivileges>
): ReadonlyArray<TablePrivileges> =>
  held.flatMap((each) => {
    const open = everyone.get(each.table.oid)?.permissions ?? []
    const permissions = each.permissions.filter((permission) => !open.includes(permission))
    return permissions.length === 0 ? [] : [{ ...each, permissions }]
  })

const isWrite = (permission: TablePermission): boolean => permission !== "select"

const granted = ({ grants }: ApiKey, privileges: ReadonlyArray<TablePrivileges>): GrantsSet =>
  difference(
    {
      services: grants.services,
      schemas: grants.schemas.map(({ name, permissions }) => ({
        name,
        permissions: permissions.filter((permission) => permission === "create")
      })),
      tables: privileges
        .filter(({ owner }) => !owner)
        .map(({ permissions, table: { name, schema } }) => ({ schema, name, permissions }))
    },
    {}
  )

const auditKey = (
  key: ApiKey,
  options: {
    readonly source: "auth-api" | "database"
    readonly tables: ReadonlyArray<TablePrivileges>
    readonly creates: ReadonlyArray<string>
    readonly needed: GrantsSet | undefined
    readonly personal: ReadonlyMap<number, ReadonlyArray<string>> | undefined
  }
): AuditedKey => {
  const { source, creates, needed, personal, tables } = options
  const audited = ({ permissions, table: { name, schema } }: TablePrivileges): AuditedTable => ({
    schema,
    name,
    permissions
  })
  const runsStatements = key.type === "regular" && key.grants.apis.includes("sql")
  return {
    name: key.name,
    type: key.type,
    source,
    writes: tables.flatMap((holding) => {
      const permissions = holding.permissions.filter(isWrite)
      return permissions.length === 0 ? [] : [audited({ ...holding, permissions })]
    }),
    creates,
    owns: tables.flatMap(({ owner, table: { name, schema } }) => (owner ? [{ schema, name }] : [])),
    schemas: [...new Set(tables.map(({ table }) => table.schema))],
    unused: runsStatements && needed !== undefined ? difference(granted(key, tables), needed) : undefined,
    unneededMaps: runsStatements && needed !== undefined && key.grants.apis.includes("maps"),
    personalData:
      personal === undefined
        ? undefined
        : tables.flatMap(({ permissions, table }) =>
            permissions.includes("select")
              ? (personal.get(table.oid) ?? []).map((column) => `${table.schema}.${table.name}.${column}`)
              : []
          )
  }
}

/**
 * Audits every key of the account without changing anything.
 *
 * Needs the master key. The request for a key is sent under that key, so an audit sends one for each key of the SQL API. Besides,
 * it sends two or three, and lists the keys. With `statements` it sends three more, or three for each key if they differ by key.
 */
export const audit = (
  options: AuditOptions = {}
): Effect.Effect<Audit, CartoErrorOf<AuthApiReason | InferReason | QueryReason>, ApiKeyManager | Sql> =>
  Effect.gen(function* () {
    const { personalData = false, statements } = options
    if (typeof personalData !== "boolean" && !(personalData instanceof RegExp)) {
      const reason = invalidInput("personalData", personalData, "give true, false or a regular expression")
      return yield* cartoError("Audit.audit", reason)
    }
    const { everyone, keys } = yield* accountPrivileges(options)
    const open = byTable(everyone)
    const personal =
      personalData === false ? undefined : yield* personalColumns(personalData === true ? undefined : personalData)
    const shared =
      statements === undefined || typeof statements === "function" ? undefined : yield* neededBy(statements)
    const audited = yield* Effect.forEach(keys, ({ privileges, key }) =>
      Effect.gen(function* () {
        const own = typeof statements === "function" && key.type === "regular" ? statements(key) : undefined
        const needed = own === undefined ? shared : yield* neededBy(own)
        const { source } = privileges
        const isDefault = key.type === "default"
        const tables = isDefault ? privileges.tables : beyond(privileges.tables, open)
        const openSchemas = isDefault ? [] : everyone.creates
        const creates = privileges.creates.filter(({ oid }) => !openSchemas.some((open) => open.oid === oid))
        return auditKey(key, { source, tables, creates: creates.map(({ name }) => name), needed, personal })
      })
    )
    return { username: keys[0]?.key.username ?? "", keys: audited }
  }).pipe(Effect.withSpan("Audit.audit"))

const neededBy = (statements: Statements): Effect.Effect<GrantsSet, CartoErrorOf<InferReason>, Sql> =>
  // each table is named with its schema there
  Effect.map(infer(statements), ({ grants }) => difference(grants, {}))

const letters: ReadonlyArray<readonly [TablePermission, string]> = tablePermissions.map((permission) => [
  permission,
  permission.slice(0, 1)
])

const sayWrites = (tables: ReadonlyArray<AuditedTable>): string =>
  tables
    .map(
      ({ name, permissions, schema }) =>
        `${schema}.${name} (${letters.flatMap(([known, letter]) => (permissions.includes(known) ? [letter] : [])).join("")})`
    )
    .join(", ")

/** Formats the findings as a table of text: key, type, finding, what. */
export const toText = ({ keys, username }: Audit): string => {
  const findings = keys.flatMap((key) => {
    const names = (tables: ReadonlyArray<{ readonly schema: string; readonly name: string }>) =>
      tables.map(({ name, schema }) => `${schema}.${name}`).join(", ")
    const lines: ReadonlyArray<readonly [string, string]> = [
      // the master key may do everything, so that none of this is a finding
      ...(key.type === "master"
        ? []
        : ([
            ["changes rows", sayWrites(key.writes)],
            ["creates tables in", key.creates.join(", ")],
            ["owns", names(key.owns)],
            ["sees several schemas", key.schemas.length > 1 ? key.schemas.join(", ") : ""],
            ["reads personal data", (key.personalData ?? []).join(", ")]
          ] as const)),
      ["unused", key.unused === undefined ? "" : grantNames(key.unused).join("; ")],
      ["unneeded API", key.unneededMaps ? "maps" : ""]
    ]
    return lines.flatMap(([finding, what]) => (what === "" ? [] : [[key.name, key.type, finding, what]]))
  })
  return findings.length === 0
    ? `${printable(username)} has ${keys.length} keys, and nothing was found`
    : textTable(["key", "type", "finding", "what"], findings)
}
