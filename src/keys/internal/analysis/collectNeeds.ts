/** From what statements use to what a key must be granted, what no grant gives, and what is not seen through. */
import * as Effect from "effect/Effect"
import type { TablePermission } from "../../../account/Grants.ts"
import { Auth } from "../../../account/Auth.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { type QueryReason, Sql } from "../../../sql/Sql.ts"
import { sql } from "../../../sql/Statement.ts"
import { checkPrivileges, type HasPrivilege } from "../privileges/privilegeChecks.ts"
import type { Catalog, Relation } from "./catalog/objects.ts"
import { noteCreated } from "./created.ts"
import { dataServicesSchema, serviceOf } from "./dataServices.ts"
import { type AnalyzedStatement, followStatements } from "./follow/followStatements.ts"
import type { Need, Opaque, Unmet } from "./inference.ts"
import { noteKinds } from "./kinds.ts"
import { Counts, type Usage } from "./usage.ts"

/** The findings about statements. */
export interface Collected {
  readonly needs: ReadonlyArray<Need>
  readonly unmet: ReadonlyArray<Unmet>
  readonly opaque: ReadonlyArray<Opaque>
}

/** What decisions are made from, and where they are noted. */
interface Deciding {
  readonly catalog: Catalog
  readonly usage: Usage
  readonly everyone: HasPrivilege
  readonly needs: Counts<Need>
  /** Relations on which a key gets a grant, and schemas that it may use for that. */
  readonly granted: Set<number>
  readonly usable: Set<number>
}

const systemSchemas = new Set(["pg_catalog", "information_schema"])
const ungrantableSchemas = new Set(["cartodb", "cdb", "cdb_importer"])

const needTable = (
  { granted, needs, usable, usage }: Deciding,
  relation: Relation,
  permission: TablePermission,
  statements: ReadonlyArray<string>
): void => {
  const { held, name, oid, schema, schemaOid } = relation
  const what = `${permission} on ${schema}.${name}`
  granted.add(oid)
  usable.add(schemaOid)
  if (ungrantableSchemas.has(schema)) {
    const remedy = "use the master key; regular keys cannot be granted tables of the system"
    usage.unmet.add(what, { what, remedy }, statements)
  } else if (!held.includes(permission)) {
    const remedy = "the account itself lacks it; ask the owner to share the table"
    usage.unmet.add(what, { what, remedy }, statements)
  } else needs.add(`${oid} ${permission}`, { kind: "table", schema, name, permission, statements: [] }, statements)
}

/** Tables. A schema that not everybody may use comes with a grant on a table in it, also on one that everybody may read. */
const decideTables = (deciding: Deciding): void => {
  const { catalog, everyone, usable, usage } = deciding
  const open: Array<() => void> = []
  for (const { statements, value } of usage.relations.entries) {
    const relation = catalog.relations.get(value.relation)
    if (relation === undefined || value.role !== undefined) continue
    const { oid, schemaOid } = relation
    const isOpen = everyone("tables", oid, value.permission)
    if (!isOpen) needTable(deciding, relation, value.permission, statements)
    else {
      open.push(() => {
        if (everyone("schemas", schemaOid, "usage") || usable.has(schemaOid)) return
        needTable(deciding, relation, value.permission, statements)
      })
    }
  }
  for (const decide of open) decide()
}

/** Sequences: a grant on the table of a sequence comes with the sequence. */
const decideSequences = (deciding: Deciding): void => {
  const { catalog, everyone, granted, usage } = deciding
  const nameOf = (oid: number | undefined): string => {
    const sequence = oid === undefined ? undefined : catalog.relations.get(oid)
    return sequence === undefined ? "a sequence" : `the sequence ${sequence.schema}.${sequence.name}`
  }
  for (const { statements, value } of usage.sequences.entries) {
    const sequence = catalog.relations.get(value)
    if (sequence === undefined || everyone("sequences", value, "usage")) continue
    const table = sequence.table === undefined ? undefined : catalog.relations.get(sequence.table)
    if (table === undefined) {
      const what = `usage on ${nameOf(value)}`
      usage.unmet.add(what, { what, remedy: "make it the sequence of a column: ALTER SEQUENCE … OWNED BY" }, statements)
    } else if (!granted.has(table.oid)) needTable(deciding, table, "select", statements)
  }
  for (const { statements, value } of usage.sets.entries) {
    const what = `update on ${nameOf(value)}`
    const remedy = "grants on tables let a key draw numbers, not set them; use the master key"
    usage.unmet.add(what, { what, remedy }, statements)
  }
}

/** Functions: those of data services are granted, others must be open to everybody. */
const decideRoutines = ({ catalog, everyone, needs, usage }: Deciding): void => {
  for (const { statements, value } of usage.routines.entries) {
    const routine = catalog.routines.get(value.oid)
    // what is PostgreSQL's own and not known here runs nothing more
    if (routine === undefined) continue
    const name = `${routine.schema}.${routine.name}`
    const service = routine.schema === dataServicesSchema ? serviceOf(routine.name) : undefined
    if (service !== undefined) {
      needs.add(`service ${service}`, { kind: "service", name: service, statements: [] }, statements)
    } else if (value.isChecked && !everyone("functions", routine.oid, "execute")) {
      const what = `execute on ${name}`
      const remedy = "keys cannot be granted functions; grant EXECUTE to PUBLIC, or use the master key"
      usage.unmet.add(what, { what, remedy }, statements)
    } else if (!routine.closed && routine.plain === "" && routine.schema !== dataServicesSchema) {
      usage.opaque.add(`${name} ${value.via}`, { name, via: value.via }, statements)
    }
  }
}

/** Schemas in which statements look up functions, types and the like by name. */
const decideSchemas = ({ everyone, usable, usage }: Deciding): void => {
  for (const { statements, value } of usage.schemas.entries) {
    if (systemSchemas.has(value.name) || usable.has(value.oid) || everyone("schemas", value.oid, "usage")) continue
    const what = `usage on the schema ${value.name}`
    const remedy = "a key may use a schema only with a grant on a table in it; grant USAGE to PUBLIC"
    usage.unmet.add(what, { what, remedy }, statements)
  }
}

/** Owners of views and rules, who may have given up, or never had, what these access. */
const decideOwners: (deciding: Deciding) => Effect.Effect<void, CartoErrorOf<QueryReason>, Sql> = Effect.fnUntraced(
  function* ({ catalog, usage }) {
    const uses = usage.relations.entries.flatMap(({ statements, value }) => {
      const relation = catalog.relations.get(value.relation)
      return relation === undefined || value.role === undefined
        ? []
        : [{ ...value, role: value.role, relation, statements }]
    })
    const foreign = uses.filter(({ relation, role }) => role !== relation.owner)
    const pairs = foreign.map(({ permission, relation, role }) => [role, relation.oid, permission])
    // asked in any case: only the master key may read a system table, so that another key does not pass for it
    const { rows } = yield* Sql.use((db) =>
      db.query(
        sql`SELECT p.n, pg_catalog.has_table_privilege(r.oid, c.oid, p.pair->>2) AS held
FROM pg_catalog.jsonb_array_elements(${JSON.stringify(pairs)}::jsonb) WITH ORDINALITY p(pair, n)
JOIN pg_catalog.pg_roles r ON r.oid = (p.pair->>0)::oid JOIN pg_catalog.pg_class c ON c.oid = (p.pair->>1)::oid ORDER BY p.n`,
        { idempotent: true }
      )
    )
    const held = new Map(rows.map((row) => [foreign[Number(row["n"]) - 1], row["held"] === true]))
    for (const use of uses) {
      const { permission, relation, role, statements } = use
      const holds = role === relation.owner ? relation.ownerHolds.includes(permission) : (held.get(use) ?? false)
      if (holds) continue
      const what = `${permission} on ${relation.schema}.${relation.name} for the owner of a view or rule`
      usage.unmet.add(what, { what, remedy: "grant it to the owner of the view or rule that accesses it" }, statements)
    }
  }
)

/** What every key may do, as the default public key answers. */
const askEveryone = (
  { database, eventTriggers, relations, routines, schemas }: Catalog,
  usage: Usage
): Effect.Effect<HasPrivilege, CartoErrorOf<QueryReason>, Sql> => {
  const used = usage.relations.entries.flatMap(({ value }) => relations.get(value.relation) ?? [])
  const sequences = usage.sequences.entries.map(({ value }) => value)
  const tablesOfSequences = sequences.flatMap((oid) => relations.get(oid)?.table ?? [])
  const functions = usage.routines.entries.map(({ value }) => value.oid).filter((oid) => routines.has(oid))
  const distinct = (oids: ReadonlyArray<number>) => [...new Set(oids)]
  return checkPrivileges({
    tables: distinct([...used.map(({ oid }) => oid), ...tablesOfSequences]),
    schemas: distinct([
      ...used.map(({ schemaOid }) => schemaOid),
      ...tablesOfSequences.flatMap((oid) => relations.get(oid)?.schemaOid ?? []),
      ...schemas.map(({ oid }) => oid),
      ...usage.schemas.entries.map(({ value }) => value.oid)
    ]),
    functions: distinct([...functions, ...eventTriggers.map(({ oid }) => oid)]),
    sequences: distinct(sequences.filter((oid) => relations.has(oid))),
    databases: database === undefined ? [] : [database]
  }).pipe(Auth.withApiKey(Auth.defaultPublic))
}

/** What statements need, from what PostgreSQL made of them and what the catalog says. */
export const collectNeeds: (
  catalog: Catalog,
  statements: ReadonlyArray<AnalyzedStatement>
) => Effect.Effect<Collected, CartoErrorOf<QueryReason>, Sql> = Effect.fnUntraced(function* (catalog, statements) {
  const usage = followStatements(catalog, statements)
  const everyone = yield* askEveryone(catalog, usage)
  const needs = new Counts<Need>()
  const deciding: Deciding = { catalog, usage, everyone, needs, granted: new Set(), usable: new Set() }
  decideTables(deciding)
  decideSequences(deciding)
  decideRoutines(deciding)
  decideSchemas(deciding)
  yield* decideOwners(deciding)
  for (const statement of statements) noteCreated({ catalog, everyone, needs, usage }, statement)
  for (const statement of statements) noteKinds(catalog, usage, statement)
  return {
    needs: needs.entries.map(({ statements, value }): Need => ({ ...value, statements })),
    unmet: usage.unmet.entries.map(({ statements, value }) => ({ ...value, statements })),
    opaque: usage.opaque.entries.map(({ statements, value }) => ({ ...value, statements }))
  }
})
