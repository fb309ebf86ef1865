/**
 * SQL that reads from the catalog whatever statements may reach: from the objects that a stored statement refers to, to
 * views, rules, policies, triggers, defaults, constraints, indexes, partitions, foreign keys, types, operators and
 * functions that come with them. It is part of the analysis, and so of one request under the master key.
 */
import { sql, type Statement } from "../../../../sql/Statement.ts"

// What the server itself has is not followed: oids of others begin here.
const own = sql.unsafe("16384")

/** What an object of a class depends on. */
const references = (catalog: Statement, oid: Statement): Statement => sql`
  SELECT d.refclassid::pg_catalog.regclass::text, d.refobjid::bigint FROM pg_catalog.pg_depend d
  WHERE d.classid = ${catalog}::pg_catalog.regclass AND d.objid = ${oid}`

/** What the parts of a relation depend on. */
const partReferences = (catalog: Statement, from: Statement): Statement => sql`
  SELECT d.refclassid::pg_catalog.regclass::text, d.refobjid::bigint
  FROM ${from} JOIN pg_catalog.pg_depend d ON d.classid = ${catalog}::pg_catalog.regclass AND d.objid = p.oid`

const ofRelation = sql.join(
  [
    partReferences(
      sql`'pg_catalog.pg_rewrite'`,
      sql`(SELECT w.oid FROM pg_catalog.pg_rewrite w WHERE w.ev_class = r.oid AND k.relkind <> 'm') p`
    ),
    partReferences(
      sql`'pg_catalog.pg_policy'`,
      sql`(SELECT y.oid FROM pg_catalog.pg_policy y WHERE y.polrelid = r.oid AND k.relrowsecurity) p`
    ),
    partReferences(
      sql`'pg_catalog.pg_attrdef'`,
      sql`(SELECT a.oid FROM pg_catalog.pg_attrdef a WHERE a.adrelid = r.oid) p`
    ),
    partReferences(
      sql`'pg_catalog.pg_constraint'`,
      sql`(SELECT c.oid FROM pg_catalog.pg_constraint c WHERE c.conrelid = r.oid AND c.contype IN ('c', 'x')) p`
    ),
    partReferences(
      sql`'pg_catalog.pg_trigger'`,
      sql`(SELECT t.oid FROM pg_catalog.pg_trigger t WHERE t.tgrelid = r.oid AND NOT t.tgisinternal) p`
    ),
    partReferences(
      sql`'pg_catalog.pg_class'`,
      sql`(SELECT i.indexrelid AS oid FROM pg_catalog.pg_index i WHERE i.indrelid = r.oid) p`
    ),
    references(sql`'pg_catalog.pg_class'`, sql`r.oid`),
    // the triggers of foreign keys that refer to it: an UPDATE or a DELETE may go on there
    sql`SELECT 'pg_class', t.tgconstrrelid::bigint FROM pg_catalog.pg_trigger t
      WHERE t.tgrelid = r.oid AND t.tgisinternal AND t.tgconstrrelid <> 0`,
    sql`SELECT 'pg_class', h.inhrelid::bigint FROM pg_catalog.pg_inherits h WHERE h.inhparent = r.oid`,
    sql`SELECT 'pg_class', h.inhparent::bigint FROM pg_catalog.pg_inherits h WHERE h.inhrelid = r.oid AND k.relispartition`,
    // the table of a sequence
    sql`SELECT 'pg_class', d.refobjid::bigint FROM pg_catalog.pg_depend d
      WHERE k.relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = r.oid
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')`
  ],
  " UNION ALL "
)

const ofType = sql.join(
  [
    sql`SELECT 'pg_type', pg_catalog.unnest(ARRAY[y.typbasetype, y.typelem])::bigint FROM pg_catalog.pg_type y WHERE y.oid = r.oid`,
    sql`SELECT 'pg_type', a.atttypid::bigint FROM pg_catalog.pg_type y
      JOIN pg_catalog.pg_attribute a ON a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped WHERE y.oid = r.oid`,
    sql`SELECT 'pg_type', g.rngsubtype::bigint FROM pg_catalog.pg_range g
      WHERE r.oid IN (g.rngtypid, (pg_catalog.to_jsonb(g)->>'rngmultitypid')::oid)`,
    sql`SELECT 'pg_opclass', o.oid::bigint FROM pg_catalog.pg_opclass o WHERE o.opcintype = r.oid AND o.oid >= ${own}`,
    partReferences(
      sql`'pg_catalog.pg_constraint'`,
      sql`(SELECT c.oid FROM pg_catalog.pg_constraint c WHERE c.contypid = r.oid) p`
    ),
    // the functions of its default
    sql`SELECT e.class, e.oid FROM (${references(sql`'pg_catalog.pg_type'`, sql`r.oid`)}) e(class, oid) WHERE e.class IN ('pg_proc', 'pg_operator')`
  ],
  " UNION ALL "
)

const support = sql`ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn]::oid[]`

const ofFunction = sql.join(
  [
    sql`SELECT 'pg_proc', pg_catalog.unnest(${support})::bigint FROM pg_catalog.pg_aggregate a WHERE a.aggfnoid::oid = r.oid`,
    sql`SELECT 'pg_operator', a.aggsortop::bigint FROM pg_catalog.pg_aggregate a WHERE a.aggfnoid::oid = r.oid`,
    // what the defaults of its arguments refer to
    sql`SELECT e.class, e.oid FROM (${references(sql`'pg_catalog.pg_proc'`, sql`r.oid`)}) e(class, oid)
      WHERE EXISTS (SELECT FROM pg_catalog.pg_proc f WHERE f.oid = r.oid AND f.proargdefaults IS NOT NULL)`
  ],
  " UNION ALL "
)

const ofOperator = sql`SELECT 'pg_proc', o.oprcode::oid::bigint FROM pg_catalog.pg_operator o WHERE o.oid = r.oid
  UNION ALL SELECT 'pg_operator', pg_catalog.unnest(ARRAY[o.oprcom, o.oprnegate])::bigint FROM pg_catalog.pg_operator o WHERE o.oid = r.oid`

const familyOf = sql`(SELECT c.opcfamily FROM pg_catalog.pg_opclass c WHERE r.class = 'pg_opclass' AND c.oid = r.oid
  UNION ALL SELECT r.oid::oid WHERE r.class = 'pg_opfamily')`

const ofOperatorClass = sql`SELECT 'pg_proc', s.amproc::oid::bigint FROM pg_catalog.pg_amproc s WHERE s.amprocfamily IN ${familyOf}
  UNION ALL SELECT 'pg_operator', s.amopopr::bigint FROM pg_catalog.pg_amop s WHERE s.amopfamily IN ${familyOf}`

const isOwn = sql`k.relnamespace NOT IN (SELECT n.oid FROM pg_catalog.pg_namespace n
  WHERE n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast'))`

/**
 * The recursive query `reached(class, oid)`: all objects that come with those in `refs` of the analysis. What is only
 * compared by its class is gated by it, so that each object is looked up in its own catalogs alone.
 */
export const reachedObjects: Statement = sql`reached(class, oid) AS (
  SELECT DISTINCT x.value->>0, (x.value->>1)::bigint
  FROM pg_temp.effect_carto_analysis a, pg_catalog.json_array_elements(a.refs) x
  UNION
  SELECT e.class, e.oid FROM reached r CROSS JOIN LATERAL (
    SELECT b.* FROM pg_catalog.pg_class k CROSS JOIN LATERAL (${ofRelation}) b(class, oid)
    WHERE r.class = 'pg_class' AND k.oid = r.oid AND ${isOwn}
    UNION ALL SELECT b.* FROM (${ofType}) b(class, oid) WHERE r.class = 'pg_type'
    UNION ALL SELECT b.* FROM (${ofFunction}) b(class, oid) WHERE r.class = 'pg_proc'
    UNION ALL SELECT b.* FROM (${ofOperator}) b(class, oid) WHERE r.class = 'pg_operator'
    UNION ALL SELECT b.* FROM (${ofOperatorClass}) b(class, oid) WHERE r.class IN ('pg_opclass', 'pg_opfamily')
  ) e
  WHERE e.oid >= ${own} OR e.class = 'pg_class'
)`
