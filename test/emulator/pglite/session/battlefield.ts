/** A database with a secret, an attacker and a victim, and checks whether an attack succeeded. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ConnectionError, Database, DatabaseError, Login, Message } from "../../../../src/emulator/database.ts"
import { type Attack, DATA_DIRECTORY } from "./attacks.ts"

const SECRET = "the secret that nobody may read"
export const attacker: Login = { role: "attacker", password: "attacker" }
const victim: Login = { role: "victim", password: "victim" }

/** Rights of the attacker: those of a key with CREATE on two schemas. */
const rights = [
  "GRANT publicuser TO attacker",
  "CREATE SCHEMA IF NOT EXISTS sandbox",
  "GRANT USAGE, CREATE ON SCHEMA sandbox TO attacker",
  "GRANT USAGE, CREATE ON SCHEMA public TO attacker",
  "GRANT SELECT ON public.limited TO attacker",
  "GRANT SELECT, INSERT ON public.shared TO attacker"
]

const fixture: ReadonlyArray<string> = [
  "CREATE ROLE attacker LOGIN PASSWORD 'attacker'",
  "CREATE ROLE victim LOGIN PASSWORD 'victim'",
  "GRANT publicuser TO victim",
  "CREATE SCHEMA vault",
  "CREATE TABLE vault.secret (id int PRIMARY KEY, value text)",
  `INSERT INTO vault.secret VALUES (1, '${SECRET}')`,
  "ANALYZE vault.secret",
  "CREATE SCHEMA private AUTHORIZATION victim",
  "CREATE TABLE private.notes AS SELECT * FROM vault.secret",
  "ALTER TABLE private.notes OWNER TO victim",
  "CREATE TABLE public.shared (a int)",
  "GRANT ALL ON public.shared TO victim",
  "CREATE VIEW public.limited WITH (security_barrier) AS SELECT id, value FROM vault.secret WHERE id > 1",
  `SELECT lo_from_bytea(4242, '${SECRET}')`,
  `INSERT INTO cartodb.cdb_conf VALUES ('secret', to_json('${SECRET}'::text))`,
  ...rights
]

/** Undoes what the attacker was allowed to do. */
export const restore: ReadonlyArray<string> = ["DROP OWNED BY attacker CASCADE", "TRUNCATE public.shared", ...rights]

/** What the Auth API does as superuser while the attacker's objects are there. */
const administration: ReadonlyArray<string> = [
  "CREATE ROLE newcomer LOGIN PASSWORD 'newcomer'",
  "GRANT publicuser TO newcomer",
  `ALTER ROLE newcomer SET search_path = "public", cartodb, cdb_dataservices_client, public`,
  "GRANT SELECT, INSERT ON TABLE public.shared TO newcomer",
  "GRANT USAGE, CREATE ON SCHEMA public TO newcomer",
  `INSERT INTO cartodb.cdb_conf (key, value) VALUES ('api_keys_newcomer', '{"username": "alice"}')
   ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
  "DELETE FROM cartodb.cdb_conf WHERE key = 'api_keys_newcomer'",
  "REASSIGN OWNED BY newcomer TO victim",
  "DROP OWNED BY newcomer",
  "DROP ROLE newcomer"
]

/** Everything that no attack may change, as one value. */
const FINGERPRINT = `
  SELECT json_build_array(
    (SELECT json_agg(s ORDER BY id) FROM vault.secret s),
    (SELECT json_agg(s ORDER BY id) FROM private.notes s),
    (SELECT json_agg(c ORDER BY key) FROM cartodb.cdb_conf c),
    (SELECT json_agg(row(rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,
       rolbypassrls, rolconnlimit, CASE WHEN rolname <> 'attacker' THEN rolpassword END)::text ORDER BY rolname) FROM pg_authid),
    (SELECT json_agg(row(roleid::regrole, member::regrole, admin_option)::text ORDER BY roleid, member) FROM pg_auth_members),
    (SELECT json_agg(row(setdatabase, setrole, setconfig)::text ORDER BY setdatabase, setrole) FROM pg_db_role_setting),
    (SELECT json_agg(row(nspname, nspowner::regrole)::text ORDER BY nspname) FROM pg_namespace
       WHERE nspname NOT LIKE 'pg\\_%temp%' AND nspowner <> 'attacker'::regrole),
    (SELECT json_agg(row(relnamespace::regnamespace, relname, relowner::regrole, relacl, reltriggers)::text ORDER BY oid)
       FROM (SELECT c.*, (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = c.oid) AS reltriggers FROM pg_class c) c
       WHERE relowner <> 'attacker'::regrole AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)),
    (SELECT md5(string_agg(row(oid, proname, proowner, prosrc, proacl, proconfig, prosecdef)::text, ',' ORDER BY oid)) FROM pg_proc
       WHERE proowner <> 'attacker'::regrole),
    (SELECT md5(string_agg(row(oid, oprname)::text, ',' ORDER BY oid)) FROM pg_operator WHERE oprowner <> 'attacker'::regrole),
    (SELECT json_agg(row(datname, datdba, datacl)::text ORDER BY datname) FROM pg_database),
    (SELECT json_agg(defaclrole::regrole ORDER BY oid) FROM pg_default_acl),
    (SELECT json_agg(evtname ORDER BY oid) FROM pg_event_trigger),
    (SELECT json_agg(extname ORDER BY oid) FROM pg_extension),
    (SELECT json_agg(lanname ORDER BY oid) FROM pg_language),
    (SELECT json_agg(fdwname ORDER BY oid) FROM pg_foreign_data_wrapper),
    (SELECT json_agg(srvname ORDER BY oid) FROM pg_foreign_server),
    (SELECT json_agg(pubname ORDER BY oid) FROM pg_publication),
    (SELECT json_agg(spcname ORDER BY oid) FROM pg_tablespace),
    (SELECT json_agg(row(oid, lomowner)::text ORDER BY oid) FROM pg_largeobject_metadata WHERE lomowner <> 'attacker'::regrole),
    (SELECT json_agg(description ORDER BY objoid, classoid) FROM pg_shdescription),
    (SELECT json_agg(description ORDER BY objoid) FROM pg_description WHERE objoid = 'vault.secret'::regclass),
    (pg_stat_file('owned', true)).size,
    (SELECT json_agg(name || '=' || setting ORDER BY name) FROM pg_settings WHERE source NOT IN ('default', 'override'))
  )::text AS fingerprint`

/** What the next caller's session looks like, as one row. */
const SESSION = `
  SELECT session_user, current_user, pg_catalog.current_setting('role'), pg_catalog.current_setting('is_superuser'),
    pg_catalog.current_setting('transaction_read_only'), pg_catalog.current_setting('transaction_isolation'),
    (SELECT pg_catalog.json_agg(name || '=' || setting ORDER BY name) FROM pg_catalog.pg_settings WHERE source = 'session'),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_statements),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_cursors WHERE name <> ''),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_listening_channels()),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory'),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class WHERE relpersistence = 't'),
    pg_catalog.current_setting('search_path'), pg_catalog.current_setting('TimeZone'),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_proc WHERE pronamespace = pg_catalog.pg_my_temp_schema()),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_type WHERE typnamespace = pg_catalog.pg_my_temp_schema()),
    pg_catalog.lower('X'), 1 = 1`

/** What the attacker's own next session looks like, as one row. */
const OWN_SESSION = `
  SELECT session_user, pg_catalog.current_setting('search_path'), pg_catalog.current_setting('client_encoding'),
    pg_catalog.current_setting('TimeZone'), 1 = 1`

/** Whether anything the database has said to a caller gives the secret away. */
const tells = (messages: ReadonlyArray<Message>): boolean =>
  messages.some((message) => {
    if (message._tag === "CopyData") return new TextDecoder().decode(message.data).includes(SECRET)
    return JSON.stringify(message).includes(SECRET)
  })

export interface Battlefield {
  readonly database: Database
  readonly dataDirectory: string
  readonly fingerprint: string
  readonly session: string
}

export const run = (
  database: Database,
  login: Login,
  sql: string
): Effect.Effect<ReadonlyArray<Message>, ConnectionError> =>
  database.run({ login, sql, statementTimeout: 10_000 }).pipe(Stream.runCollect)

const fingerprintOf = (database: Database): Effect.Effect<string, ConnectionError | DatabaseError> =>
  Effect.map(database.superuser(FINGERPRINT), (rows) => rows[0]?.fingerprint ?? "")

// The attacker's own next session too: everybody who uses its key gets that session.
const sessionOf = (database: Database): Effect.Effect<string, ConnectionError> =>
  Effect.map(Effect.all([run(database, victim, SESSION), run(database, attacker, OWN_SESSION)]), (messages) =>
    JSON.stringify(messages)
  )

export const prepare: (database: Database) => Effect.Effect<Battlefield, ConnectionError | DatabaseError> =
  Effect.fnUntraced(function* (database) {
    yield* database.superuserTransaction(fixture)
    const [directory] = yield* database.superuser("SHOW data_directory")
    return {
      database,
      dataDirectory: directory?.data_directory ?? "",
      fingerprint: yield* fingerprintOf(database),
      session: yield* sessionOf(database)
    }
  })

/** Lets the attacker attack, then the emulator do its work among what the attacker has left; says what went wrong. */
export const attempt: (
  field: Battlefield,
  attack: Attack
) => Effect.Effect<ReadonlyArray<string>, ConnectionError | DatabaseError> = Effect.fnUntraced(function* (
  { database, dataDirectory, fingerprint, session },
  { requests }
) {
  const problems: Array<string> = []
  for (const written of requests) {
    const request = written.replaceAll(DATA_DIRECTORY, dataDirectory)
    const messages = yield* run(database, attacker, request).pipe(
      Effect.catchTag("ConnectionError", () => Effect.succeed([]))
    )
    if (tells(messages)) problems.push(`the answer to ${request.slice(0, 100)} tells the secret`)
    const next = yield* sessionOf(database)
    if (next !== session) problems.push(`the next caller sees ${next} after ${request.slice(0, 100)}`)
  }
  yield* database.superuserTransaction(administration)
  const after = yield* fingerprintOf(database)
  if (after !== fingerprint) problems.push(`what no attack may change has become ${after}`)
  return problems
})
