/**
 * The initial contents of every CARTO database: the parts of the `cartodb` extension's schema that the Auth API and the
 * SQL API use. PostGIS provides the geometry.
 */

import { identifier } from "../shared/quoting.ts"

/** SQL that creates the role of anonymous readers, which all databases of a server share. */
export const createPublicRole: string = `
CREATE ROLE publicuser NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT LOGIN PASSWORD 'public';
`

/**
 * SQL that turns a new database into a CARTO database. Run it once, as superuser, on a server that has `publicuser`.
 *
 * It creates the schemas `cartodb` and `cdb_dataservices_client`, and the functions that services and users call by
 * name. It also creates the configuration and metadata tables, which only their owner can access.
 */
export const createSchemas: string = `
CREATE SCHEMA cartodb;
CREATE SCHEMA cdb_dataservices_client;
GRANT USAGE ON SCHEMA cartodb, cdb_dataservices_client TO PUBLIC;

CREATE TABLE cartodb.cdb_conf (key text PRIMARY KEY, value json NOT NULL);
CREATE TABLE cartodb.cdb_tablemetadata (
  tabname regclass NOT NULL PRIMARY KEY,
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
CREATE TABLE cartodb.cdb_analysis_catalog (
  node_id char(40) PRIMARY KEY,
  analysis_def json NOT NULL,
  input_nodes char(40)[] NOT NULL DEFAULT '{}',
  affected_tables regclass[] NOT NULL DEFAULT '{}',
  cache_tables regclass[] NOT NULL DEFAULT '{}',
  status char(10) NOT NULL DEFAULT 'pending',
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at timestamptz,
  used_at timestamptz,
  hits numeric NOT NULL DEFAULT 0,
  last_used_from char(40),
  last_modified_by uuid,
  last_error_message text,
  username text
);

CREATE FUNCTION cartodb.cdb_conf_getconf(conf text) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT value FROM cartodb.cdb_conf WHERE key = conf $$;
CREATE FUNCTION cartodb.cdb_conf_setconf(conf text, new_value json) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $$
  INSERT INTO cartodb.cdb_conf (key, value) VALUES (conf, new_value)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value
$$;
CREATE FUNCTION cartodb.cdb_conf_removeconf(conf text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $$ DELETE FROM cartodb.cdb_conf WHERE key = conf $$;
REVOKE ALL ON FUNCTION
  cartodb.cdb_conf_getconf(text), cartodb.cdb_conf_setconf(text, json), cartodb.cdb_conf_removeconf(text)
FROM PUBLIC;

CREATE FUNCTION cartodb.cdb_username() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT value ->> 'username' FROM cartodb.cdb_conf WHERE key = 'api_keys_' || session_user $$;

CREATE FUNCTION cartodb.cdb_tablemetadatatouch(tablename regclass) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
  INSERT INTO cartodb.cdb_tablemetadata (tabname, updated_at) VALUES (tablename, now())
  ON CONFLICT (tabname) DO UPDATE SET updated_at = excluded.updated_at
$$;

CREATE FUNCTION cartodb.cdb_usertables(perm text DEFAULT 'all') RETURNS SETOF name
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.relname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'cartodb', 'cdb_dataservices_client', 'topology')
    AND n.nspname NOT LIKE 'pg\\_%'
    AND c.relname <> 'spatial_ref_sys'
    AND has_schema_privilege(n.oid, 'USAGE')
    AND CASE perm
      WHEN 'public' THEN has_table_privilege('publicuser', c.oid, 'SELECT')
      WHEN 'private' THEN has_table_privilege(c.oid, 'SELECT') AND NOT has_table_privilege('publicuser', c.oid, 'SELECT')
      WHEN 'all' THEN has_table_privilege(c.oid, 'SELECT')
      ELSE false
    END
$$;

CREATE FUNCTION cartodb.cdb_columnnames(reloid regclass) RETURNS SETOF information_schema.sql_identifier
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
  SELECT attname::information_schema.sql_identifier
  FROM pg_attribute WHERE attrelid = reloid AND attnum > 0 AND NOT attisdropped ORDER BY attnum
$$;
CREATE FUNCTION cartodb.cdb_columntype(reloid regclass, columnname text) RETURNS information_schema.character_data
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format_type(atttypid, NULL)::information_schema.character_data
  FROM pg_attribute WHERE attrelid = reloid AND attname = columnname AND attnum > 0 AND NOT attisdropped
$$;

CREATE FUNCTION cartodb.cdb_querytablestext(query text) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
  -- A cursor takes one statement only, so nothing can be run by way of planning it.
  planner refcursor;
  plan text;
BEGIN
  OPEN planner FOR EXECUTE 'EXPLAIN (VERBOSE, FORMAT JSON) ' || query;
  FETCH planner INTO plan;
  CLOSE planner;
  RETURN ARRAY(
    SELECT DISTINCT pg_catalog.quote_ident(node ->> 'Schema') || '.' || pg_catalog.quote_ident(node ->> 'Relation Name')
    FROM pg_catalog.jsonb_path_query(plan::pg_catalog.jsonb, 'strict $.**') node
    WHERE pg_catalog.jsonb_typeof(node) = 'object' AND node ? 'Relation Name'
    ORDER BY 1
  );
END
$$;

CREATE FUNCTION cartodb.cdb_userdatasize(schemaname text) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint / 2
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = schemaname AND c.relkind IN ('r', 'm') AND c.relname <> 'spatial_ref_sys'
$$;
CREATE FUNCTION cartodb.cdb_userdatasize() RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$ SELECT cartodb.cdb_userdatasize('public') $$;
`

/** SQL that turns the only database of a new server into a CARTO database. */
export const setUp: string = createPublicRole + createSchemas

/**
 * SQL that creates the quota functions of an account's schema: `_CDB_UserQuotaInBytes()` and `CDB_UserQuotaInBytes()`.
 * `bytes` is the quota, by default 1 GiB. 0 means no quota. Run the SQL as superuser after the schema and its owner
 * exist.
 */
export const userQuota = (options: {
  readonly schema: string
  readonly owner: string
  readonly bytes?: number
}): string => {
  const schema = identifier(options.schema)
  const owner = identifier(options.owner)
  const bytes = String(Math.max(0, Math.trunc(options.bytes ?? 1_073_741_824)))
  return `
CREATE OR REPLACE FUNCTION ${schema}._cdb_userquotainbytes() RETURNS bigint
LANGUAGE sql IMMUTABLE AS 'SELECT ${bytes}::bigint';
CREATE OR REPLACE FUNCTION ${schema}.cdb_userquotainbytes() RETURNS bigint
LANGUAGE sql IMMUTABLE AS 'SELECT ${bytes}::bigint';
ALTER FUNCTION ${schema}._cdb_userquotainbytes() OWNER TO ${owner};
ALTER FUNCTION ${schema}.cdb_userquotainbytes() OWNER TO ${owner};
`
}
