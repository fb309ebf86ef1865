/**
 * Prevents the SQL of a key from changing its own role. PostgreSQL allows such a change, but all clients with the same
 * key share the role. A server has no hook for this, so the role is compared and restored after each text.
 */
import * as Effect from "effect/Effect"
import type { ConnectionError, DatabaseError, Login } from "../database.ts"
import * as Scram from "../pglite/scram.ts"
import { identifier, literal } from "../shared/quoting.ts"
import type { Superuser } from "./superuser.ts"

// Settings for all databases and for this database, and the members to which the role has granted itself.
const STATE = `
  SELECT a.rolpassword AS verifier,
    coalesce((
      SELECT json_agg(json_build_array(s.setdatabase <> 0, s.setconfig) ORDER BY s.setdatabase)
      FROM pg_db_role_setting s
      WHERE s.setrole = a.oid
        AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    ), '[]') AS settings,
    coalesce((
      SELECT json_agg(pg_get_userbyid(m.member)) FROM pg_auth_members m
      WHERE m.roleid = a.oid AND m.grantor = a.oid
    ), '[]') AS members,
    current_database() AS database
  FROM pg_authid a WHERE a.rolname = $1::text`

interface State {
  readonly verifier: string
  /** JSON of pairs: whether the settings apply to this database only, and the settings as `name=value` texts. */
  readonly settings: string
  readonly members: string
  readonly database: string
}

/** Restores roles that their SQL text has changed. */
export interface RoleGuard {
  /** Records the state of a role before its text runs. */
  readonly remember: (role: string) => Effect.Effect<void, ConnectionError | DatabaseError>
  /** Restores a role if its text has changed it. Returns whether the role was changed. */
  readonly restore: (login: Login) => Effect.Effect<boolean, ConnectionError | DatabaseError>
  /** Forgets all roles after an authorized change of roles. */
  readonly forget: Effect.Effect<void>
}

type Settings = ReadonlyArray<readonly [ownDatabase: boolean, settings: ReadonlyArray<string>]>

// SQL takes a list of quoted names for these settings, as the catalog stores them. A quoted list would be a single
// name.
const LISTS = new Set(["search_path", "session_preload_libraries", "local_preload_libraries", "temp_tablespaces"])

const setting = (role: string, database: string | undefined, text: string): string => {
  const separator = text.indexOf("=")
  const [name, value] = [text.slice(0, separator), text.slice(separator + 1)]
  const where = database === undefined ? "" : ` IN DATABASE ${identifier(database)}`
  return `ALTER ROLE ${role}${where} SET ${identifier(name)} = ${LISTS.has(name) ? value : literal(value)}`
}

const restoring = (login: Login, before: State, after: State): ReadonlyArray<string> => {
  const role = identifier(login.role)
  const settings: Settings = JSON.parse(before.settings)
  const members: ReadonlyArray<string> = JSON.parse(after.members)
  return [
    `ALTER ROLE ${role} PASSWORD ${literal(login.password)}`,
    `ALTER ROLE ${role} RESET ALL`,
    `ALTER ROLE ${role} IN DATABASE ${identifier(before.database)} RESET ALL`,
    ...settings.flatMap(([isOwn, texts]) =>
      texts.map((text) => setting(role, isOwn ? before.database : undefined, text))
    ),
    ...members.map((member) => `REVOKE ${role} FROM ${identifier(member)} GRANTED BY ${role}`)
  ]
}

/** Creates the guard of a database's roles. */
export const make = ({ superuser, superuserTransaction }: Superuser): RoleGuard => {
  const known = new Map<string, State>()
  const read = Effect.fnUntraced(function* (role: string) {
    const [row] = yield* superuser(STATE, [role])
    return row === undefined
      ? undefined
      : {
          verifier: row["verifier"] ?? "",
          settings: row["settings"] ?? "[]",
          members: row["members"] ?? "[]",
          database: row["database"] ?? ""
        }
  })
  return {
    remember: Effect.fnUntraced(function* (role) {
      if (known.has(role)) return
      const state = yield* read(role)
      // If a role has granted itself to a member, its text has changed it.
      if (state !== undefined) known.set(role, { ...state, members: "[]" })
    }),
    restore: Effect.fnUntraced(function* (login) {
      const before = known.get(login.role)
      const after = yield* read(login.role)
      if (before === undefined || after === undefined) return false
      const isSame =
        before.settings === after.settings &&
        before.members === after.members &&
        (before.verifier === after.verifier || (yield* Scram.verify(login.password, after.verifier)))
      if (isSame) return false
      yield* superuserTransaction(restoring(login, before, after))
      return true
    }),
    forget: Effect.sync(() => known.clear())
  }
}
