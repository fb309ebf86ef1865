/** PostgreSQL's login, which PGlite never goes through: whether a role may log in, and the settings that it starts with. */
import type { Message } from "../Database.ts"
import type { Backend, Session } from "./Backend.ts"

/** A role as the catalogue has it. */
export interface LoginRole {
  readonly session: Session
  readonly canLogin: boolean
  readonly superuser: boolean
  readonly expired: boolean
  readonly verifier: string | undefined
}

const rows = (messages: ReadonlyArray<Message>): ReadonlyArray<ReadonlyArray<string | null>> =>
  messages.flatMap((message) => (message._tag === "Row" ? [message.values] : []))

const ROLE = `
  SELECT oid, rolcanlogin, rolsuper, coalesce(rolvaliduntil < pg_catalog.now(), false), rolpassword
  FROM pg_catalog.pg_authid WHERE rolname = $1`

/** Least specific first, so that the last of a name wins, as at a login. */
const SETTINGS = `
  SELECT setting
  FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) setting
  WHERE s.setrole IN (0, $1::pg_catalog.oid)
    AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
  ORDER BY s.setrole <> 0, s.setdatabase <> 0`

/** A session is locked to its role, so these two can have no effect. */
const IDENTITY = new Set(["role", "session_authorization"])

/** What a role without settings of its own starts with; the emulator's own statements run with another path. */
const DEFAULTS: ReadonlyArray<readonly [string, string]> = [["search_path", '"$user", public']]

const parseSetting = (setting: string): ReadonlyArray<readonly [string, string]> => {
  const separator = setting.indexOf("=")
  const name = setting.slice(0, separator)
  return separator < 1 || IDENTITY.has(name.toLowerCase()) ? [] : [[name, setting.slice(separator + 1)]]
}

/** Reads a role as superuser; `undefined` if there is none. */
export const readRole = (backend: Backend, name: string): LoginRole | undefined => {
  const [row] = rows(backend.statement(ROLE, [name]))
  if (row === undefined) return undefined
  const oid = Number(row[0])
  const settings = rows(backend.statement(SETTINGS, [oid])).flatMap(([setting]) => parseSetting(setting ?? ""))
  return {
    session: { role: name, oid, settings: [...DEFAULTS, ...settings] },
    canLogin: row[1] === "t",
    superuser: row[2] === "t",
    expired: row[3] === "t",
    verifier: row[4] ?? undefined
  }
}
