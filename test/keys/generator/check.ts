/** Checks that the inferred grants of a statement are sufficient, and that each grant is necessary. */
import { Effect, type Layer } from "effect"
import { type Carto, Grants, sql } from "../../../src/index.ts"
import * as LeastPrivilege from "../../../src/keys/LeastPrivilege.ts"
import { grantOf } from "../grantOf.ts"
import { type Database, grantText, servicesOn } from "./account.ts"

/** The code of `permission denied` and `must be owner of`. */
const insufficient = "42501"

const permissions = ["select", "insert", "update", "delete"] as const
const isPermission = (text: string): text is Grants.TablePermission => permissions.some((known) => known === text)

/**
 * What became of a statement.
 *
 * - `unsound`: it lacks a right with all inferred grants, and nothing was said of it
 * - `minimal`: it runs, and without any one of the grants it does not
 * - `excess`: it runs, also without a grant that was inferred
 * - `said`: it lacks a right, as `unmet` or `opaque` said
 * - `cautious`: it runs, although `unmet` or `opaque` said that something may be lacking
 * - `broken`: it fails for the account itself, or for another reason than rights
 */
export type Verdict = "broken" | "cautious" | "excess" | "minimal" | "said" | "unsound"

export interface Checked {
  readonly verdict: Verdict
  readonly statement: string
  readonly detail: string
}

const without = ({ grants }: LeastPrivilege.Inference, need: LeastPrivilege.Need): Grants.GrantsRequest => {
  const left = Grants.difference(grants, grantOf(need))
  return {
    tables: left.tables.map(({ name, permissions, schema }) =>
      Grants.table(name, permissions.filter(isPermission), { schema })
    ),
    schemas: left.schemas.map(({ name }) => Grants.schema(name))
  }
}

/** Infers, runs under exactly the inferred grants, and under each set that lacks one of them. */
export const check = async (
  database: Database,
  services: Layer.Layer<Carto.CartoServices>,
  statement: string
): Promise<Checked> => {
  const infer = LeastPrivilege.infer([sql.unsafe(statement)]).pipe(Effect.provide(services), Effect.result)
  const inferred = await Effect.runPromise(infer)
  if (inferred._tag === "Failure") return { verdict: "broken", statement, detail: inferred.failure.message }
  const inference = inferred.success
  const { needs, opaque, unmet } = inference
  const isSaid = opaque.length > 0 || unmet.length > 0
  const text = LeastPrivilege.toText(inference)
  const { code, message } = await database.attempt(grantText(inference.grants), statement)
  if (code === insufficient) return { verdict: isSaid ? "said" : "unsound", statement, detail: `${message}\n${text}` }
  if (code !== undefined) return { verdict: isSaid ? "said" : "broken", statement, detail: `${code} ${message}` }
  if (isSaid) return { verdict: "cautious", statement, detail: text }
  for (const need of needs) {
    const fewer = await database.attempt(grantText(without(inference, need)), statement)
    if (fewer.code === undefined) return { verdict: "excess", statement, detail: JSON.stringify(need) }
  }
  return { verdict: "minimal", statement, detail: text }
}

export { servicesOn }
