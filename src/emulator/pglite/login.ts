/** PostgreSQL's login, which PGlite never goes through: whether a role may log in, and the settings that it starts with. */
import type { Message } from "../database.ts"
import type { Session } from "./backend/backend.ts"
import type { Request } from "./thread/host.ts"

/** A role as the catalogue has it. */
export interface LoginRole {
  readonly session: Session
  readonly canLogin: boolean
  readonly superuser: boolean
  readonly expired: boolean
  readonly verifier: string | undefined
  /** Milliseconds that its statements may take; 0 is no limit. */
  readonly statementTimeout: number
}

// Settings follow the role, least specific first, so that the last of a name wins, as at a login.
const ROLE = `
  SELECT oid, rolcanlogin, rolsuper, coalesce(rolvaliduntil < pg_catalog.now(), false), rolpassword, NULL AS setting, 0 AS place
  FROM pg_catalog.pg_authid WHERE rolname = $1
  UNION ALL
  SELECT NULL, NULL, NULL, NULL, NULL, setting, 1 + 2 * (s.setrole <> 0)::int + (s.setdatabase <> 0)::int
  FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) setting
  WHERE s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_authid WHERE rolname = $1))
    AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
  ORDER BY place`

/** A request for a role, to be run as superuser. */
export const ask = (role: string): Request => ({ _tag: "Statement", sql: ROLE, parameters: [role] })

/** A session is locked to its role, so these two can have no effect. */
const IDENTITY = new Set(["role", "session_authorization"])

/** What a role without settings of its own starts with; the emulator's own statements run with another path. */
const DEFAULTS: ReadonlyArray<readonly [string, string]> = [["search_path", '"$user", public']]

const parseSetting = (setting: string): ReadonlyArray<readonly [string, string]> => {
  const separator = setting.indexOf("=")
  const name = setting.slice(0, separator)
  return separator < 1 || IDENTITY.has(name.toLowerCase()) ? [] : [[name, setting.slice(separator + 1)]]
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ["us", 0.001],
  ["", 1],
  ["ms", 1],
  ["s", 1000],
  ["min", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000]
])

/** Milliseconds of a setting that PostgreSQL has accepted as a time. */
const parseTime = (text: string): number => {
  const [, number = "0", unit = ""] = /^\s*([0-9.eExa-fA-F]+?)\s*(us|ms|s|min|h|d)?\s*$/.exec(text) ?? []
  return Number(number) * (UNITS.get(unit) ?? 1) || 0
}

/** Reads the answer; `undefined` if there is no such role. */
export const read = (name: string, messages: ReadonlyArray<Message>): LoginRole | undefined => {
  const rows = messages.flatMap((message) => (message._tag === "Row" ? [message.values] : []))
  const [row] = rows
  if (row === undefined || row[0] === null) return undefined
  const settings = [...DEFAULTS, ...rows.slice(1).flatMap(([, , , , , setting]) => parseSetting(setting ?? ""))]
  const timeout = settings.findLast(([setting]) => setting === "statement_timeout")
  return {
    session: { role: name, oid: Number(row[0]), settings },
    canLogin: row[1] === "t",
    superuser: row[2] === "t",
    expired: row[3] === "t",
    verifier: row[4] ?? undefined,
    statementTimeout: timeout === undefined ? 0 : parseTime(timeout[1])
  }
}
