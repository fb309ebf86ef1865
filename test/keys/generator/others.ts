/** Kinds of objects that statements name, and kinds of statements. */
import type { Kind } from "./Maker.ts"

const kind = (name: string, make: Kind["make"]): Kind => ({ name, make })

/** Each kind makes an object and statements that use it. */
export const otherKinds: ReadonlyArray<Kind> = [
  kind("view", (m) => {
    const [table, view] = [m.table(["k serial"]), `public.${m.name("v")}`]
    m.add(`CREATE VIEW ${view} AS SELECT id, n, s FROM ${table} WHERE n < 100`)
    m.use(view)
  }),
  kind("invoker view", (m) => {
    const [table, other, view] = [m.table(), m.table(), `public.${m.name("v")}`]
    m.add(
      `CREATE VIEW ${view} WITH (security_invoker) AS SELECT id, n, s FROM ${table} WHERE n IN (SELECT n FROM ${other})${m.random.chance(0.5) ? " WITH CHECK OPTION" : ""}`
    )
    m.use(view)
  }),
  kind("view of a view", (m) => {
    const [inner, outer] = [`public.${m.name("v")}`, `public.${m.name("v")}`]
    const option = () => m.random.pick(["", " WITH (security_invoker)"])
    m.add(
      `CREATE VIEW ${inner}${option()} AS SELECT id, n, s FROM ${m.table()}`,
      `CREATE VIEW ${outer}${option()} AS SELECT id, n, s FROM ${inner}`
    )
    m.use(outer)
  }),
  kind("view with a function", (m) => {
    const view = `public.${m.name("v")}`
    const where = m.random.chance(0.5) ? ` WHERE ${m.routine("boolean")}(n)` : ""
    m.add(`CREATE VIEW ${view} AS SELECT id, n, s, ${m.routine("int")}(n) AS f FROM ${m.table()}${where}`)
    m.use(view)
  }),
  kind("view with a restricted function", (m) => {
    const view = `public.${m.name("v")}`
    m.superuser.push(
      `CREATE VIEW ${view} AS SELECT ${m.random.pick(["pg_ls_dir('.')", "(pg_stat_file('PG_VERSION')).size::text"])} AS s; GRANT SELECT ON ${view} TO master WITH GRANT OPTION`
    )
    m.undo.push(`DROP VIEW ${view}`)
    m.statements.push(`SELECT * FROM ${view}`)
  }),
  kind("view with a default", (m) => {
    const view = `public.${m.name("v")}`
    m.add(
      `CREATE VIEW ${view} AS SELECT id, n, s FROM ${m.table()}`,
      `ALTER VIEW ${view} ALTER n SET DEFAULT ${m.routine("int")}(1)`
    )
    m.use(view, ["insert"])
    m.statements.push(`INSERT INTO ${view} (id) VALUES (1)`)
  }),
  kind("view that draws from a sequence", (m) => {
    const [sequence, view] = [m.name("q"), `public.${m.name("v")}`]
    m.add(`CREATE SEQUENCE ${sequence}`, `CREATE VIEW ${view} AS SELECT nextval('${sequence}') AS n`)
    m.statements.push(`SELECT * FROM ${view}`)
  }),
  kind("view whose owner has lost its rights", (m) => {
    const [table, view] = [m.table(), `public.${m.name("v")}`]
    m.add(`CREATE VIEW ${view} AS SELECT id, n, s FROM ${table}`, `REVOKE SELECT ON ${table} FROM master`)
    m.statements.push(`SELECT * FROM ${view}`)
  }),
  kind("view with an instead-of trigger", (m) => {
    const view = `public.${m.name("v")}`
    m.add(
      `CREATE VIEW ${view} AS SELECT a.id, a.n, b.s FROM ${m.table()} a JOIN ${m.table()} b ON a.id = b.id`,
      `CREATE TRIGGER g INSTEAD OF INSERT OR UPDATE OR DELETE ON ${view} FOR EACH ROW EXECUTE FUNCTION ${m.triggerFunction()}()`
    )
    m.use(view)
  }),
  kind("view with a rule", (m) => {
    const view = `public.${m.name("v")}`
    m.add(
      `CREATE VIEW ${view}${m.random.pick(["", " WITH (security_invoker)"])} AS SELECT a.id, a.n, b.s FROM ${m.table()} a JOIN ${m.table()} b ON a.id = b.id`,
      `CREATE RULE r AS ON INSERT TO ${view} DO INSTEAD ${m.random.pick(["NOTHING", `INSERT INTO ${m.table()} (n) VALUES (NEW.n)`])}`
    )
    m.use(view, ["select", "insert"])
  }),
  kind("materialized view", (m) => {
    const view = `public.${m.name("v")}`
    m.add(`CREATE MATERIALIZED VIEW ${view} AS SELECT id, n, s FROM ${m.table()}`)
    m.use(view, ["select"])
  }),
  kind("function", (m) => {
    const routine = m.routine(m.random.pick(["int", "boolean"]))
    m.statements.push(`SELECT ${routine}(n) FROM ${m.table()}`, `SELECT ${routine}(1)`)
  }),
  kind("set-returning function", (m) => {
    const [table, name] = [m.table(), `public.${m.name("f")}`]
    m.add(`CREATE FUNCTION ${name}() RETURNS SETOF ${table} LANGUAGE sql STABLE AS 'SELECT * FROM ${table}'`)
    m.statements.push(`SELECT * FROM ${name}()`, `SELECT * FROM ${name}() f JOIN ${m.table()} x ON x.id = f.id`)
  }),
  kind("default of an argument", (m) => {
    const [inner, name] = [m.routine("int"), `public.${m.name("f")}`]
    m.add(`CREATE FUNCTION ${name}(a int DEFAULT ${inner}(1)) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT a'`)
    m.statements.push(`SELECT ${name}()`, `SELECT ${name}(1)`)
  }),
  kind("function in a hidden schema", (m) => {
    const name = `hidden.${m.name("f")}`
    m.add(`CREATE FUNCTION ${name}() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`)
    m.statements.push(`SELECT ${name}()`)
  }),
  kind("type in a hidden schema", (m) => {
    const name = `hidden.${m.name("e")}`
    m.add(`CREATE TYPE ${name} AS ENUM ('a', 'b')`)
    m.statements.push(`SELECT 'a'::${name}`, `SELECT NULL::${name}[]`)
  }),
  kind("sequence in a hidden schema", (m) => {
    const name = `hidden.${m.name("q")}`
    m.add(`CREATE SEQUENCE ${name}`, `GRANT USAGE ON SEQUENCE ${name} TO PUBLIC`)
    m.statements.push(`SELECT nextval('${name}')`)
  }),
  kind("aggregate", (m) => {
    const [step, name] = [`public.${m.name("f")}`, `public.${m.name("a")}`]
    const reads = m.random.chance(0.5) ? ` + 0 * (SELECT count(*)::int FROM ${m.table()})` : ""
    m.add(
      `CREATE FUNCTION ${step}(int, int) RETURNS int LANGUAGE ${m.random.chance(0.5) ? `sql AS 'SELECT $1${reads}'` : `plpgsql AS 'BEGIN RETURN $1${reads}; END'`}`,
      `CREATE AGGREGATE ${name}(int) (SFUNC = ${step}, STYPE = int, INITCOND = '0')`
    )
    if (m.random.chance(0.4))
      m.add(`REVOKE EXECUTE ON FUNCTION ${m.random.pick([`${step}(int, int)`, `${name}(int)`])} FROM PUBLIC`)
    const table = m.table()
    m.statements.push(`SELECT ${name}(n) FROM ${table}`, `SELECT ${name}(n) OVER (ORDER BY id) FROM ${table}`)
  }),
  kind("operator", (m) => {
    const [name, table] = [`public.${m.name("f")}`, m.table()]
    const reads = m.random.chance(0.6) ? ` AND EXISTS (SELECT FROM ${m.table()})` : ""
    m.add(
      `CREATE FUNCTION ${name}(int, int) RETURNS boolean LANGUAGE ${m.random.chance(0.5) ? `sql AS 'SELECT $1 = $2${reads}'` : `plpgsql AS 'BEGIN RETURN $1 = $2${reads}; END'`}`,
      `CREATE OPERATOR public.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = ${name})`
    )
    if (m.random.chance(0.4)) m.add(`REVOKE EXECUTE ON FUNCTION ${name}(int, int) FROM PUBLIC`)
    m.statements.push(
      `SELECT * FROM ${table} WHERE n === 1`,
      `SELECT 1 OPERATOR(public.===) 1`,
      `SELECT n === ANY (ARRAY[1, 2]) FROM ${table}`
    )
    const [policed, view] = [m.table(), `public.${m.name("v")}`]
    m.add(
      `ALTER TABLE ${policed} ENABLE ROW LEVEL SECURITY`,
      `CREATE POLICY p ON ${policed} USING (n === 1 OR n > 0)`,
      `CREATE VIEW ${view} AS SELECT * FROM ${m.table()} WHERE n === 1`
    )
    m.use(policed, ["select", "insert"])
    m.use(view, ["select", "delete"])
  }),
  kind("negator of an operator", (m) => {
    const [yes, no] = [`public.${m.name("f")}`, `public.${m.name("f")}`]
    m.add(
      `CREATE FUNCTION ${yes}(int, int) RETURNS boolean IMMUTABLE SECURITY DEFINER LANGUAGE sql AS 'SELECT $1 = $2'`,
      `CREATE FUNCTION ${no}(int, int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 <> $2 AND EXISTS (SELECT FROM ${m.table()}); END'`,
      `CREATE OPERATOR public.=~= (LEFTARG = int, RIGHTARG = int, FUNCTION = ${yes}, NEGATOR = OPERATOR(public.!~=))`,
      `CREATE OPERATOR public.!~= (LEFTARG = int, RIGHTARG = int, FUNCTION = ${no}, NEGATOR = OPERATOR(public.=~=))`
    )
    m.statements.push(`SELECT * FROM ${m.table()} WHERE NOT (n =~= 1)`)
  }),
  kind("operator class", (m) => {
    const [type, table] = [`public.${m.name("y")}`, `public.${m.name("t")}`]
    const prefix = m.name("c")
    const [compare, less] = [`public.${prefix}_cmp`, `public.${prefix}_op`]
    const reads = m.random.chance(0.6) ? `PERFORM 1 FROM ${m.table()};` : ""
    m.add(`CREATE TYPE ${type} AS (a int)`)
    m.superuser.push(
      `CREATE FUNCTION ${compare}(${type}, ${type}) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN ${reads} RETURN sign(($1).a - ($2).a); END'`,
      ...["<", "<=", "=", ">=", ">"].flatMap((sign, index) => [
        `CREATE FUNCTION ${less}${index}(${type}, ${type}) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT ($1).a ${sign} ($2).a'`,
        `CREATE OPERATOR public.${sign} (LEFTARG = ${type}, RIGHTARG = ${type}, FUNCTION = ${less}${index})`
      ]),
      `CREATE OPERATOR CLASS public.${prefix} DEFAULT FOR TYPE ${type} USING btree AS OPERATOR 1 public.< , OPERATOR 2 public.<= , OPERATOR 3 public.= , OPERATOR 4 public.>= , OPERATOR 5 public.> , FUNCTION 1 ${compare}(${type}, ${type})`,
      `CREATE TABLE ${table} (id int, v ${type}); ALTER TABLE ${table} OWNER TO master; INSERT INTO ${table} VALUES (1, ROW(2)), (2, ROW(1))`,
      `CREATE INDEX ON ${table} (v)`
    )
    m.undo.push(
      `DROP TABLE ${table}`,
      `DROP OPERATOR FAMILY public.${prefix} USING btree CASCADE`,
      `DROP TYPE ${type} CASCADE`
    )
    m.statements.push(
      `SELECT v FROM ${table} ORDER BY v`,
      `SELECT DISTINCT v FROM ${table}`,
      `INSERT INTO ${table} VALUES (3, ROW(3))`,
      `SELECT max(id) FROM ${table} GROUP BY v`
    )
  }),
  kind("cast", (m) => {
    const [type, routine] = [`public.${m.name("y")}`, `public.${m.name("f")}`]
    const reads = m.random.chance(0.6) ? `PERFORM 1 FROM ${m.table()};` : ""
    m.add(
      `CREATE TYPE ${type} AS (a int)`,
      `CREATE FUNCTION ${routine}(int) RETURNS ${type} LANGUAGE plpgsql AS 'BEGIN ${reads} RETURN ROW($1); END'`,
      `CREATE CAST (int AS ${type}) WITH FUNCTION ${routine}(int)`
    )
    m.statements.push(`SELECT n::${type} FROM ${m.table()}`)
  }),
  kind("domain", (m) => {
    const domain = `public.${m.name("d")}`
    m.add(`CREATE DOMAIN ${domain} AS int CHECK (${m.routine("boolean")}(VALUE))`)
    const table = m.table([`k ${domain}`])
    m.statements.push(
      `SELECT 1::${domain}`,
      `SELECT n::${domain} FROM ${m.table()}`,
      `INSERT INTO ${table} (id, k) VALUES (3, 4)`
    )
    m.use(table, ["insert", "update"])
  }),
  kind("domain within types", (m) => {
    const [domain, type] = [`public.${m.name("d")}`, `public.${m.name("y")}`]
    m.add(
      `CREATE DOMAIN ${domain} AS int CHECK (${m.routine("boolean")}(VALUE))`,
      `CREATE TYPE ${type} AS (a ${domain})`
    )
    m.statements.push(
      `SELECT ARRAY[1, 2]::${domain}[]`,
      `SELECT ROW(1)::${type}`,
      `SELECT * FROM json_to_record('{"a":1}') AS x(a ${domain})`,
      `SELECT * FROM json_populate_record(NULL::${type}, '{"a":1}')`
    )
  }),
  kind("domain over a domain", (m) => {
    const [inner, outer] = [`public.${m.name("d")}`, `public.${m.name("d")}`]
    m.add(
      `CREATE DOMAIN ${inner} AS int CHECK (${m.routine("boolean")}(VALUE))`,
      `CREATE DOMAIN ${outer} AS ${inner} DEFAULT 3`
    )
    m.statements.push(`SELECT 1::${outer}`)
    m.use(m.table([`k ${outer}`]), ["insert"])
  }),
  kind("enum", (m) => {
    const type = `public.${m.name("e")}`
    m.add(`CREATE TYPE ${type} AS ENUM ('x', 'y')`)
    m.use(m.table([`k ${type} DEFAULT 'x'`]))
    m.statements.push(`SELECT 'x'::${type} < 'y'`)
  }),
  kind("range type", (m) => {
    const type = `public.${m.name("y")}`
    m.add(`CREATE TYPE ${type} AS RANGE (SUBTYPE = int4)`)
    m.statements.push(`SELECT ${type}(1, 5) @> n FROM ${m.table()}`)
  }),
  kind("restricted type", (m) => {
    const type = `public.${m.name("d")}`
    m.add(`CREATE DOMAIN ${type} AS int`, `REVOKE USAGE ON TYPE ${type} FROM PUBLIC`)
    const table = m.table([`k ${type}`])
    m.statements.push(
      `SELECT 1::${type}`,
      `CREATE TABLE ${m.name("made")} (a ${type})`,
      `CREATE TEMP TABLE ${m.name("made")} AS SELECT k FROM ${table}`,
      `CREATE TABLE ${m.name("made")} (LIKE ${table})`
    )
  }),
  kind("sequence", (m) => {
    const sequence = `public.${m.name("q")}`
    m.add(`CREATE SEQUENCE ${sequence}`)
    if (m.random.chance(0.4)) m.add(`GRANT ${m.random.pick(["USAGE", "SELECT"])} ON SEQUENCE ${sequence} TO PUBLIC`)
    m.statements.push(
      `SELECT nextval('${sequence}')`,
      `SELECT setval('${sequence}', 5)`,
      `SELECT last_value FROM ${sequence}`
    )
  }),
  kind("collation", (m) => {
    const collation = `public.${m.name("l")}`
    m.add(`CREATE COLLATION ${collation} FROM "C"`)
    m.statements.push(`SELECT s FROM ${m.table()} ORDER BY s COLLATE ${collation}`)
  }),
  kind("text search configuration", (m) => {
    const name = `public.${m.name("x")}`
    m.add(`CREATE TEXT SEARCH CONFIGURATION ${name} (COPY = simple)`)
    m.statements.push(`SELECT to_tsvector('${name}', s) FROM ${m.table()}`)
  }),
  kind("extended statistics", (m) => {
    const table = m.table()
    m.add(
      `CREATE STATISTICS ${m.name("z")} ON (${m.routine("int", { immutable: true })}(n)), id FROM ${table}`,
      `ANALYZE ${table}`
    )
    m.use(table)
  }),
  kind("event trigger", (m) => {
    const [routine, trigger] = [`public.${m.name("f")}`, m.name("e")]
    const log = m.table()
    m.superuser.push(
      `CREATE FUNCTION ${routine}() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO ${log} (n) VALUES (1); END'`,
      `CREATE EVENT TRIGGER ${trigger} ON ddl_command_end EXECUTE FUNCTION ${routine}()`
    )
    m.undo.push(`DROP EVENT TRIGGER ${trigger}`, `DROP FUNCTION ${routine}()`)
    m.statements.push(`CREATE TABLE ${m.name("made")} (a int)`, `CREATE TEMP TABLE ${m.name("made")} AS SELECT 1 AS a`)
  }),
  kind("foreign table", (m) => {
    const [wrapper, table] = [m.name("w"), `public.${m.name("t")}`]
    m.superuser.push(
      `CREATE FOREIGN DATA WRAPPER ${wrapper}; CREATE SERVER ${wrapper} FOREIGN DATA WRAPPER ${wrapper}; CREATE FOREIGN TABLE ${table} (id int, n int, s text) SERVER ${wrapper}; ALTER FOREIGN TABLE ${table} OWNER TO master`
    )
    m.undo.push(`DROP FOREIGN DATA WRAPPER ${wrapper} CASCADE`)
    m.statements.push(`SELECT * FROM ${table}`)
  }),
  kind("setting", (m) => {
    const settings = [
      "work_mem = '1MB'",
      "log_statement = 'all'",
      "app.user = 'x'",
      "session_replication_role = replica",
      "role = 'other'"
    ]
    m.statements.push(
      `SET ${m.random.pick(["", "LOCAL ", "SESSION "])}${m.random.pick(settings)}`,
      m.random.pick(["SET ROLE other", "SET ROLE NONE", "SET LOCAL ROLE master", "RESET log_min_messages"]),
      `SELECT set_config('${m.random.pick(["log_statement", "app.user", "work_mem", "role"])}', '${m.random.pick(["all", "x"])}', true)`,
      m.random.pick(["SHOW data_directory", "SHOW work_mem", "SHOW hba_file", "SELECT current_setting('config_file')"])
    )
  }),
  kind("restricted function", (m) => {
    const calls = [
      "pg_read_file('PG_VERSION')",
      "pg_ls_dir('.')",
      "pg_stat_reset()",
      "lo_import('/etc/hostname')",
      "pg_reload_conf()",
      "pg_stat_file('PG_VERSION')"
    ]
    m.statements.push(`SELECT ${m.random.pick(calls)}`, `SELECT ${m.random.pick(calls)} FROM ${m.table()}`)
  }),
  kind("function that runs SQL", (m) => {
    const table = m.table()
    m.statements.push(
      `SELECT query_to_xml('SELECT * FROM ${table}', true, true, '')`,
      `SELECT table_to_xml('${table}', true, true, '')`,
      `SELECT * FROM ts_stat('SELECT s::tsvector FROM ${table}')`
    )
  }),
  kind("large object", (m) => {
    const id = 10_000 + m.random.below(1_000_000)
    m.add(`SELECT lo_from_bytea(${id}, 'a')`)
    m.undo.push(`DO $$ BEGIN PERFORM lo_unlink(oid) FROM pg_largeobject_metadata; END $$`)
    m.statements.push(`SELECT lo_get(${id})`)
  }),
  kind("table from a query", (m) => {
    const [table, made] = [m.table(), m.name("made")]
    const query = `SELECT ${m.random.pick(["*", "id", "count(*) AS c"])} FROM ${table}`
    m.statements.push(
      m.random.pick([
        `CREATE TABLE ${made} AS ${query}`,
        `CREATE TABLE ${made} AS ${query} WITH NO DATA`,
        `CREATE TEMP TABLE ${made} AS ${query}`,
        `${query.replace(" FROM", ` INTO ${made} FROM`)}`,
        `CREATE MATERIALIZED VIEW ${made} AS ${query}`,
        `CREATE MATERIALIZED VIEW ${made} AS ${query} WITH NO DATA`
      ])
    )
  }),
  kind("new view", (m) => {
    const table = m.table()
    m.statements.push(
      `CREATE VIEW ${m.name("made")} AS SELECT * FROM ${table}`,
      `CREATE TEMP VIEW ${m.name("made")} AS SELECT n, ${m.routine("int")}(n) AS f FROM ${table}`,
      `CREATE RECURSIVE VIEW ${m.name("made")} (a) AS SELECT 1 UNION ALL SELECT a + 1 FROM ${m.name("made").replace(/\d+$/, "")} WHERE a < 3`
    )
    m.statements.pop()
  }),
  kind("view that is replaced", (m) => {
    const view = m.name("v")
    m.add(`CREATE VIEW public.${view} AS SELECT 1 AS a`)
    m.statements.push(
      `CREATE OR REPLACE VIEW ${view} AS SELECT 1 AS a`,
      `CREATE OR REPLACE VIEW ${m.name("made")} AS SELECT 1 AS a`
    )
  }),
  kind("new table", (m) => {
    const [table, made] = [m.table(), m.name("made")]
    m.add(`ALTER TABLE ${table} ADD PRIMARY KEY (id)`)
    m.statements.push(
      m.random.pick([
        `CREATE TABLE ${made} (a serial, b int CHECK (${m.routine("boolean")}(b)), c int DEFAULT ${m.routine("int")}(1))`,
        `CREATE TABLE ${made} (a int REFERENCES ${table})`,
        `CREATE TABLE ${made} (LIKE ${table} INCLUDING ALL)`,
        `CREATE TABLE ${made} () INHERITS (${table})`,
        `CREATE TABLE hidden.${made} (a int)`,
        `CREATE TABLE IF NOT EXISTS ${made} (a int) PARTITION BY RANGE (a)`
      ])
    )
  }),
  kind("new routine", (m) => {
    const [routine, made] = [m.routine("int"), m.name("made")]
    m.statements.push(
      m.random.pick([
        `CREATE FUNCTION ${made}() RETURNS int LANGUAGE sql AS 'SELECT ${routine}(1)'`,
        `CREATE PROCEDURE ${made}() LANGUAGE plpgsql AS 'BEGIN END'`,
        `CREATE FUNCTION ${made}() RETURNS int LANGUAGE sql LEAKPROOF AS 'SELECT 1'`,
        `CREATE FUNCTION ${made}() RETURNS int LANGUAGE sql SET log_statement = 'all' AS 'SELECT 1'`,
        `CREATE AGGREGATE ${made}(int) (SFUNC = int4pl, STYPE = int)`,
        `CREATE SEQUENCE ${made}`,
        `CREATE TYPE ${made} AS (a int)`,
        `CREATE DOMAIN ${made} AS int CHECK (VALUE > 0)`,
        `CREATE STATISTICS ${made} ON id, n FROM ${m.table()}`
      ])
    )
  }),
  kind("new parts", (m) => {
    const [step, made] = [`public.${m.name("f")}`, m.name("made")]
    m.add(`CREATE FUNCTION ${step}(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1'`)
    if (m.random.chance(0.5)) m.add(`REVOKE EXECUTE ON FUNCTION ${step}(int, int) FROM PUBLIC`)
    m.statements.push(
      `CREATE AGGREGATE ${made}(int) (SFUNC = ${step}, STYPE = int)`,
      `CREATE OPERATOR public.+++ (LEFTARG = int, RIGHTARG = int, FUNCTION = ${step})`
    )
  }),
  kind("owner's command", (m) => {
    const table = m.table()
    m.statements.push(
      m.random.pick([
        `TRUNCATE ${table}`,
        `ALTER TABLE ${table} ADD x int`,
        `DROP TABLE ${table}`,
        `CREATE INDEX ON ${table} (n)`,
        `LOCK TABLE ${table} IN SHARE MODE`,
        `COMMENT ON TABLE ${table} IS 'x'`,
        `CREATE TRIGGER x BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION ${m.triggerFunction()}()`,
        `GRANT SELECT ON ${table} TO PUBLIC`,
        `CREATE SCHEMA ${m.name("made")}`
      ])
    )
  }),
  kind("block and procedure", (m) => {
    const [table, name] = [m.table(), `public.${m.name("f")}`]
    m.add(`CREATE PROCEDURE ${name}() LANGUAGE plpgsql AS 'BEGIN DELETE FROM ${table}; END'`)
    m.statements.push(`DO $$ BEGIN DELETE FROM ${table}; END $$`, `CALL ${name}()`)
  }),
  kind("merge", (m) => {
    const [to, from] = [m.table(), m.table()]
    const matched = m.random.pick(["UPDATE SET n = 3", "DELETE", "DO NOTHING"])
    const missing = m.random.pick(["INSERT (id, n) VALUES (x.id, x.n)", "DO NOTHING"])
    m.statements.push(
      `MERGE INTO ${to} t USING ${from} x ON t.id = x.id WHEN MATCHED THEN ${matched} WHEN NOT MATCHED THEN ${missing}`
    )
  }),
  kind("conflict", (m) => {
    const table = m.table()
    m.add(`CREATE UNIQUE INDEX ON ${table} (id)`)
    const action = m.random.pick([
      "DO NOTHING",
      "(id) DO NOTHING",
      "(id) DO UPDATE SET n = EXCLUDED.n",
      "(id) DO UPDATE SET n = 4 WHERE EXCLUDED.n > 0"
    ])
    m.statements.push(`INSERT INTO ${table} (id, n) VALUES (1, 1) ON CONFLICT ${action}`)
  }),
  kind("locked rows", (m) => {
    const table = m.table()
    m.statements.push(
      `SELECT * FROM ${table} x, ${m.table()} y FOR ${m.random.pick(["UPDATE", "SHARE", "NO KEY UPDATE"])}${m.random.pick([" OF x", ""])}`
    )
  })
]
