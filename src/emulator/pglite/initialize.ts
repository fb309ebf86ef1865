/** Turns an empty PostgreSQL database into a CARTO database. */
import * as Effect from "effect/Effect"
import type { ConnectionError, Database, DatabaseError } from "../database.ts"
import { setUp } from "../schema/cartoSchema.ts"
import { createFunctions, hasFunctions } from "../schema/functions/index.ts"

/** SQL that installs PostGIS in a database. */
export const installPostgis: string = "CREATE EXTENSION IF NOT EXISTS postgis SCHEMA public"

/**
 * The encoding conversions that PGlite can run. All other conversions call a function that its build lacks, which ends
 * PostgreSQL.
 */
const CONVERSIONS = "('euc_cn_to_mic', 'iso_8859_1_to_utf8', 'sjis_to_mic')"

/**
 * SQL for features that PGlite lacks, with PostgreSQL's own error messages. Conversions that would end PostgreSQL are
 * removed, so that PostgreSQL reports them as missing. A backend cancels and terminates itself without signals, which
 * PGlite does not have.
 */
export const adaptToPglite: string = `
UPDATE pg_catalog.pg_proc SET proname = 'builtin_' || proname
WHERE oid < 16384 AND proname IN ('pg_cancel_backend', 'pg_terminate_backend');
CREATE FUNCTION pg_catalog.pg_cancel_backend(integer) RETURNS boolean
LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF $1 = pg_backend_pid() THEN
    RAISE EXCEPTION 'canceling statement due to user request' USING ERRCODE = 'query_canceled';
  END IF;
  RAISE WARNING 'PID % is not a PostgreSQL backend process', $1;
  RETURN false;
END $$;
CREATE FUNCTION pg_catalog.pg_terminate_backend(pid integer, timeout bigint DEFAULT 0) RETURNS boolean
LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF $1 = pg_backend_pid() THEN
    RAISE EXCEPTION 'terminating connection due to administrator command' USING ERRCODE = 'admin_shutdown';
  END IF;
  RAISE WARNING 'PID % is not a PostgreSQL backend process', $1;
  RETURN false;
END $$;
UPDATE pg_catalog.pg_proc SET proacl = '{postgres=X/postgres}' WHERE oid IN (
  SELECT conproc FROM pg_catalog.pg_conversion WHERE oid < 16384 AND conname NOT IN ${CONVERSIONS}
);
DELETE FROM pg_catalog.pg_conversion WHERE oid < 16384 AND conname NOT IN ${CONVERSIONS}`

const lacksAdaptation = (database: Database): Effect.Effect<boolean, ConnectionError | DatabaseError> =>
  Effect.map(
    database.superuser("SELECT 1 FROM pg_catalog.pg_conversion WHERE conname = 'utf8_to_iso_8859_1'"),
    (rows) => rows.length > 0
  )

const isSetUp = (database: Database): Effect.Effect<boolean, ConnectionError | DatabaseError> =>
  Effect.map(
    database.superuser("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'cartodb'"),
    (rows) => rows.length > 0
  )

/** Installs PostGIS, if the database should have it, and CARTO's schemas. Existing objects stay unchanged. */
export const initialize = (database: Database): Effect.Effect<void, ConnectionError | DatabaseError> =>
  Effect.gen(function* () {
    if (database.postgis) yield* database.superuserTransaction([installPostgis])
    if (yield* lacksAdaptation(database)) yield* database.superuserTransaction([adaptToPglite])
    if (!(yield* isSetUp(database))) yield* database.superuserTransaction([setUp])
    const functions = yield* database.superuser(hasFunctions)
    if (functions.length === 0) yield* database.superuserTransaction([createFunctions(database)])
  })
