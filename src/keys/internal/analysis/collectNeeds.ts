/** From what statements access to what a key must be granted. */
import * as Effect from "effect/Effect"
import { Auth } from "../../../account/Auth.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import type { TablePermission } from "../../../account/Grants.ts"
import type { QueryReason, Sql } from "../../../sql/Sql.ts"
import type { Need, Opaque, Unmet } from "./inference.ts"
import type { Analysed } from "./parseStatements.ts"
import { currval, nextval, runsQueries, setval } from "./builtins.ts"
import { dataServicesSchema, serviceOf } from "./dataServices.ts"
import type { Access } from "./nodeTree.ts"
import { type HasPrivilege, checkPrivileges } from "../privileges/privilegeChecks.ts"
import type { StatementKind } from "./statementKind.ts"
import { attached, type Relation, relations, routines, schemas, sequences } from "./catalogQueries.ts"

export interface Collected {
  readonly needs: ReadonlyArray<Need>
  readonly unmet: ReadonlyArray<Unmet>
  readonly opaque: ReadonlyArray<Opaque>
}

/** Values by key, with the names of the statements that asked for each. */
class Counts<A> {
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

interface Use {
  readonly relation: number
  readonly permission: TablePermission
}

const systemSchemas = new Set(["pg_catalog", "information_schema"])
const ungrantableSchemas = new Set(["cartodb", "cdb", "cdb_importer"])

interface Write {
  readonly relation: number
  readonly permission: TablePermission
  /** Columns that get a value of the statement's. */
  readonly inserted: ReadonlyArray<number>
  /** Columns that get their default, in an UPDATE too. */
  readonly defaulted: ReadonlyArray<number>
  readonly target: boolean
  readonly name: string
}

interface Pending {
  readonly access: Access
  readonly name: string
  /** Whether the rights of the key count, and not those of a view's owner. */
  readonly checked: boolean
}

interface Uses {
  readonly counts: Counts<Use>
  /** What is read and written with the rights of the key, and what is written with those of others. */
  readonly writes: ReadonlyArray<Write>
  readonly known: ReadonlyMap<number, Relation>
}

/**
 * What is accessed behind a view when it is read, locked or written. The rights that count there are its owner's, or with
 * `security_invoker` always those of the key, also where another view reads it.
 */
const behindView = (view: Relation, { access, name }: Pending): ReadonlyArray<Pending> => {
  const { behind, checks, columns, instead, invoker } = view
  const pend = (accesses: ReadonlyArray<Access>) =>
    accesses.map((beneath): Pending => ({ access: beneath, name, checked: invoker }))
  const direct = behind.filter(({ outermost }) => outermost)
  const nested = behind.filter(({ outermost }) => !outermost)
  if (access.target) {
    // the one relation that the view is made of takes its place, and the view's conditions may hold queries
    const { permissions, target } = access
    if (permissions.some((permission) => instead.includes(permission))) {
      // a rule or a trigger does it, which gets the rows that the view reads
      return permissions.includes("update") || permissions.includes("delete") ? pend(behind) : []
    }
    const beneath = (numbers: ReadonlyArray<number>) => numbers.flatMap((column) => columns.get(column) ?? [])
    const [inserted, defaulted] = [beneath(access.inserted), beneath(access.defaulted)]
    const usesConditions = checks || permissions.includes("update") || permissions.includes("delete")
    return [
      ...pend(direct.map((under) => ({ ...under, permissions, target, inserted, defaulted }))),
      ...(usesConditions ? pend(nested) : [])
    ]
  }
  // SELECT … FOR UPDATE locks what the view is made of
  const locks = access.permissions.filter((permission) => permission !== "select")
  const locked = direct.map((beneath) => ({ ...beneath, permissions: [...beneath.permissions, ...locks] }))
  return pend([...locked, ...nested])
}

/** The accesses of statements, and what comes with them behind views. */
const usesOf = Effect.fnUntraced(function* (
  statements: ReadonlyArray<Analysed & { readonly name: string }>
): Effect.fn.Return<Uses, CartoErrorOf<QueryReason>, Sql> {
  const counts = new Counts<Use>()
  const writes: Array<Write> = []
  const known = new Map<number, Relation>()
  const seen = new Set<string>()
  let pending: ReadonlyArray<Pending> = statements.flatMap(({ accesses, name }) =>
    accesses.map((access) => ({ access, name, checked: true }))
  )
  while (pending.length > 0) {
    const unknown = new Set(pending.map(({ access }) => access.relation).filter((oid) => !known.has(oid)))
    for (const relation of yield* relations([...unknown])) known.set(relation.oid, relation)
    const next: Array<Pending> = []
    for (const item of pending) {
      const { access, checked, name } = item
      const { defaulted, inserted, permissions, relation, target } = access
      const key = JSON.stringify([relation, permissions, inserted, defaulted, target, checked, name])
      if (seen.has(key)) continue
      seen.add(key)
      const found = known.get(relation)
      // the SQL API lets only the master key read system tables, behind whatever view
      const isChecked = checked || (found !== undefined && systemSchemas.has(found.schema))
      for (const permission of permissions) {
        if (isChecked) counts.add(`${relation} ${permission}`, { relation, permission }, [name])
        if (target || checked) writes.push({ relation, permission, inserted, defaulted, target, name })
      }
      if (found === undefined) continue
      next.push(...behindView(found, item))
      for (const policy of checked ? found.policies : []) {
        if (!permissions.some((permission) => permission === policy.permission)) continue
        next.push(...policy.accesses.map((beneath) => ({ access: beneath, name, checked })))
      }
    }
    pending = next
  }
  return { counts, writes, known }
})

const quoted = (schema: string, name: string): string => `${schema}.${name}`

/** `kinds` of all statements, and the analyses of those that have a query. */
export const collectNeeds: (
  kinds: ReadonlyArray<{ readonly name: string; readonly kind: StatementKind }>,
  statements: ReadonlyArray<Analysed & { readonly name: string }>
) => Effect.Effect<Collected, CartoErrorOf<QueryReason>, Sql> = Effect.fnUntraced(function* (kinds, statements) {
  const needs = new Counts<Need>()
  const unmet = new Counts<Omit<Unmet, "statements">>()
  const opaque = new Counts<Omit<Opaque, "statements">>()
  const { counts, known, writes } = yield* usesOf(statements)

  const complete = new Set(kinds.flatMap(({ kind, name }) => (kind.complete ? [name] : [])))
  const calls = new Counts<{ readonly oid: number; readonly via: Opaque["via"] }>()
  const numbered = new Counts<number>()
  const set = new Counts<number | undefined>()
  for (const { calls: own, functions, name, sequences } of statements) {
    for (const oid of functions) calls.add(`${oid} call`, { oid, via: "call" }, [name])
    for (const oid of sequences) numbered.add(String(oid), oid, [name])
    for (const { first, routine } of own) {
      const query = runsQueries.get(routine)
      if (query !== undefined) opaque.add(`runs ${query}`, { name: `pg_catalog.${query}`, via: "call" }, [name])
      if (setval.has(routine)) set.add(String(first), first, [name])
      if ((routine === nextval || routine === currval) && first === undefined) {
        opaque.add("computed", { name: "a sequence by a name that is computed", via: "call" }, [name])
      }
    }
  }
  for (const extra of yield* attached([...new Set(writes.map(({ relation }) => relation))])) {
    const { column, kind } = extra
    const isDefaulted = ({ defaulted, inserted, name, permission }: Write, of: number): boolean =>
      defaulted.includes(of) || (permission === "insert" && !inserted.includes(of) && !complete.has(name))
    const concerned = writes.filter(
      (write) =>
        write.relation === extra.table &&
        write.permission === extra.permission &&
        (write.target || kind === "policy") &&
        (kind !== "default" || column === undefined || isDefaulted(write, column))
    )
    const names = concerned.map(({ name }) => name)
    if (names.length === 0) continue
    const via = kind === "generated" ? "default" : kind
    for (const oid of extra.functions) calls.add(`${oid} ${via}`, { oid, via }, names)
    for (const oid of extra.sequences) numbered.add(String(oid), oid, names)
  }
  const called = yield* routines([...new Set(calls.entries.map(({ value }) => value.oid))])
  const counters = yield* sequences(numbered.entries.map(({ value }) => value))
  const numberedTables = counters.flatMap(({ table }) => (table === undefined || known.has(table) ? [] : [table]))
  const all = new Map([...known, ...(yield* relations(numberedTables)).map((table) => [table.oid, table] as const)])
  const created = kinds.flatMap(({ kind, name }) => (kind.creates === undefined ? [] : [{ name, ...kind.creates }]))
  const createdIn =
    created.length === 0 ? [] : yield* schemas(created.flatMap(({ schema }) => (schema === undefined ? [] : [schema])))

  const everyone: HasPrivilege = yield* Auth.withApiKey(
    checkPrivileges({
      tables: [...all.keys()],
      schemas: [
        ...new Set([...[...all.values()].map(({ schemaOid }) => schemaOid), ...createdIn.map(({ oid }) => oid)])
      ],
      functions: called.map(({ oid }) => oid),
      sequences: counters.map(({ oid }) => oid)
    }),
    Auth.defaultPublic
  )

  const needTable = (relation: Relation, permission: TablePermission, statements: ReadonlyArray<string>): void => {
    const { held, name, oid, schema } = relation
    const key = `${String(oid)} ${permission}`
    if (systemSchemas.has(schema) || ungrantableSchemas.has(schema)) {
      const remedy = "use the master key; regular keys cannot be granted tables of the system"
      unmet.add(key, { what: `${permission} on ${quoted(schema, name)}`, remedy }, statements)
    } else if (!held.includes(permission)) {
      const remedy = "the account itself lacks it; ask the owner to share the table"
      unmet.add(key, { what: `${permission} on ${quoted(schema, name)}`, remedy }, statements)
    } else needs.add(key, { kind: "table", schema, name, permission, statements: [] }, statements)
  }

  // A schema that not everybody may use comes with a grant on a table in it, even where everybody may read the table.
  const granted = new Set<number>()
  const usable = new Set<number>()
  const open: Array<() => void> = []
  for (const { statements, value } of counts.entries) {
    const relation = all.get(value.relation)
    if (relation === undefined) continue
    const publicly = everyone("tables", relation.oid, value.permission)
    if (systemSchemas.has(relation.schema) || !publicly) {
      needTable(relation, value.permission, statements)
      granted.add(relation.oid)
      usable.add(relation.schemaOid)
    } else {
      open.push(() => {
        if (everyone("schemas", relation.schemaOid, "usage") || usable.has(relation.schemaOid)) return
        needTable(relation, value.permission, statements)
        granted.add(relation.oid)
        usable.add(relation.schemaOid)
      })
    }
  }
  for (const decide of open) decide()

  for (const { statements, value } of numbered.entries) {
    const sequence = counters.find(({ oid }) => oid === value)
    if (sequence === undefined || everyone("sequences", sequence.oid, "usage")) continue
    const table = sequence.table === undefined ? undefined : all.get(sequence.table)
    if (table === undefined) {
      const what = `usage on the sequence ${quoted(sequence.schema, sequence.name)}`
      const remedy = "make it the sequence of a column: ALTER SEQUENCE … OWNED BY"
      unmet.add(`sequence ${sequence.oid}`, { what, remedy }, statements)
    } else if (!granted.has(table.oid)) needTable(table, "select", statements)
  }

  for (const { statements, value } of set.entries) {
    const sequence = counters.find(({ oid }) => oid === value)
    const which = sequence === undefined ? "a sequence" : `the sequence ${quoted(sequence.schema, sequence.name)}`
    const remedy = "grants on tables let a key draw numbers, not set them; use the master key"
    unmet.add(`set ${value}`, { what: `update on ${which}`, remedy }, statements)
  }

  for (const { statements, value } of calls.entries) {
    const routine = called.find(({ oid }) => oid === value.oid)
    if (routine === undefined) continue
    const name = quoted(routine.schema, routine.name)
    const service = routine.schema === dataServicesSchema ? serviceOf(routine.name) : undefined
    if (service !== undefined) {
      needs.add(`service ${service}`, { kind: "service", name: service, statements: [] }, statements)
    } else if (value.via === "call" && !everyone("functions", routine.oid, "execute")) {
      const remedy = "keys cannot be granted functions; grant EXECUTE to PUBLIC, or use the master key"
      unmet.add(`function ${routine.oid}`, { what: `execute on ${name}`, remedy }, statements)
    } else if (!routine.closed && routine.schema !== dataServicesSchema) {
      opaque.add(`${routine.oid} ${value.via}`, { name, via: value.via }, statements)
    }
  }

  for (const { name, schema } of created) {
    const found = createdIn.find((each) => (schema === undefined ? each.current : each.name === schema))
    if (found === undefined) {
      unmet.add(`schema ${schema}`, { what: `create in schema ${schema}`, remedy: "make the schema first" }, [name])
    } else if (!everyone("schemas", found.oid, "create")) {
      needs.add(`schema ${found.oid}`, { kind: "schema", name: found.name, permission: "create", statements: [] }, [
        name
      ])
    }
  }
  for (const { kind, name } of kinds) {
    if (kind.beyondGrants !== undefined) {
      unmet.add(`owner ${kind.beyondGrants.what}`, kind.beyondGrants, [name])
    }
    if (kind.opaque !== undefined) opaque.add(`block ${kind.opaque}`, { name: kind.opaque, via: "call" }, [name])
  }

  return {
    needs: needs.entries.map(({ statements, value }): Need => ({ ...value, statements })),
    unmet: unmet.entries.map(({ statements, value }) => ({ ...value, statements })),
    opaque: opaque.entries.map(({ statements, value }) => ({ ...value, statements }))
  }
})
