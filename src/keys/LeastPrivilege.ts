/**
 * Infers the smallest grants for given statements. PostgreSQL parses each statement without running it. The parsed form says
 * which relations the statement names and with which rights. From there the catalog is followed to all that comes along:
 * views, rules, policies, triggers, defaults, constraints, indexes, partitions, types, operators and functions.
 * @module
 */
import * as Effect from "effect/Effect"
import type { CreateReason, ApiKeyManager } from "./ApiKeyManager.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import type { GrantsRequest, TablePermission } from "../account/Grants.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { printable } from "../errors/internal/printable.ts"
import { StatementRefused } from "../errors/Keys.ts"
import type { InvalidInput } from "../errors/Call.ts"
import type { QueryReason, Sql } from "../sql/Sql.ts"
import type { AnalyzedStatement } from "./internal/analysis/follow/followStatements.ts"
import { analyze, unanalyzed } from "./internal/analysis/parseStatements.ts"
import { collectNeeds, type Collected } from "./internal/analysis/collectNeeds.ts"
import type { Inference, Need } from "./internal/analysis/inference.ts"
import {
  namedStatements,
  type NamedStatement,
  type Statements
} from "./internal/analysis/statements/namedStatements.ts"
import { type StatementKind, statementKind } from "./internal/analysis/statements/statementKind.ts"
import { type VerifyReason, verifyNamed } from "./internal/analysis/verifyStatements.ts"

export { GrantsInsufficient, StatementRefused } from "../errors/Keys.ts"
export type { Inference, Need, Opaque, Unmet } from "./internal/analysis/inference.ts"
export type { VerifyReason } from "./internal/analysis/verifyStatements.ts"
export type { Statements } from "./internal/analysis/statements/namedStatements.ts"

/** What {@link infer} fails with, without `verify`. */
export type InferReason = InvalidInput | QueryReason | StatementRefused

const grantsOf = (needs: ReadonlyArray<Need>): GrantsRequest => {
  const tables = new Map<string, { schema: string; name: string; permissions: Array<TablePermission> }>()
  for (const need of needs) {
    if (need.kind !== "table") continue
    const key = JSON.stringify([need.schema, need.name])
    const table = tables.get(key) ?? { schema: need.schema, name: need.name, permissions: [] }
    table.permissions.push(need.permission)
    tables.set(key, table)
  }
  const schemas = needs.flatMap((need) =>
    need.kind === "schema" ? [{ name: need.name, permissions: [need.permission] }] : []
  )
  const services = needs.flatMap((need) => (need.kind === "service" ? [need.name] : []))
  return {
    apis: ["sql"],
    ...(tables.size === 0 ? {} : { tables: [...tables.values()] }),
    ...(schemas.length === 0 ? {} : { schemas }),
    ...(services.length === 0 ? {} : { services })
  }
}

const analyzeNamed = Effect.fnUntraced(function* (
  operation: string,
  named: ReadonlyArray<NamedStatement>
): Effect.fn.Return<Collected, CartoErrorOf<InferReason>, Sql> {
  const kinds = named.map((statement) => ({ ...statement, kind: statementKind(statement.text) }))
  const conditions = kinds.flatMap(({ kind, ...statement }) =>
    kind.condition === undefined ? [] : [{ ...statement, kind: { query: kind.condition, runsOnly: true } as const }]
  )
  const all: ReadonlyArray<NamedStatement & { readonly kind: StatementKind }> = [...kinds, ...conditions]
  const queries = all.flatMap(({ kind }) => (kind.query === undefined ? [] : [kind.query]))
  const words = new Set(all.flatMap(({ kind }) => kind.words ?? [kind.creates?.schema ?? ""]))
  const analysis = yield* analyze(queries, [...words])
  const analyzed = analysis.statements[Symbol.iterator]()
  const statements: Array<AnalyzedStatement> = []
  for (const statement of all) {
    const found = statement.kind.query === undefined ? unanalyzed : (analyzed.next().value ?? unanalyzed)
    if (found.failure !== undefined) {
      return yield* cartoError(operation, new StatementRefused({ statement: statement.name, failure: found.failure }))
    }
    statements.push({ ...found, ...statement })
  }
  return yield* collectNeeds(analysis.catalog, statements)
})

/**
 * Infers the smallest grants with which a key can run these statements, and which statement needs each.
 *
 * Needs the master key, and sends three requests to the SQL API however many statements there are. PostgreSQL parses the
 * statements without running them. With `verify` they also run under a key with the inferred grants: see {@link verify}.
 *
 * Fails with `StatementRefused` if PostgreSQL does not understand a statement. Each must stand on its own, on tables that
 * exist.
 */
export function infer(
  statements: Statements,
  options?: { readonly verify?: false | undefined }
): Effect.Effect<Inference, CartoErrorOf<InferReason>, Sql>
/** Infers the smallest grants, and with `verify` runs the statements under a key with them. */
export function infer(
  statements: Statements,
  options: { readonly verify: boolean }
): Effect.Effect<Inference, CartoErrorOf<CreateReason | InferReason | VerifyReason>, ApiKeyManager | Sql>
export function infer(
  statements: Statements,
  options: { readonly verify?: boolean | undefined } = {}
): Effect.Effect<Inference, CartoErrorOf<CreateReason | InferReason | VerifyReason>, ApiKeyManager | Sql> {
  return Effect.gen(function* () {
    const operation = "LeastPrivilege.infer"
    const named = yield* Effect.mapError(Effect.fromResult(namedStatements(statements)), (reason) =>
      cartoError(operation, reason)
    )
    const { needs, opaque, unmet } = yield* analyzeNamed(operation, named)
    const inference: Inference = { grants: grantsOf(needs), needs, opaque, unmet }
    if (options.verify) yield* verifyNamed(operation, inference.grants, named)
    return inference
  }).pipe(Effect.withSpan("LeastPrivilege.infer"))
}

/**
 * Runs each statement under a key with these grants, in a transaction that is rolled back. The key is created for that, and
 * deleted again. Needs the master key.
 *
 * Rolled back does not mean free of effects: statements take their locks, read what they read, and draw numbers from
 * sequences. What cannot run in a transaction, such as `VACUUM`, is not tried, and `COPY` is only planned.
 *
 * Fails with `GrantsInsufficient` at the first statement that lacks a right. A statement that fails because of its data
 * passes.
 */
export const verify = (
  grants: GrantsRequest,
  statements: Statements
): Effect.Effect<void, CartoErrorOf<CreateReason | InvalidInput | VerifyReason>, ApiKeyManager | Sql> =>
  Effect.gen(function* () {
    const operation = "LeastPrivilege.verify"
    const named = yield* Effect.mapError(Effect.fromResult(namedStatements(statements)), (reason) =>
      cartoError(operation, reason)
    )
    yield* verifyNamed(operation, grants, named)
  }).pipe(Effect.withSpan("LeastPrivilege.verify"))

const sayNeed = (need: Need): string =>
  need.kind === "table"
    ? `${need.permission} on ${need.schema}.${need.name}`
    : need.kind === "schema"
      ? `create in schema ${need.name}`
      : `service ${need.name}`

/** Formats an inference as text: a line for each grant, for each right that no grant gives, and for each opaque object. */
export const toText = ({ needs, opaque, unmet }: Inference): string => {
  const by = (statements: ReadonlyArray<string>) => statements.join(", ")
  const lines = [
    ...needs.map((need) => `grant ${sayNeed(need)} — ${by(need.statements)}`),
    ...unmet.map(({ remedy, statements, what }) => `no grant gives ${what} (${remedy}) — ${by(statements)}`),
    ...opaque.map(({ name, statements, via }) => `not seen through: ${name}, by ${via} — ${by(statements)}`)
  ]
  return lines.length === 0 ? "nothing is needed beyond what every key may do" : lines.map(printable).join("\n")
}
