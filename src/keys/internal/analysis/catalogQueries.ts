/** What the catalog says of relations, functions and sequences that statements name. All under the master key. */
import { tablePermissions } from "../../../account/grantVocabulary.ts"
import * as Effect from "effect/Effect"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { isStrings, type JsonObject } from "../../../errors/internal/json.ts"
import { type QueryReason, Sql } from "../../../sql/Sql.ts"
import { sql, type Statement } from "../../../sql/Statement.ts"
import { readNumbers } from "./parseStatements.ts"
import { type Access, accesses, viewColumns } from "./nodeTree.ts"

export interface Relation {
  readonly oid: number
  readonly schemaOid: number
  readonly schema: string
  readonly name: string
  /** Permissions that the account itself has. */
  readonly held: ReadonlyArray<string>
  /** What a view accesses. */
  readonly behind: ReadonlyArray<Access>
  /** Whether that is with the rights of its reader (`security_invoker`), and not of its owner. */
  readonly invoker: boolean
  /** Whether rows that are written must pass its conditions (`WITH CHECK OPTION`). */
  readonly checks: boolean
  /** The columns beneath the columns of a view. */
  readonly columns: ReadonlyMap<number, number>
  /** Writes that rules or triggers carry out in the place of the view. */
  readonly instead: ReadonlyArray<string>
  /** What the policies of row-level security for everybody access, by the permission with which they apply. */
  readonly policies: ReadonlyArray<{ readonly permission: string; readonly accesses: ReadonlyArray<Access> }>
}

export interface Routine {
  readonly oid: number
  readonly schema: string
  /** With the types of its arguments. */
  readonly name: string
  /** Whether it does nothing with the rights of its caller: it runs with its owner's, or is written in C. */
  readonly closed: boolean
}

export interface Sequence {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** The table whose column it numbers: a grant on that table comes with the sequence. */
  readonly table: number | undefined
}

export interface SchemaOf {
  readonly oid: number
  readonly name: string
  /** Whether names without a schema are made there. */
  readonly current: boolean
}

/** What comes along when a table is written, or under row-level security read. */
export interface Attached {
  readonly table: number
  readonly permission: string
  /** `generated` columns are computed whatever the statement gives. */
  readonly kind: "constraint" | "default" | "generated" | "policy" | "trigger"
  /** The column of a default. */
  readonly column: number | undefined
  readonly functions: ReadonlyArray<number>
  readonly sequences: ReadonlyArray<number>
}

// The commands of policies, and the permissions with which they apply.
const policyCommands = sql`(VALUES ('r', 'select'), ('a', 'insert'), ('w', 'update'), ('d', 'delete'))`

// Policies for roles of their own are not for keys, whose roles have random names.
const forEverybody = sql`(0::oid = ANY (y.polroles) OR EXISTS (SELECT FROM pg_catalog.pg_roles r
  WHERE r.rolname = 'publicuser' AND r.oid = ANY (y.polroles)))`

const rowsOf = (statement: Statement): Effect.Effect<ReadonlyArray<JsonObject>, CartoErrorOf<QueryReason>, Sql> =>
  Effect.map(
    Sql.use((db) => db.query(statement, { idempotent: true })),
    ({ rows }) => rows
  )

const text = (value: unknown): string => (typeof value === "string" ? value : "")
const number = (value: unknown): number => (typeof value === "number" ? value : 0)

const readPolicies = (value: unknown): Relation["policies"] =>
  Array.isArray(value)
    ? value.flatMap((policy: unknown) =>
        isStrings(policy) ? [{ permission: policy[0] ?? "", accesses: accesses(policy[1] ?? "") }] : []
      )
    : []

export const relations = (
  oids: ReadonlyArray<number>
): Effect.Effect<ReadonlyArray<Relation>, CartoErrorOf<QueryReason>, Sql> =>
  oids.length === 0
    ? Effect.succeed([])
    : Effect.map(
        rowsOf(sql`SELECT c.oid, n.oid AS schema_oid, n.nspname AS schema, c.relname AS name,
  ARRAY(SELECT p FROM pg_catalog.unnest(${tablePermissions}) p WHERE pg_catalog.has_table_privilege(c.oid, p)) AS held,
  EXISTS (SELECT FROM pg_catalog.unnest(c.reloptions) o
    WHERE o ~* '^security_invoker=(t|tr|tru|true|on|y|ye|yes|1)$') AS invoker,
  EXISTS (SELECT FROM pg_catalog.unnest(c.reloptions) o WHERE o LIKE 'check\\_option=%') AS checks,
  CASE WHEN c.relkind = 'v' THEN ARRAY(
    SELECT p.permission FROM (VALUES ('3', 4, 'insert'), ('4', 8, 'delete'), ('2', 16, 'update')) AS p(event, bit, permission)
    WHERE EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND t.tgtype & 64 <> 0 AND t.tgtype & p.bit <> 0)
      OR EXISTS (SELECT FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid AND w.is_instead AND w.ev_type::text = p.event)
  ) ELSE '{}' END AS instead,
  CASE WHEN c.relrowsecurity THEN (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_array(p.permission,
      pg_catalog.concat_ws(' ', y.polqual::text, y.polwithcheck::text)))
    FROM pg_catalog.pg_policy y JOIN ${policyCommands} AS p(command, permission) ON y.polcmd::text IN ('*', p.command)
    WHERE y.polrelid = c.oid AND ${forEverybody}
  ) END AS policies,
  CASE WHEN c.relkind = 'v' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  THEN (SELECT w.ev_action::text FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid AND w.rulename = '_RETURN')
  END AS tree
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY (${oids}::bigint[]::oid[])`),
        (rows) =>
          rows.map((row): Relation => ({
            oid: number(row["oid"]),
            schemaOid: number(row["schema_oid"]),
            schema: text(row["schema"]),
            name: text(row["name"]),
            held: isStrings(row["held"]) ? row["held"] : [],
            behind: accesses(text(row["tree"])).filter(({ relation }) => relation !== row["oid"]),
            invoker: row["invoker"] === true,
            checks: row["checks"] === true,
            columns: viewColumns(text(row["tree"])),
            instead: isStrings(row["instead"]) ? row["instead"] : [],
            policies: readPolicies(row["policies"])
          }))
      )

export const routines = (
  oids: ReadonlyArray<number>
): Effect.Effect<ReadonlyArray<Routine>, CartoErrorOf<QueryReason>, Sql> =>
  oids.length === 0
    ? Effect.succeed([])
    : Effect.map(
        rowsOf(sql`SELECT p.oid, n.nspname AS schema,
  p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' AS name,
  p.prosecdef OR l.lanname IN ('c', 'internal')
    OR n.nspname IN ('pg_catalog', 'information_schema', 'cartodb', 'cdb', 'cdb_importer')
    OR EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      AND d.objid = p.oid AND d.deptype = 'e') AS closed
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE p.oid = ANY (${oids}::bigint[]::oid[])`),
        (rows) =>
          rows.map((row): Routine => ({
            oid: number(row["oid"]),
            schema: text(row["schema"]),
            name: text(row["name"]),
            closed: row["closed"] === true
          }))
      )

export const sequences = (
  oids: ReadonlyArray<number>
): Effect.Effect<ReadonlyArray<Sequence>, CartoErrorOf<QueryReason>, Sql> =>
  oids.length === 0
    ? Effect.succeed([])
    : Effect.map(
        rowsOf(sql`SELECT c.oid, n.nspname AS schema, c.relname AS name, (
  SELECT d.refobjid FROM pg_catalog.pg_depend d
  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.refobjsubid > 0
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i') LIMIT 1) AS owner
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY (${oids}::bigint[]::oid[])`),
        (rows) =>
          rows.map((row): Sequence => ({
            oid: number(row["oid"]),
            schema: text(row["schema"]),
            name: text(row["name"]),
            table: typeof row["owner"] === "number" ? row["owner"] : undefined
          }))
      )

const kinds = ["constraint", "default", "generated", "policy", "trigger"] as const

/** What runs along with these tables: triggers, defaults, constraints, and policies. */
export const attached = (
  tables: ReadonlyArray<number>
): Effect.Effect<ReadonlyArray<Attached>, CartoErrorOf<QueryReason>, Sql> =>
  tables.length === 0
    ? Effect.succeed([])
    : Effect.map(
        rowsOf(sql`SELECT t.tgrelid AS table, 'trigger' AS kind, p.permission, NULL::int AS "column",
  ARRAY[t.tgfoid::bigint] AS functions, ARRAY[]::bigint[] AS sequences
FROM pg_catalog.pg_trigger t
JOIN (VALUES (4, 'insert'), (8, 'delete'), (16, 'update')) AS p(bit, permission) ON t.tgtype & p.bit <> 0
WHERE t.tgrelid = ANY (${tables}::bigint[]::oid[]) AND NOT t.tgisinternal
UNION ALL
SELECT a.adrelid, CASE WHEN k.attgenerated = '' THEN 'default' ELSE 'generated' END, p.permission, a.adnum,
  ARRAY(SELECT d.refobjid::bigint FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = a.oid
      AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass),
  ARRAY(SELECT d.refobjid::bigint FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind = 'S'
    WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = a.oid
      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass)
FROM pg_catalog.pg_attrdef a
JOIN pg_catalog.pg_attribute k ON k.attrelid = a.adrelid AND k.attnum = a.adnum
CROSS JOIN (VALUES ('insert'), ('update')) AS p(permission)
WHERE a.adrelid = ANY (${tables}::bigint[]::oid[])
UNION ALL
SELECT c.conrelid, 'constraint', p.permission, NULL,
  ARRAY(SELECT d.refobjid::bigint FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.objid = c.oid
      AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass), ARRAY[]::bigint[]
FROM pg_catalog.pg_constraint c CROSS JOIN (VALUES ('insert'), ('update')) AS p(permission)
WHERE c.conrelid = ANY (${tables}::bigint[]::oid[]) AND c.contype = 'c'
UNION ALL
SELECT y.polrelid, 'policy', p.permission, NULL,
  ARRAY(SELECT d.refobjid::bigint FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = y.oid
      AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass), ARRAY[]::bigint[]
FROM pg_catalog.pg_policy y
JOIN pg_catalog.pg_class c ON c.oid = y.polrelid AND c.relrowsecurity
JOIN ${policyCommands} AS p(command, permission) ON y.polcmd::text IN ('*', p.command)
WHERE y.polrelid = ANY (${tables}::bigint[]::oid[]) AND ${forEverybody}`),
        (rows) =>
          rows.map((row): Attached => ({
            table: number(row["table"]),
            permission: text(row["permission"]),
            kind: kinds.find((kind) => kind === row["kind"]) ?? "default",
            column: typeof row["column"] === "number" ? row["column"] : undefined,
            functions: readNumbers(row["functions"]),
            sequences: readNumbers(row["sequences"])
          }))
      )

/** The schemas of these names that exist, and the current one. */
export const schemas = (
  names: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<SchemaOf>, CartoErrorOf<QueryReason>, Sql> =>
  Effect.map(
    rowsOf(sql`SELECT n.oid, n.nspname AS name, n.nspname = pg_catalog.current_schema() AS current
FROM pg_catalog.pg_namespace n
WHERE n.nspname = ANY (${names}::text[]) OR n.nspname = pg_catalog.current_schema()`),
    (rows) =>
      rows.map((row): SchemaOf => ({
        oid: number(row["oid"]),
        name: text(row["name"]),
        current: row["current"] === true
      }))
  )
