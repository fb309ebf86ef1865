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
import { type Access, accesses, type Call, calls } from "./nodeTree.ts"

export interface Analysed {
  readonly accesses: ReadonlyArray<Access>
  /** Oids of sequences that it names: `nextval('s')`. */
  readonly sequences: ReadonlyArray<number>
  /** Oids of functions that it calls, or a view that it reads does; those of PostgreSQL itself are not among them. */
  readonly functions: ReadonlyArray<number>
  /** Its own calls of functions, those of PostgreSQL itself among them. */
  readonly calls: ReadonlyArray<Call>
  readonly failure?: StatementReason | undefined
}

/** `numbers` of a JSON array. */
export const readNumbers = (value: unknown): ReadonlyArray<number> =>
  Array.isArray(value) ? value.filter((item) => typeof item === "number") : []

// Before PostgreSQL 14 functions were kept as text; a rule keeps a parsed statement in every version, but not with any
// RETURNING. The statements are parsed in EXECUTE, where strings are standard whatever the session was set to.
const analysis = (queries: ReadonlyArray<string>, functionsSince: number): Statement => sql`
CREATE TEMPORARY TABLE effect_carto_analysis ON COMMIT DROP AS
  SELECT q.n::int AS n, q.query, NULL::text AS tree, NULL::json AS reached, NULL::json AS failure
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
      UPDATE pg_temp.effect_carto_analysis a SET tree = stored_tree, reached = (
        WITH RECURSIVE reached AS (
          SELECT d.refclassid, d.refobjid FROM pg_catalog.pg_depend d WHERE d.classid = stored_in AND d.objid = stored
          UNION
          SELECT d.refclassid, d.refobjid
          FROM reached r
          JOIN pg_catalog.pg_class c ON r.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = r.refobjid
          JOIN pg_catalog.pg_rewrite w ON w.ev_class = c.oid
          JOIN pg_catalog.pg_depend d
            ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
          WHERE c.relkind = 'v' AND c.relnamespace NOT IN (
            SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname IN ('pg_catalog', 'information_schema'))
        )
        SELECT pg_catalog.json_build_object(
          'functions', coalesce(pg_catalog.json_agg(r.refobjid::bigint)
            FILTER (WHERE r.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass), '[]'),
          'sequences', coalesce(pg_catalog.json_agg(r.refobjid::bigint) FILTER (WHERE c.relkind = 'S'), '[]'))
        FROM reached r
        LEFT JOIN pg_catalog.pg_class c
          ON r.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = r.refobjid
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
SELECT a.n, a.tree, a.reached, a.failure FROM pg_temp.effect_carto_analysis a ORDER BY a.n;
ROLLBACK`

const readRow = (row: Readonly<Record<string, unknown>>): Analysed => {
  const reached = isObject(row["reached"]) ? row["reached"] : {}
  const said = row["failure"]
  const tree = typeof row["tree"] === "string" ? row["tree"] : ""
  const string = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined)
  return {
    accesses: accesses(tree),
    calls: calls(tree),
    functions: readNumbers(reached["functions"]),
    sequences: readNumbers(reached["sequences"]),
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

const readAll = (
  rows: ReadonlyArray<Readonly<Record<string, unknown>>>
): Effect.Effect<ReadonlyArray<Analysed>, CartoErrorOf<ResponseMalformed>> => {
  const [first, ...rest] = rows.map(readRow)
  const own = first?.accesses.find(({ selected }) => selected.length === 1)
  const bit = own?.selected[0]
  if (own === undefined || bit === undefined || own.permissions.join() !== "select") {
    const description = "this PostgreSQL keeps statements in a form that is not known here"
    return Effect.fail(
      cartoError("LeastPrivilege.infer", new ResponseMalformed({ status: 200, description, body: "" }))
    )
  }
  return Effect.succeed(
    rest.map((found) => ({
      ...found,
      accesses: found.accesses
        // a rule is on the table of the analysis itself
        .filter(({ relation }) => relation !== own.relation)
        // the canary reads column 1
        .map((access) => ({ ...access, inserted: access.inserted.map((each) => each - bit + 1) }))
    }))
  )
}

/**
 * What each query accesses, in their order. Needs the master key. A query is one statement without a semicolon, so that
 * it cannot leave the function it is put into.
 */
export const analyse = (
  queries: ReadonlyArray<string>,
  functionsSince = 140_000
): Effect.Effect<ReadonlyArray<Analysed>, CartoErrorOf<QueryReason>, Sql> =>
  queries.length === 0
    ? Effect.succeed([])
    : Sql.use((db) => db.query(analysis([canary, ...queries], functionsSince), { idempotent: true })).pipe(
        Effect.flatMap(({ rows }) => readAll(rows))
      )
