/** SQL that describes the objects which statements reach, a row each. It is the last part of the analysis. */
import { tablePermissions } from "../../../../account/grantVocabulary.ts"
import { sql, type Statement } from "../../../../sql/Statement.ts"
import { runsWithCallersRights, trustedExtensions } from "../builtins.ts"
import { reachedObjects } from "./reachedObjects.ts"

// The commands of policies, and the permissions with which they apply.
const policyCommands = sql`(VALUES ('r', 'select'), ('a', 'insert'), ('w', 'update'), ('d', 'delete'))`

// Policies for roles of their own are not for keys, whose roles have random names.
const forEverybody = sql`(0::oid = ANY (y.polroles) OR EXISTS (SELECT FROM pg_catalog.pg_roles u
  WHERE u.rolname = 'publicuser' AND u.oid = ANY (y.polroles)))`

const list = (query: Statement): Statement => sql`(SELECT coalesce(pg_catalog.json_agg(x), '[]') FROM (${query}) x)`

const relations = sql`SELECT 'relation' AS kind, c.oid AS oid, pg_catalog.json_build_object(
  'schema', n.nspname, 'schemaOid', n.oid::bigint, 'name', c.relname, 'relkind', c.relkind, 'owner', c.relowner::bigint,
  'ownerHolds', ARRAY(SELECT p FROM pg_catalog.unnest(${tablePermissions}::text[]) p WHERE pg_catalog.has_table_privilege(c.relowner, c.oid, p)),
  'held', ARRAY(SELECT p FROM pg_catalog.unnest(${tablePermissions}::text[]) p WHERE pg_catalog.has_table_privilege(c.oid, p)),
  'invoker', EXISTS (SELECT FROM pg_catalog.unnest(c.reloptions) o
    WHERE o ~* '^security_invoker=(t|tr|tru|true|on|y|ye|yes|1)$'),
  'checks', EXISTS (SELECT FROM pg_catalog.unnest(c.reloptions) o WHERE o LIKE 'check\\_option=%'),
  'secured', c.relrowsecurity, 'forced', c.relforcerowsecurity, 'partition', c.relispartition,
  'tree', CASE WHEN c.relkind = 'v' AND ${sql`n.nspname NOT IN ('pg_catalog', 'information_schema')`} THEN
    (SELECT w.ev_action::text FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid AND w.rulename = '_RETURN') END,
  'rules', ${list(sql`SELECT CASE w.ev_type::text WHEN '2' THEN 'update' WHEN '3' THEN 'insert' WHEN '4' THEN 'delete' END AS permission,
      w.is_instead AS instead, CASE WHEN w.ev_qual::text <> '<>' THEN w.ev_qual::text END AS condition, w.ev_action::text AS action
    FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid AND w.ev_type::text <> '1' AND w.ev_enabled::text IN ('O', 'A')`)},
  'policies', ${list(sql`SELECT p.column2 AS permission, y.polname AS name, y.polpermissive AS permissive, y.polqual::text AS using, y.polwithcheck::text AS check,
      ${forEverybody} AS applies
    FROM pg_catalog.pg_policy y JOIN ${policyCommands} p ON y.polcmd::text IN ('*', p.column1) WHERE y.polrelid = c.oid`)},
  'triggers', ${list(sql`SELECT p.column2 AS permission, t.tgfoid::bigint AS function, t.tgqual::text AS condition,
      t.tgtype & 1 <> 0 AS row, t.tgtype & 66 = 0 AS after, t.tgtype & 64 <> 0 AS instead
    FROM pg_catalog.pg_trigger t
    JOIN (VALUES (4, 'insert'), (8, 'delete'), (16, 'update')) p ON t.tgtype & p.column1 <> 0
    WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled::text IN ('O', 'A')`)},
  'columns', ${list(sql`SELECT k.attnum AS number, k.atttypid::bigint AS type, k.attgenerated <> '' AS generated, a.adbin::text AS value
    FROM pg_catalog.pg_attribute k LEFT JOIN pg_catalog.pg_attrdef a ON a.adrelid = k.attrelid AND a.adnum = k.attnum
    WHERE k.attrelid = c.oid AND k.attnum > 0 AND NOT k.attisdropped AND n.nspname NOT IN ('pg_catalog', 'information_schema')`)},
  'constraints', ${list(sql`SELECT k.conbin::text AS tree,
      (SELECT coalesce(pg_catalog.json_agg(o::bigint), '[]') FROM pg_catalog.unnest(k.conexclop) o) AS operators
    FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('c', 'x')`)},
  'indexes', ${list(sql`SELECT pg_catalog.concat_ws(' ', i.indexprs::text, i.indpred::text) AS tree,
      (SELECT coalesce(pg_catalog.json_agg(o::bigint), '[]') FROM pg_catalog.unnest(i.indclass::oid[]) o) AS classes
    FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid`)},
  'partitioning', (SELECT pg_catalog.json_build_object('tree', g.partexprs::text,
      'classes', (SELECT coalesce(pg_catalog.json_agg(o::bigint), '[]') FROM pg_catalog.unnest(g.partclass::oid[]) o))
    FROM pg_catalog.pg_partitioned_table g WHERE g.partrelid = c.oid),
  'statistics', ${list(sql`SELECT x.value AS tree FROM pg_catalog.pg_statistic_ext s,
      LATERAL (SELECT pg_catalog.to_jsonb(s)->>'stxexprs') x(value) WHERE s.stxrelid = c.oid AND x.value IS NOT NULL`)},
  'children', (SELECT coalesce(pg_catalog.json_agg(h.inhrelid::bigint), '[]') FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid),
  'parents', (SELECT coalesce(pg_catalog.json_agg(h.inhparent::bigint), '[]') FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid),
  'referencing', ${list(sql`SELECT f.conrelid::bigint AS relation, f.confdeltype AS deleted, f.confupdtype AS updated
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_constraint f ON f.oid = t.tgconstraint
    WHERE t.tgrelid = c.oid AND t.tgisinternal AND t.tgconstrrelid <> 0 AND f.confrelid = c.oid GROUP BY 1, 2, 3`)},
  'table', CASE WHEN c.relkind = 'S' THEN (SELECT d.refobjid::bigint FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.refobjsubid > 0
      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i') LIMIT 1) END) AS data
FROM reached r JOIN pg_catalog.pg_class c ON r.class = 'pg_class' AND c.oid = r.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`

const functionData = (extra: Statement): Statement => sql`pg_catalog.json_build_object(
  'schema', n.nspname, 'schemaOid', n.oid::bigint,
  'name', p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')',
  'closed', p.prosecdef OR p.prokind = 'a' OR (l.lanname = 'internal' AND p.prosrc ~ '^(multi)?range_constructor[0-3]$') OR (l.lanname IN ('c', 'internal') AND (n.nspname = 'pg_catalog' OR x.extname = ANY (${trustedExtensions}::text[])))
    OR (p.provolatile = 'i' AND (x.extname = ANY (${trustedExtensions}::text[]) OR n.nspname IN ('cartodb', 'cdb'))),
  'publicly', pg_catalog.has_function_privilege('public', p.oid, 'execute')${extra})`

const functionTables = sql`pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
LEFT JOIN LATERAL (SELECT e.extname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
  WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e'
    AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass LIMIT 1) x ON true`

const functions = sql`SELECT 'function', p.oid, ${functionData(sql`,
  'defaults', p.proargdefaults::text,
  'aggregate', p.prokind = 'a',
  'support', (SELECT coalesce(pg_catalog.json_agg(f::bigint), '[]') FROM pg_catalog.pg_aggregate a,
    pg_catalog.unnest(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn]::oid[]) f
    WHERE a.aggfnoid::oid = p.oid AND f >= 16384)`)}
FROM reached r JOIN ${functionTables} ON true WHERE r.class = 'pg_proc' AND p.oid = r.oid`

// functions of PostgreSQL itself that not every role may run, or that run more than they show
const builtins = sql`SELECT 'builtin', p.oid, ${functionData(sql`, 'plain', p.proname`)}
FROM ${functionTables} WHERE n.nspname = 'pg_catalog'
  AND (p.proname = ANY (${runsWithCallersRights}::text[]) OR (p.proacl IS NOT NULL AND NOT pg_catalog.has_function_privilege('public', p.oid, 'execute')))`

const types = sql`SELECT 'type', y.oid, pg_catalog.json_build_object(
  'schema', n.nspname, 'schemaOid', n.oid::bigint, 'name', pg_catalog.format_type(y.oid, NULL), 'plain', y.typname,
  'parts', (SELECT coalesce(pg_catalog.json_agg(x.oid), '[]') FROM (
    SELECT pg_catalog.unnest(ARRAY[y.typbasetype, y.typelem])::bigint
    UNION ALL SELECT a.atttypid::bigint FROM pg_catalog.pg_attribute a WHERE a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT g.rngsubtype::bigint FROM pg_catalog.pg_range g
      WHERE y.oid IN (g.rngtypid, (pg_catalog.to_jsonb(g)->>'rngmultitypid')::oid)) x(oid) WHERE x.oid >= 16384),
  'tree', (SELECT pg_catalog.string_agg(x.tree, ' ') FROM (
    SELECT y.typdefaultbin::text UNION ALL SELECT k.conbin::text FROM pg_catalog.pg_constraint k WHERE k.contypid = y.oid) x(tree)),
  'classes', (SELECT coalesce(pg_catalog.json_agg(o.oid::bigint), '[]') FROM pg_catalog.pg_opclass o WHERE o.opcintype = y.oid AND o.oid >= 16384))
FROM reached r JOIN pg_catalog.pg_type y ON r.class = 'pg_type' AND y.oid = r.oid
JOIN pg_catalog.pg_namespace n ON n.oid = y.typnamespace`

const operators = sql`SELECT 'operator', o.oid, pg_catalog.json_build_object(
  'schema', n.nspname, 'schemaOid', n.oid::bigint, 'name', o.oprname, 'function', o.oprcode::oid::bigint,
  'others', (SELECT coalesce(pg_catalog.json_agg(u.oprcode::oid::bigint), '[]') FROM pg_catalog.pg_operator u
    WHERE u.oid IN (o.oprcom, o.oprnegate) AND u.oprcode::oid >= 16384))
FROM reached r JOIN pg_catalog.pg_operator o ON r.class = 'pg_operator' AND o.oid = r.oid
JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace`

const families = sql`SELECT 'family', r.oid::oid, pg_catalog.json_build_object('class', r.class, 'functions', (
  SELECT coalesce(pg_catalog.json_agg(x.oid), '[]') FROM (
    SELECT s.amproc::oid::bigint FROM pg_catalog.pg_amproc s WHERE s.amprocfamily = f.oid
    UNION SELECT o.oprcode::oid::bigint FROM pg_catalog.pg_amop s JOIN pg_catalog.pg_operator o ON o.oid = s.amopopr WHERE s.amopfamily = f.oid
  ) x(oid) WHERE x.oid >= 16384))
FROM reached r CROSS JOIN LATERAL (
  SELECT c.opcfamily FROM pg_catalog.pg_opclass c WHERE r.class = 'pg_opclass' AND c.oid = r.oid
  UNION ALL SELECT r.oid::oid WHERE r.class = 'pg_opfamily') f(oid)
WHERE r.class IN ('pg_opclass', 'pg_opfamily')`

const others = sql`SELECT 'other', r.oid::oid, pg_catalog.json_build_object('class', r.class, 'schema', i.schema, 'name', i.identity,
  'schemaOid', (SELECT n.oid::bigint FROM pg_catalog.pg_namespace n WHERE n.nspname = i.schema))
FROM reached r CROSS JOIN LATERAL pg_catalog.pg_identify_object(('pg_catalog.' || r.class)::pg_catalog.regclass, r.oid::oid, 0) i
WHERE r.class NOT IN ('pg_class', 'pg_proc', 'pg_type', 'pg_operator', 'pg_opclass', 'pg_opfamily')`

/** `words` are the words and names of the statements in which something is created. */
const surroundings = (words: ReadonlyArray<string>): Statement => sql`SELECT 'schema', n.oid,
  pg_catalog.json_build_object('name', n.nspname, 'current', n.nspname = pg_catalog.current_schema())
FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY (${words}::text[]) OR n.nspname = pg_catalog.current_schema()
UNION ALL SELECT 'database', d.oid, pg_catalog.json_build_object('name', d.datname)
FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
UNION ALL SELECT 'system', 0::oid, pg_catalog.json_object_agg(c.oid::text, n.nspname || '.' || c.relname)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v')
UNION ALL SELECT 'settings', 0::oid, pg_catalog.json_build_object(
  'user', (SELECT pg_catalog.json_agg(pg_catalog.lower(s.name)) FROM pg_catalog.pg_settings s WHERE s.context = 'user'),
  'others', (SELECT pg_catalog.json_agg(pg_catalog.lower(s.name)) FROM pg_catalog.pg_settings s WHERE s.context <> 'user'))
UNION ALL SELECT 'restricted', y.oid, pg_catalog.json_build_object('class', 'type', 'schema', n.nspname, 'name', y.typname)
FROM pg_catalog.pg_type y JOIN pg_catalog.pg_namespace n ON n.oid = y.typnamespace
WHERE y.typacl IS NOT NULL AND NOT pg_catalog.has_type_privilege('public', y.oid, 'usage')
UNION ALL SELECT 'restricted', p.oid, pg_catalog.json_build_object('class', 'function', 'schema', n.nspname, 'name', p.proname)
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE p.proname = ANY (${words}::text[]) AND p.proacl IS NOT NULL AND NOT pg_catalog.has_function_privilege('public', p.oid, 'execute')
UNION ALL SELECT 'existing', c.oid, pg_catalog.json_build_object('class', 'relation', 'schemaOid', c.relnamespace::bigint, 'name', c.relname)
FROM pg_catalog.pg_class c WHERE c.relname = ANY (${words}::text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
UNION ALL SELECT 'existing', p.oid, pg_catalog.json_build_object('class', 'function', 'schemaOid', p.pronamespace::bigint, 'name', p.proname)
FROM pg_catalog.pg_proc p WHERE p.proname = ANY (${words}::text[]) AND p.oid >= 16384
UNION ALL SELECT 'event trigger', t.evtfoid, ${functionData(sql`, 'event', t.evtevent`)}
FROM pg_catalog.pg_event_trigger t JOIN ${functionTables} ON p.oid = t.evtfoid
WHERE t.evtenabled::text IN ('O', 'A') AND t.evtevent <> 'login'`

/** The statements of the analysis by their numbers, and the objects that they reach. */
export const results = (words: ReadonlyArray<string>): Statement => sql`WITH RECURSIVE ${reachedObjects}
SELECT 'statement' AS kind, a.n::oid AS oid,
  pg_catalog.json_build_object('tree', a.tree, 'refs', a.refs, 'failure', a.failure) AS data
FROM pg_temp.effect_carto_analysis a
UNION ALL ${relations} UNION ALL ${functions} UNION ALL ${builtins} UNION ALL ${types} UNION ALL ${operators}
UNION ALL ${families} UNION ALL ${others} UNION ALL ${surroundings(words)}`
