/**
 * Lets PostgreSQL parse statements without running them. A function of the session keeps each statement as PostgreSQL
 * understood it, with its names as they were written; a plan would show what is behind a view, and nothing of a table
 * that was optimised away. All of it is one request and one transaction, which is rolled back.
 */
import * as Effect from "effect/Effect"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { cartoError } from "../../../errors/internal/cartoError.ts"
import { isObject } from "../../../errors/internal/json.ts"
import { classifyError } from "../../../sql/internal/classifyError.ts"
import { ResponseMalformed } from "../../../errors/Call.ts"
import type { StatementReason } from "../../../errors/SqlApi.ts"
import { type QueryReason, Sql } from "../../../sql/Sql.ts"
import { sql, type Statement } from "../../../sql/Statement.ts"
import { type Access, accesses, withColumns } from "./tree/accesses.ts"
import type { Catalog } from "./catalog/objects.ts"
import { readCatalog } from "./catalog/readObjects.ts"
import { results } from "./catalog/objectQueries.ts"
import { type Expression, expression, nothing } from "./tree/expressions.ts"

/** An object of the catalog: `pg_proc` and an oid. */
export interface Reference {
  readonly class: string
  readonly oid: number
}

/** A statement as PostgreSQL understood it. */
export interface Analyzed {
  readonly accesses: ReadonlyArray<Access>
  readonly expression: Expression
  /** The objects that it refers to; those of PostgreSQL itself are not among them. */
  readonly references: ReadonlyArray<Reference>
  /** Why PostgreSQL does not understand it. */
  readonly failure?: StatementReason | undefined
}

/** What is known of a statement without a query. */
export const unanalyzed: Analyzed = { accesses: [], expression: nothing, references: [] }

/** The statements in their order, and what they reach. */
export interface Analysis {
  readonly statements: ReadonlyArray<Analyzed>
  readonly catalog: Catalog
}

// Before PostgreSQL 14 functions were kept as text; a rule keeps a parsed statement in every version, but not with any
// RETURNING. The statements are parsed in EXECUTE, where strings are standard whatever the session was set to.
const analysisOf = (
  queries: ReadonlyArray<string>,
  words: ReadonlyArray<string>,
  functionsSince: number
): Statement => sql`
CREATE TEMPORARY TABLE effect_carto_analysis ON COMMIT DROP AS
  SELECT q.n::int AS n, q.query, NULL::text AS tree, NULL::json AS refs, NULL::json AS failure
  FROM pg_catalog.unnest(${queries}::text[]) WITH ORDINALITY AS q(query, n);
DO $analysis$
DECLARE
  item record;
  statement text;
  stored oid;
  stored_in oid;
  stored_tree text;
  said_detail text;
  said_hint text;
BEGIN
  PERFORM pg_catalog.set_config('standard_conforming_strings', 'on', true);
  FOR item IN SELECT a.n, a.query FROM pg_temp.effect_carto_analysis a ORDER BY a.n LOOP
    BEGIN
      IF pg_catalog.current_setting('server_version_num')::int >= ${sql.unsafe(String(functionsSince))} THEN
        EXECUTE pg_catalog.format('CREATE FUNCTION pg_temp.effect_carto_%s() RETURNS void LANGUAGE sql BEGIN ATOMIC ', item.n)
          || item.query || pg_catalog.chr(10) || '; END';
        SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, p.prosqlbody::text
        INTO stored_in, stored, stored_tree
        FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = pg_catalog.pg_my_temp_schema() AND p.proname = 'effect_carto_' || item.n;
      ELSE
        EXECUTE pg_catalog.format('CREATE RULE effect_carto_%s AS ON INSERT TO pg_temp.effect_carto_analysis DO INSTEAD ', item.n)
          || item.query;
        SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, w.oid, w.ev_action::text
        INTO stored_in, stored, stored_tree
        FROM pg_catalog.pg_rewrite w
        WHERE w.ev_class = 'pg_temp.effect_carto_analysis'::pg_catalog.regclass AND w.rulename = 'effect_carto_' || item.n;
      END IF;
      UPDATE pg_temp.effect_carto_analysis a SET tree = stored_tree, refs = (
        SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(d.refclassid::pg_catalog.regclass::text, d.refobjid::bigint)), '[]')
        FROM pg_catalog.pg_depend d
        WHERE d.classid = stored_in AND d.objid = stored AND d.refclassid NOT IN (
          'pg_catalog.pg_namespace'::pg_catalog.regclass, 'pg_catalog.pg_language'::pg_catalog.regclass)
      ) WHERE a.n = item.n;
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS said_detail = PG_EXCEPTION_DETAIL, said_hint = PG_EXCEPTION_HINT;
      UPDATE pg_temp.effect_carto_analysis a
      SET failure = pg_catalog.json_build_object('description', SQLERRM, 'detail', said_detail, 'hint', said_hint)
      WHERE a.n = item.n;
    END;
  END LOOP;
END
$analysis$;
${results(words)};
ROLLBACK`

type Row = Readonly<Record<string, unknown>>

const readReference = (value: unknown): ReadonlyArray<Reference> =>
  Array.isArray(value) && typeof value[0] === "string" && typeof value[1] === "number"
    ? [{ class: value[0], oid: value[1] }]
    : []

const readStatement = (data: Row): Analyzed => {
  const said = data["failure"]
  const tree = typeof data["tree"] === "string" ? data["tree"] : ""
  const string = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined)
  return {
    accesses: accesses(tree),
    expression: expression(tree),
    references: Array.isArray(data["refs"]) ? data["refs"].flatMap(readReference) : [],
    failure: isObject(said)
      ? classifyError({
          description: string(said["description"]) ?? "",
          detail: string(said["detail"]),
          hint: string(said["hint"])
        })
      : undefined
  }
}

// Read first: a form of statements that is not known here must not pass for one that accesses nothing.
const canary = "SELECT a.n FROM pg_temp.effect_carto_analysis a"

const readRows = (rows: ReadonlyArray<Row>): Effect.Effect<Analysis, CartoErrorOf<ResponseMalformed>> => {
  const [first, ...rest] = rows
    .filter(({ kind }) => kind === "statement")
    .toSorted((a, b) => Number(a["oid"]) - Number(b["oid"]))
    .map(({ data }) => readStatement(isObject(data) ? data : {}))
  const own = first?.accesses.find(({ selected }) => selected.length === 1)
  const bit = own?.selected[0]
  if (own === undefined || bit === undefined || own.permissions.join() !== "select") {
    const description = "this PostgreSQL keeps statements in a form that is not known here"
    return Effect.fail(
      cartoError("LeastPrivilege.infer", new ResponseMalformed({ status: 200, description, body: "" }))
    )
  }
  // the canary reads column 1, which says how the sets of columns count
  const offset = bit - 1
  return Effect.succeed({
    catalog: readCatalog(rows, offset),
    statements: rest.map((found) => ({
      ...found,
      // a rule is on the table of the analysis itself
      references: found.references.filter(({ oid }) => oid !== own.relation),
      accesses: found.accesses
        .filter(({ relation }) => relation !== own.relation)
        .map((access) => withColumns(access, offset))
    }))
  })
}

/**
 * What each query accesses, in their order, and what the catalog has of all that they reach. Needs the master key. A query
 * is one statement without a semicolon, so that it cannot leave the function that it is put into. `words` are names by
 * which schemas, types and functions are looked up besides.
 */
export const analyze = (
  queries: ReadonlyArray<string>,
  words: ReadonlyArray<string> = [],
  functionsSince = 140_000
): Effect.Effect<Analysis, CartoErrorOf<QueryReason>, Sql> =>
  Sql.use((db) => db.query(analysisOf([canary, ...queries], words, functionsSince), { idempotent: true })).pipe(
    Effect.flatMap(({ rows }) => readRows(rows))
  )
