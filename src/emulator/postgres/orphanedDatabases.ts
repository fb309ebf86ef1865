/** Drops a database together with the roles of its accounts and keys, which belong to the server. */
import * as Effect from "effect/Effect"
import { identifier } from "../shared/quoting.ts"
import type { ConnectionError, DatabaseError } from "../database.ts"
import { applicationName, runOf } from "./names.ts"
import type { Superuser } from "./superuser.ts"

// A key's role may own nothing and have no permissions. It is always linked to the role of its account, which owns a
// schema.
const ROLES = `
  WITH RECURSIVE ours AS (
    SELECT oid, rolname FROM pg_roles
    WHERE NOT rolsuper AND rolname ~ '^(cartodb_user_|cartodb_publicuser_|carto_role_|cdb_org_member_)'
  ), used AS (
    SELECT o.oid FROM ours o
    WHERE EXISTS (
      SELECT FROM pg_shdepend d JOIN pg_database b ON b.oid = d.dbid
      WHERE b.datname = $1::text AND d.refclassid = 'pg_authid'::regclass AND d.refobjid = o.oid
    )
    UNION
    SELECT o.oid FROM used u
    JOIN pg_auth_members m ON u.oid IN (m.roleid, m.member)
    JOIN ours o ON o.oid IN (m.roleid, m.member)
  )
  SELECT rolname AS name FROM ours JOIN used USING (oid)`

/** Drops a database, even if clients are connected to it, and the roles that only this database used. */
export const drop: (superuser: Superuser, database: string) => Effect.Effect<void, ConnectionError | DatabaseError> =
  Effect.fnUntraced(function* ({ superuser }, database) {
    const roles = yield* superuser(ROLES, [database])
    yield* superuser(`DROP DATABASE IF EXISTS ${identifier(database)} WITH (FORCE)`)
    // A role that another database uses by now stays.
    yield* Effect.forEach(roles, ({ name }) =>
      Effect.ignore(superuser(`DROP ROLE IF EXISTS ${identifier(name ?? "")}`))
    )
  })

const DATABASES = `
  SELECT b.datname AS name, d.description AS comment
  FROM pg_database b JOIN pg_shdescription d ON d.objoid = b.oid AND d.classoid = 'pg_database'::regclass`

const RUNS = "SELECT application_name AS name FROM pg_stat_activity"

/** Drops the databases of runs that ended without dropping them. */
export const dropOfEndedRuns: (superuser: Superuser) => Effect.Effect<void, ConnectionError | DatabaseError> =
  Effect.fnUntraced(function* (superuser) {
    const databases = yield* superuser.superuser(DATABASES)
    // Runs are read after the databases, so that a run that has just begun is found.
    const alive = new Set((yield* superuser.superuser(RUNS)).map(({ name }) => name))
    for (const { comment, name } of databases) {
      const run = runOf(comment ?? "")
      if (run !== undefined && !alive.has(applicationName(run))) yield* drop(superuser, name ?? "")
    }
  })
