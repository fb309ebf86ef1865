/** Attacks of a hostile key. Each runs under the role `attacker`, which owns the schema `sandbox`. */

/** The texts of the requests of an attack, in order. */
export interface Attack {
  readonly name: string
  readonly requests: ReadonlyArray<string>
}

/** Stands for the folder that the server keeps its data in. */
export const DATA_DIRECTORY = "{data_directory}"

/** What an attacker who got out of its role would do. */
const LOOT = "SELECT value FROM vault.secret; UPDATE vault.secret SET value = 'stolen'"

/** Ways to become somebody else. */
const identities = [
  "RESET ROLE",
  "SET ROLE NONE",
  "SET ROLE postgres",
  "SET LOCAL ROLE postgres",
  "SET SESSION ROLE postgres",
  "SET ROLE victim",
  "RESET SESSION AUTHORIZATION",
  "SET SESSION AUTHORIZATION DEFAULT",
  "SET SESSION AUTHORIZATION postgres",
  "SET LOCAL SESSION AUTHORIZATION postgres",
  "SELECT set_config('role', 'postgres', false)",
  "SELECT set_config('role', 'none', true)",
  "SELECT set_config('session_authorization', 'postgres', false)",
  "RESET ALL",
  "DISCARD ALL"
]

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Ways to run a statement so that what guards the first one may not see it. */
const carriers: ReadonlyArray<readonly [name: string, carry: (statement: string) => ReadonlyArray<string>]> = [
  ["in one text", (statement) => [`${statement}; ${LOOT}`]],
  ["in a request of its own", (statement) => [statement, LOOT]],
  ["after COMMIT", (statement) => [`COMMIT; ${statement}; ${LOOT}`]],
  ["after ROLLBACK", (statement) => [`ROLLBACK; ${statement}; ${LOOT}`]],
  ["in a transaction", (statement) => [`BEGIN; ${statement}; COMMIT; ${LOOT}`]],
  ["in a transaction left open", (statement) => [`BEGIN; ${statement}`, LOOT]],
  ["in a savepoint", (statement) => [`BEGIN; SAVEPOINT a; ${statement}; RELEASE a; ${LOOT}; COMMIT`]],
  [
    "in DO, with its error caught",
    (statement) => [`DO $do$ BEGIN EXECUTE ${quote(statement)}; EXCEPTION WHEN OTHERS THEN NULL; END $do$; ${LOOT}`]
  ],
  [
    "in DO after COMMIT",
    (statement) => [
      `DO $do$ BEGIN COMMIT; EXECUTE ${quote(statement)}; UPDATE vault.secret SET value = 'stolen'; END $do$`
    ]
  ],
  [
    "in a function",
    (statement) => [
      `CREATE FUNCTION sandbox.f() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN EXECUTE ${quote(statement)}; END $f$`,
      `SELECT sandbox.f(); ${LOOT}`
    ]
  ],
  [
    "in a procedure that commits",
    (statement) => [
      `CREATE PROCEDURE sandbox.p() LANGUAGE plpgsql AS $f$
       BEGIN COMMIT; EXECUTE ${quote(statement)}; COMMIT; UPDATE vault.secret SET value = 'stolen'; END $f$`,
      "CALL sandbox.p()"
    ]
  ],
  [
    "in a SECURITY DEFINER function of its own",
    (statement) => [
      `CREATE FUNCTION sandbox.f() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $f$
       BEGIN EXECUTE ${quote(statement)}; END $f$; SELECT sandbox.f(); ${LOOT}`
    ]
  ]
]

const identityAttacks: ReadonlyArray<Attack> = identities.flatMap((statement) =>
  carriers.map(([name, carry]) => ({ name: `${statement} ${name}`, requests: carry(statement) }))
)

const sessionAttacks: Readonly<Record<string, ReadonlyArray<string>>> = {
  "plain read": ["SELECT value FROM vault.secret"],
  "plain write": ["UPDATE vault.secret SET value = 'stolen'"],
  truncate: ["TRUNCATE vault.secret"],
  drop: ["DROP TABLE vault.secret"],
  "drop schema": ["DROP SCHEMA vault CASCADE"],
  lock: ["LOCK TABLE vault.secret"],
  "another key's table": ["SELECT * FROM private.notes"],
  "function with SET role": [
    `CREATE FUNCTION sandbox.f() RETURNS SETOF text LANGUAGE sql SET role = 'postgres' AS 'SELECT value FROM vault.secret'`,
    "SELECT sandbox.f()"
  ],
  "function with SET session_authorization": [
    `CREATE FUNCTION sandbox.f() RETURNS text LANGUAGE plpgsql SET session_authorization = 'postgres'
     AS $$ BEGIN RETURN (SELECT value FROM vault.secret); END $$; SELECT sandbox.f()`
  ],
  "procedure with SET role": [
    `CREATE PROCEDURE sandbox.p() LANGUAGE plpgsql SET role = 'postgres' AS $$ BEGIN UPDATE vault.secret SET value = 'stolen'; END $$;
     CALL sandbox.p()`
  ],
  "ALTER FUNCTION SET role": [
    `CREATE FUNCTION sandbox.f() RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT value FROM vault.secret; END $$;
     ALTER FUNCTION sandbox.f() SET role = 'postgres'; SELECT sandbox.f()`
  ],
  "function given to postgres": [
    `CREATE FUNCTION sandbox.f() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user::text';
     ALTER FUNCTION sandbox.f() OWNER TO postgres; SELECT sandbox.f()`
  ],
  "table given to postgres": ["CREATE TABLE sandbox.t (a int); ALTER TABLE sandbox.t OWNER TO postgres"],
  "prepared statement for the next caller": ["PREPARE probe AS SELECT 'prepared by attacker'", "EXECUTE probe"],
  "prepared identity change": ["PREPARE p AS SELECT set_config('role', 'postgres', false); EXECUTE p; " + LOOT],
  deallocate: ["DEALLOCATE ALL; " + LOOT],
  "cursor WITH HOLD left open": ["DECLARE c CURSOR WITH HOLD FOR SELECT 1; BEGIN", "FETCH ALL FROM c"],
  "cursor WITH HOLD over the secret": [
    "BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT value FROM vault.secret; COMMIT; FETCH ALL FROM c"
  ],
  "cursor WITH HOLD over a function": [
    `CREATE FUNCTION sandbox.f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT value FROM vault.secret); END $$;
     BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT sandbox.f(); COMMIT; FETCH ALL FROM c`
  ],
  "cursor materialised by the end of the request": [
    `CREATE TABLE sandbox.got (value text)`,
    `CREATE FUNCTION sandbox.f() RETURNS text LANGUAGE plpgsql AS $$
     BEGIN INSERT INTO sandbox.got SELECT value FROM vault.secret; RETURN 'x'; END $$;
     DECLARE c CURSOR WITH HOLD FOR SELECT sandbox.f()`,
    "SELECT * FROM sandbox.got"
  ],
  "deferred trigger": [
    `CREATE TABLE sandbox.t (a int); CREATE TABLE sandbox.got (value text);
     CREATE FUNCTION sandbox.f() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN INSERT INTO sandbox.got SELECT value FROM vault.secret; RETURN NULL; END $$;
     CREATE CONSTRAINT TRIGGER t AFTER INSERT ON sandbox.t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sandbox.f()`,
    "INSERT INTO sandbox.t VALUES (1)",
    "BEGIN; INSERT INTO sandbox.t VALUES (1)",
    "SELECT * FROM sandbox.got"
  ],
  "deferred trigger that changes roles": [
    `CREATE TABLE sandbox.t (a int);
     CREATE FUNCTION sandbox.f() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN PERFORM set_config('role', 'postgres', false); UPDATE vault.secret SET value = 'stolen'; RETURN NULL; END $$;
     CREATE CONSTRAINT TRIGGER t AFTER INSERT ON sandbox.t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sandbox.f()`,
    "BEGIN; INSERT INTO sandbox.t VALUES (1); RESET ROLE; COMMIT",
    "INSERT INTO sandbox.t VALUES (1)"
  ],
  "transaction left open": ["BEGIN; CREATE TABLE sandbox.t (a int)"],
  "transaction left aborted": ["BEGIN; SELECT 1/0"],
  "prepared transaction": ["BEGIN; CREATE TABLE sandbox.t (a int); PREPARE TRANSACTION 'x'"],
  "read-only session": [
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "SET default_transaction_read_only = on"
  ],
  "serializable session": ["SET default_transaction_isolation = serializable; SET default_transaction_deferrable = on"],
  "read-only role": ["ALTER ROLE attacker SET default_transaction_read_only = on", "SELECT 1"],
  "role with another role": ["ALTER ROLE attacker SET role = 'postgres'", LOOT],
  "role with another session": ["ALTER ROLE attacker SET session_authorization = 'postgres'", LOOT],
  "role with a search path of traps": [
    `CREATE FUNCTION sandbox.set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql AS $$
     BEGIN UPDATE vault.secret SET value = 'stolen'; RETURN 'x'; END $$;
     ALTER ROLE attacker SET search_path = sandbox, pg_catalog`,
    "SELECT 1"
  ],
  "role that exits on errors": ["ALTER ROLE attacker SET exit_on_error = on", "SELECT 1"],
  "own password": ["ALTER ROLE attacker PASSWORD 'x'", "SELECT 1"],
  "own password, by another name": ["ALTER USER CURRENT_USER WITH ENCRYPTED PASSWORD 'x'", "SELECT 1"],
  "own password, taken away": ["ALTER ROLE SESSION_USER PASSWORD NULL", "SELECT 1"],
  "own password in a function": [
    "DO $$ BEGIN EXECUTE 'ALTER ROLE ' || current_user || ' PASSWORD ''x'''; END $$",
    "SELECT 1"
  ],
  "own password, with its error caught": [
    "DO $$ BEGIN ALTER ROLE CURRENT_USER PASSWORD 'x'; EXCEPTION WHEN OTHERS THEN NULL; END $$",
    "SELECT 1"
  ],
  "own password, committed before an error": [
    "BEGIN; ALTER ROLE attacker PASSWORD 'x'; COMMIT; SELECT 1/0",
    "SELECT 1"
  ],
  "own password by a trigger": [
    `CREATE TABLE sandbox.t (a int);
     CREATE FUNCTION sandbox.f() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN ALTER ROLE attacker PASSWORD 'x'; RETURN NEW; END $$;
     CREATE TRIGGER t BEFORE INSERT ON sandbox.t FOR EACH ROW EXECUTE FUNCTION sandbox.f();
     INSERT INTO sandbox.t VALUES (1)`,
    "SELECT 1"
  ],
  "own encoding": ["ALTER ROLE CURRENT_USER SET client_encoding = 'LATIN1'", "SELECT 1"],
  "own search path": ["ALTER ROLE CURRENT_USER SET search_path = nowhere", "SELECT 1"],
  "own search path in one database": [
    `DO $$ BEGIN
       EXECUTE format('ALTER ROLE CURRENT_USER IN DATABASE %I SET search_path = nowhere', current_database());
     END $$`,
    "SELECT 1"
  ],
  "own settings, taken away": ["ALTER ROLE CURRENT_USER RESET ALL", "SELECT 1"],
  "own settings from those of the session": [
    "SET TimeZone = 'Asia/Tokyo'; ALTER ROLE CURRENT_USER SET TimeZone FROM CURRENT",
    "SELECT 1"
  ],
  "own timeout": ["ALTER ROLE CURRENT_USER SET statement_timeout = 1", "SELECT 1"],
  "a setting of its own invention": ["ALTER ROLE CURRENT_USER SET my.setting = 'x'", "SELECT 1"],
  "itself granted to others": [
    "GRANT attacker TO victim",
    "GRANT attacker TO publicuser",
    "GRANT attacker TO victim WITH ADMIN OPTION"
  ],
  "itself renamed": ["ALTER ROLE attacker RENAME TO somebody"],
  "a comment on itself": ["COMMENT ON ROLE attacker IS 'x'"],
  "everything it owns and holds, dropped": ["DROP OWNED BY CURRENT_USER"],
  "random numbers that repeat": ["SELECT setseed(0.5)"],
  "an encoding of the session": ["SET client_encoding = 'SQL_ASCII'", "SELECT 1"],
  "another role's settings": ["ALTER ROLE victim SET search_path = sandbox"],
  "everybody's settings": ["ALTER ROLE ALL SET search_path = sandbox"],
  "the database's settings": ["ALTER DATABASE postgres SET search_path = sandbox"],
  listen: ["LISTEN channel; NOTIFY channel, 'x'"],
  "advisory lock": ["SELECT pg_advisory_lock(1), pg_advisory_lock(2)"],
  "temporary table": ["CREATE TEMP TABLE secret (value text); INSERT INTO secret VALUES ('planted')"],
  "temporary table over a catalogue": [
    "CREATE TEMP TABLE pg_authid (rolname name, oid oid); CREATE TEMP TABLE pg_class (relname name)"
  ],
  "temporary function": [
    `CREATE FUNCTION pg_temp.lower(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN UPDATE vault.secret SET value = 'stolen'; RETURN 'x'; END $$;
     SET search_path = pg_temp, public`
  ],
  "sequence cache": ["CREATE SEQUENCE sandbox.s CACHE 1000; SELECT nextval('sandbox.s')"],
  "custom setting": ["SET carto.user = 'victim'; SELECT set_config('carto.role', 'postgres', false)"],
  "kill this backend": ["SELECT pg_terminate_backend(pg_backend_pid())"],
  "cancel this backend": ["SELECT pg_cancel_backend(pg_backend_pid()); SELECT 1"],
  "exit on error": ["SET exit_on_error = on; SELECT 1/0"],
  "stack overflow in plpgsql": [
    `CREATE FUNCTION sandbox.f(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN sandbox.f(n + 1); END $$`,
    "SELECT sandbox.f(0)"
  ],
  "stack overflow in SQL": [
    `CREATE FUNCTION sandbox.f(n int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
     CREATE OR REPLACE FUNCTION sandbox.f(n int) RETURNS int LANGUAGE sql AS $$ SELECT sandbox.f(n + 1) $$; SELECT sandbox.f(0)`
  ],
  "stack overflow in an expression": [`SELECT ${"(".repeat(20_000)}1${")".repeat(20_000)}`],
  "stack overflow in a trigger": [
    `CREATE TABLE sandbox.t (a int);
     CREATE FUNCTION sandbox.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO sandbox.t VALUES (1); RETURN NEW; END $$;
     CREATE TRIGGER t BEFORE INSERT ON sandbox.t FOR EACH ROW EXECUTE FUNCTION sandbox.f(); INSERT INTO sandbox.t VALUES (1)`
  ],
  "stack overflow in JSON": [`SELECT repeat('[', 1000000)::json`],
  "stack overflow in a regular expression": [`SELECT 'x' ~ repeat('(', 100000)`],
  "too much memory": ["SELECT repeat('x', 2000000000)", "SELECT array_fill(1, ARRAY[300000000])"],
  "huge answer": ["SELECT repeat('x', 1000000) FROM generate_series(1, 300)"],
  "NUL in a text": ["SELECT 1;\u0000 SELECT value FROM vault.secret"],
  "invalid UTF-8 by escape": [String.raw`SELECT E'\xff\xfe'`],
  nothing: ["", ";", "-- only a comment"]
}

const setting = (name: string, value: string): readonly [string, ReadonlyArray<string>] => [
  `SET ${name}`,
  [`SET ${name} = ${value}; ${LOOT}`, `SET ${name} = ${value}`]
]

/** Settings that change what others see, or that only a superuser may change. */
const settingAttacks: Readonly<Record<string, ReadonlyArray<string>>> = Object.fromEntries([
  setting("session_preload_libraries", "'plpgsql'"),
  setting("local_preload_libraries", "'plpgsql'"),
  setting("shared_preload_libraries", "'plpgsql'"),
  setting("dynamic_library_path", `'${DATA_DIRECTORY}'`),
  setting("zero_damaged_pages", "on"),
  setting("allow_system_table_mods", "on"),
  setting("ignore_system_indexes", "on"),
  setting("session_replication_role", "replica"),
  setting("row_security", "off"),
  setting("is_superuser", "on"),
  setting("max_stack_depth", "'1GB'"),
  setting("log_statement", "'all'"),
  setting("data_directory", `'${DATA_DIRECTORY}/elsewhere'`),
  setting("lo_compat_privileges", "on"),
  setting("search_path", "sandbox, pg_temp"),
  setting("statement_timeout", "1"),
  setting("lock_timeout", "1"),
  setting("transaction_timeout", "1"),
  setting("idle_session_timeout", "1"),
  setting("client_encoding", "'LATIN1'"),
  setting("client_min_messages", "error"),
  setting("standard_conforming_strings", "off"),
  setting("backslash_quote", "on"),
  setting("TimeZone", "'Asia/Tokyo'"),
  setting("DateStyle", "'SQL, DMY'"),
  setting("IntervalStyle", "iso_8601"),
  setting("bytea_output", "escape"),
  setting("extra_float_digits", "-5"),
  setting("default_tablespace", "'pg_global'"),
  setting("temp_tablespaces", "'pg_global'"),
  setting("default_table_access_method", "'heap'"),
  setting("check_function_bodies", "off"),
  setting("quote_all_identifiers", "on"),
  setting("enable_seqscan", "off"),
  setting("password_encryption", "'md5'"),
  setting("event_triggers", "off"),
  setting("createrole_self_grant", "'set, inherit'"),
  setting("application_name", "'victim'")
])

/** Code that waits for the emulator's own statements, or for another key's. */
const trapAttacks: Readonly<Record<string, ReadonlyArray<string>>> = {
  "overloaded functions in public": [
    ["lower(name)", "name"],
    ["has_table_privilege(name, oid, text)", "boolean"],
    ["count(integer)", "integer"],
    ["current_setting(name)", "text"],
    ["format_type(integer, integer)", "text"],
    ["unnest(name[])", "text"]
  ].map(
    ([signature = "", result = ""]) =>
      `CREATE FUNCTION public.${signature} RETURNS ${result} LANGUAGE plpgsql AS $$
       BEGIN UPDATE vault.secret SET value = 'stolen'; RETURN NULL; END $$`
  ),
  "overloaded operators in public": [
    `CREATE FUNCTION public.f(name, text) RETURNS boolean LANGUAGE plpgsql AS $$
     BEGIN UPDATE vault.secret SET value = 'stolen'; RETURN true; END $$`,
    "CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = public.f)",
    "CREATE OPERATOR public.<> (LEFTARG = name, RIGHTARG = text, FUNCTION = public.f)"
  ],
  "own types, casts and domains": [
    `CREATE DOMAIN public.name AS text CHECK (VALUE <> 'x'); CREATE TYPE public.oid AS (a int);
     CREATE TYPE sandbox.e AS ENUM ('a')`,
    `CREATE FUNCTION sandbox.cast_to_text(sandbox.e) RETURNS text LANGUAGE plpgsql AS $$
     BEGIN UPDATE vault.secret SET value = 'stolen'; RETURN 'x'; END $$;
     CREATE CAST (sandbox.e AS text) WITH FUNCTION sandbox.cast_to_text AS IMPLICIT`
  ],
  "tables named like catalogues in public": [
    `CREATE TABLE public.pg_class (oid oid, relname name); CREATE TABLE public.pg_roles (rolname name);
     CREATE VIEW public.pg_authid AS SELECT 'attacker'::name AS rolname`
  ],
  "trap in a rule": [
    `CREATE TABLE sandbox.t (a int);
     CREATE FUNCTION sandbox.f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN UPDATE vault.secret SET value = 'stolen'; RETURN 1; END $$;
     CREATE RULE r AS ON INSERT TO sandbox.t DO ALSO SELECT sandbox.f(); GRANT ALL ON sandbox.t TO PUBLIC`,
    "INSERT INTO sandbox.t VALUES (1)"
  ],
  "trap in a view": [
    `CREATE FUNCTION sandbox.f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN UPDATE vault.secret SET value = 'stolen'; RETURN 1; END $$;
     CREATE VIEW sandbox.v AS SELECT sandbox.f() AS a; GRANT SELECT ON sandbox.v TO PUBLIC; SELECT * FROM sandbox.v`
  ],
  "view over the secret": ["CREATE VIEW sandbox.v AS SELECT * FROM vault.secret; SELECT * FROM sandbox.v"],
  "view over the secret as invoker": [
    "CREATE VIEW sandbox.v WITH (security_invoker = true) AS SELECT * FROM vault.secret; SELECT * FROM sandbox.v"
  ],
  "view with a leaky function": [
    `CREATE FUNCTION sandbox.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$;
     SELECT * FROM public.limited WHERE sandbox.leak(value)`
  ],
  "materialized view of a trap": [
    `CREATE FUNCTION sandbox.f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT value FROM vault.secret); END $$;
     CREATE MATERIALIZED VIEW sandbox.m AS SELECT sandbox.f() AS a WITH NO DATA`,
    "REFRESH MATERIALIZED VIEW sandbox.m; SELECT * FROM sandbox.m"
  ],
  "trap in an index expression": [
    `CREATE TABLE sandbox.t (a int); INSERT INTO sandbox.t VALUES (1);
     CREATE FUNCTION sandbox.f(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM value FROM vault.secret; RETURN 1; END $$;
     CREATE INDEX ON sandbox.t (sandbox.f(a)); ANALYZE sandbox.t; REINDEX TABLE sandbox.t`
  ],
  "trap in an index that somebody else rebuilds": [
    `CREATE TABLE sandbox.t (a int); CREATE FUNCTION sandbox.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
     CREATE INDEX i ON sandbox.t (sandbox.f(a)); INSERT INTO sandbox.t VALUES (1);
     CREATE OR REPLACE FUNCTION sandbox.f(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
     BEGIN UPDATE vault.secret SET value = 'stolen'; RETURN 1; END $$`,
    "VACUUM sandbox.t",
    "ANALYZE sandbox.t",
    "REINDEX INDEX sandbox.i"
  ],
  "trap in a default": [
    `CREATE FUNCTION sandbox.f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN UPDATE vault.secret SET value = 'stolen'; RETURN 1; END $$;
     CREATE TABLE sandbox.t (a int DEFAULT sandbox.f()); INSERT INTO sandbox.t DEFAULT VALUES`
  ],
  "trap in a constraint": [
    `CREATE FUNCTION sandbox.f(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN UPDATE vault.secret SET value = 'stolen'; RETURN true; END $$;
     CREATE TABLE sandbox.t (a int CHECK (sandbox.f(a))); INSERT INTO sandbox.t VALUES (1)`
  ],
  "trap in a generated column": [
    `CREATE FUNCTION sandbox.f(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN UPDATE vault.secret SET value = 'stolen'; RETURN 1; END $$;
     CREATE TABLE sandbox.t (a int, b int GENERATED ALWAYS AS (sandbox.f(a)) STORED); INSERT INTO sandbox.t VALUES (1)`
  ],
  "trap in a row-level policy": [
    `CREATE FUNCTION sandbox.f() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN UPDATE vault.secret SET value = 'stolen'; RETURN true; END $$;
     CREATE TABLE sandbox.t (a int); ALTER TABLE sandbox.t ENABLE ROW LEVEL SECURITY; ALTER TABLE sandbox.t FORCE ROW LEVEL SECURITY;
     CREATE POLICY p ON sandbox.t USING (sandbox.f()); SELECT * FROM sandbox.t`
  ],
  "trap in a trigger": [
    `CREATE TABLE sandbox.t (a int); GRANT ALL ON sandbox.t TO PUBLIC; GRANT USAGE ON SCHEMA sandbox TO PUBLIC;
     CREATE FUNCTION sandbox.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE vault.secret SET value = 'stolen'; RETURN NEW; END $$;
     CREATE TRIGGER t BEFORE INSERT ON sandbox.t FOR EACH ROW EXECUTE FUNCTION sandbox.f(); INSERT INTO sandbox.t VALUES (1)`
  ],
  "trigger on another's table": [
    `CREATE FUNCTION sandbox.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
     CREATE TRIGGER t BEFORE INSERT ON vault.secret FOR EACH ROW EXECUTE FUNCTION sandbox.f()`
  ],
  "event trigger": [
    `CREATE FUNCTION sandbox.f() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE vault.secret SET value = 'stolen'; END $$;
     CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION sandbox.f()`
  ],
  "login event trigger": [
    `CREATE FUNCTION sandbox.f() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
     CREATE EVENT TRIGGER e ON login EXECUTE FUNCTION sandbox.f()`
  ],
  "foreign key into the secret": ["CREATE TABLE sandbox.t (a text REFERENCES vault.secret (value))"],
  "child of another's table": ["CREATE TABLE sandbox.t () INHERITS (vault.secret)"],
  "default privileges of others": ["ALTER DEFAULT PRIVILEGES FOR ROLE victim GRANT ALL ON TABLES TO attacker"],
  "statistics on another's table": ["CREATE STATISTICS sandbox.s ON value, id FROM vault.secret"],
  "planner statistics of another's table": [
    "SELECT most_common_vals::text FROM pg_stats WHERE schemaname = 'vault'",
    "SELECT * FROM pg_catalog.pg_statistic"
  ],
  "operator class": [
    `CREATE FUNCTION sandbox.cmp(int, int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 0; END $$;
     CREATE OPERATOR CLASS sandbox.c FOR TYPE int USING btree AS FUNCTION 1 sandbox.cmp(int, int)`
  ],
  "aggregate with a trap": [
    `CREATE FUNCTION sandbox.f(int, int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN UPDATE vault.secret SET value = 'stolen'; RETURN 1; END $$;
     CREATE AGGREGATE public.max(int) (SFUNC = sandbox.f, STYPE = int); SELECT public.max(1)`
  ]
}

/** What only a superuser, or the owner, may do. */
const privilegeAttacks: Readonly<Record<string, ReadonlyArray<string>>> = {
  "superuser by ALTER ROLE": ["ALTER ROLE attacker SUPERUSER"],
  "createrole by ALTER ROLE": ["ALTER ROLE attacker CREATEROLE CREATEDB REPLICATION BYPASSRLS"],
  "another's password": ["ALTER ROLE victim PASSWORD 'known'"],
  "superuser's password": ["ALTER ROLE postgres PASSWORD 'known'"],
  "rename a role": ["ALTER ROLE victim RENAME TO nobody"],
  "create a role": ["CREATE ROLE friend SUPERUSER LOGIN"],
  "drop a role": ["DROP ROLE victim"],
  "grant oneself superuser": ["GRANT postgres TO attacker"],
  "grant oneself another key": ["GRANT victim TO attacker; SET ROLE victim"],
  "grant oneself predefined roles": [
    "GRANT pg_read_all_data, pg_write_all_data, pg_execute_server_program TO attacker"
  ],
  "grant oneself the table": ["GRANT ALL ON vault.secret TO attacker"],
  "grant oneself the schema": ["GRANT ALL ON SCHEMA vault TO attacker"],
  "own what others own": ["REASSIGN OWNED BY victim TO attacker"],
  "drop what others own": ["DROP OWNED BY victim CASCADE", "DROP OWNED BY postgres CASCADE"],
  "own the database": ["ALTER DATABASE postgres OWNER TO attacker"],
  passwords: ["SELECT rolname, rolpassword FROM pg_catalog.pg_authid", "SELECT * FROM pg_catalog.pg_shadow"],
  "user mappings": ["SELECT * FROM pg_catalog.pg_user_mapping"],
  "write to a catalogue": ["UPDATE pg_catalog.pg_class SET relacl = NULL WHERE relname = 'secret'"],
  "write to roles": ["UPDATE pg_catalog.pg_authid SET rolsuper = true", "DELETE FROM pg_catalog.pg_auth_members"],
  "function in pg_catalog": ["CREATE FUNCTION pg_catalog.owned() RETURNS int LANGUAGE sql AS 'SELECT 1'"],
  "table in pg_catalog": ["CREATE TABLE pg_catalog.owned (a int)"],
  "replace a built-in": ["CREATE OR REPLACE FUNCTION pg_catalog.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'"],
  "CARTO's configuration": ["SELECT * FROM cartodb.cdb_conf", "INSERT INTO cartodb.cdb_conf VALUES ('x', '{}')"],
  "CARTO's configuration by function": [
    "SELECT cartodb.cdb_conf_getconf('secret')",
    "SELECT cartodb.cdb_conf_setconf('secret', '{}')"
  ],
  "replace CARTO's function": [
    "CREATE OR REPLACE FUNCTION cartodb.cdb_username() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$"
  ],
  "read a file": ["SELECT pg_read_file('PG_VERSION')", "SELECT pg_read_binary_file('global/pg_control')"],
  "list files": ["SELECT pg_ls_dir('.')", "SELECT * FROM pg_ls_waldir()", "SELECT pg_stat_file('PG_VERSION')"],
  "COPY from a file": ["CREATE TABLE sandbox.t (a text); COPY sandbox.t FROM '/etc/passwd'"],
  "COPY to a file": [`COPY (SELECT 'x') TO '${DATA_DIRECTORY}/owned'`],
  "COPY to PGlite's device": ["COPY (SELECT 'x') TO '/dev/blob'"],
  "COPY from a program": ["CREATE TABLE sandbox.t (a text); COPY sandbox.t FROM PROGRAM 'id'"],
  "COPY to a program": [`COPY (SELECT 'x') TO PROGRAM 'cat > ${DATA_DIRECTORY}/owned'`],
  "COPY the secret": ["COPY vault.secret TO STDOUT", "COPY (SELECT * FROM vault.secret) TO STDOUT"],
  "COPY into the secret": ["COPY vault.secret FROM STDIN"],
  "COPY that waits for data": ["CREATE TABLE sandbox.t (a text); COPY sandbox.t FROM STDIN"],
  "import a large object": ["SELECT lo_import('/etc/passwd')"],
  "export a large object": [`SELECT lo_export(lo_from_bytea(0, 'x'), '${DATA_DIRECTORY}/owned')`],
  "another's large object": [
    "SELECT lo_get(4242)",
    "SELECT lo_unlink(4242)",
    "ALTER LARGE OBJECT 4242 OWNER TO attacker"
  ],
  "LANGUAGE C": ["CREATE FUNCTION sandbox.f() RETURNS int LANGUAGE c AS 'libc.so.6', 'system'"],
  "LANGUAGE internal": ["CREATE FUNCTION sandbox.f(text) RETURNS text LANGUAGE internal AS 'pg_read_file_all'"],
  "untrusted language": ["CREATE LANGUAGE plpython3u", "CREATE EXTENSION plpython3u"],
  "replace a language": ["CREATE OR REPLACE LANGUAGE plpgsql"],
  "load a library": [`LOAD '${DATA_DIRECTORY}/owned.so'`, "LOAD 'plpgsql'"],
  "create an extension": ["CREATE EXTENSION adminpack", "CREATE EXTENSION dblink", "CREATE EXTENSION file_fdw"],
  "foreign data": [
    "CREATE FOREIGN DATA WRAPPER w",
    "CREATE SERVER s FOREIGN DATA WRAPPER file_fdw",
    "IMPORT FOREIGN SCHEMA x FROM SERVER s INTO sandbox"
  ],
  "ALTER SYSTEM": ["ALTER SYSTEM SET shared_preload_libraries = 'x'"],
  "reload the configuration": ["SELECT pg_reload_conf()", "SELECT pg_rotate_logfile()", "SELECT pg_switch_wal()"],
  checkpoint: ["CHECKPOINT"],
  tablespace: [`CREATE TABLESPACE t LOCATION '${DATA_DIRECTORY}'`],
  database: ["CREATE DATABASE d", "DROP DATABASE postgres", "DROP DATABASE template1"],
  publication: ["CREATE PUBLICATION p FOR ALL TABLES", "SELECT pg_create_logical_replication_slot('s', 'pgoutput')"],
  subscription: ["CREATE SUBSCRIPTION s CONNECTION 'dbname=postgres' PUBLICATION p"],
  "security label": ["SECURITY LABEL ON ROLE attacker IS 'x'"],
  "comment on others": ["COMMENT ON ROLE postgres IS 'owned'", "COMMENT ON TABLE vault.secret IS 'owned'"],
  "schema over an account's": ["CREATE SCHEMA vault AUTHORIZATION attacker", "ALTER SCHEMA vault OWNER TO attacker"],
  "move a table into a schema": ["CREATE TABLE sandbox.t (a int); ALTER TABLE sandbox.t SET SCHEMA vault"],
  "query by text": [
    "SELECT query_to_xml('SELECT value FROM vault.secret', true, true, '')",
    "SELECT table_to_xml('vault.secret', true, true, '')",
    "SELECT database_to_xml(true, true, '')"
  ],
  "explain the secret": ["EXPLAIN ANALYZE SELECT * FROM vault.secret"],
  "merge into the secret": [
    "MERGE INTO vault.secret s USING (SELECT 1 AS id) n ON s.id = n.id WHEN MATCHED THEN UPDATE SET value = 'stolen'"
  ],
  "error that tells": ["SELECT value::int FROM vault.secret", "INSERT INTO vault.secret VALUES (1, 'x')"]
}

const named = (group: Readonly<Record<string, ReadonlyArray<string>>>): ReadonlyArray<Attack> =>
  Object.entries(group).map(([name, requests]) => ({ name, requests }))

export const attacks: ReadonlyArray<Attack> = [
  ...identityAttacks,
  ...named(sessionAttacks),
  ...named(settingAttacks),
  ...named(trapAttacks),
  ...named(privilegeAttacks)
]
