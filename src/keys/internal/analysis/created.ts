/** What it takes to create something. */
import type { HasPrivilege } from "../privileges/privilegeChecks.ts"
import type { Catalog } from "./catalog/objects.ts"
import type { AnalyzedStatement } from "./follow/followStatements.ts"
import type { Need } from "./inference.ts"
import type { Counts, Usage } from "./usage.ts"

interface Noting {
  readonly catalog: Catalog
  readonly usage: Usage
  readonly everyone: HasPrivilege
  readonly needs: Counts<Need>
}

/** Types that become columns, and functions that become parts of aggregates and operators. */
const noteParts = ({ catalog, usage }: Noting, statement: AnalyzedStatement): void => {
  const { accesses, expression, kind, name } = statement
  const liked = kind.likes ? accesses.flatMap(({ relation }) => catalog.relations.get(relation)?.columns ?? []) : []
  const types = new Set([...expression.columnTypes, ...liked.map(({ type }) => type)])
  const inTypes = new Set([...types].flatMap((oid) => [oid, ...(catalog.types.get(oid)?.parts ?? [])]))
  for (const { class: kindOf, name: named, oid, schema } of catalog.restricted) {
    const isWritten = kind.words?.includes(named) === true
    const isPart = kindOf === "type" && (inTypes.has(oid) || isWritten)
    const isFunction = kindOf === "function" && isWritten && kind.usesFunctions === true
    const right = kindOf === "type" ? "usage on the type" : "execute on"
    if (isPart || isFunction) {
      usage.addUnmet(`${right} ${schema}.${named}`, "keys cannot be granted it; grant it to PUBLIC", name)
    }
  }
}

/** Notes what a statement needs that creates something. */
export const noteCreated = (noting: Noting, statement: AnalyzedStatement): void => {
  const { catalog, everyone, needs, usage } = noting
  const { creates } = statement.kind
  const { name } = statement
  if (creates === undefined) return
  noteParts(noting, statement)
  for (const trigger of catalog.eventTriggers) {
    if (!trigger.closed) usage.addOpaque(`${trigger.schema}.${trigger.name}`, "trigger", name)
  }
  if (creates.temporary) {
    if (catalog.database !== undefined && !everyone("databases", catalog.database, "temporary")) {
      usage.addUnmet("temporary on the database", "keys cannot be granted it; grant TEMPORARY to PUBLIC", name)
    }
    return
  }
  const { schema } = creates
  const found = catalog.schemas.find((each) => (schema === undefined ? each.current : each.name === schema))
  if (found === undefined) {
    usage.addUnmet(`create in schema ${schema}`, "make the schema first", name)
    return
  }
  const existing = catalog.existing.find(
    ({ class: kind, name: known, schemaOid }) =>
      creates.replaces === kind && known === creates.name && schemaOid === found.oid
  )
  if (existing !== undefined) {
    const remedy = "only the owner may replace what exists; use the master key, or another name"
    usage.addUnmet(`ownership of ${found.name}.${existing.name}`, remedy, name)
  }
  if (!everyone("schemas", found.oid, "create")) {
    const need: Need = { kind: "schema", name: found.name, permission: "create", statements: [] }
    needs.add(`schema ${found.oid}`, need, [name])
  }
}
