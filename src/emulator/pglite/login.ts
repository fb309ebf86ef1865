/** PostgreSQL's login, which PGlite never performs: the check whether a role can log in, and its initial settings. */
import type { Message } from "../database.ts"
import type { Session } from "./backend/backend.ts"
import type { Request } from "./thread/host.ts"

/** A role as stored in the catalog. */
export interface LoginRole {
  readonly session: Session
  readonly canLogin: boolean
  readonly superuser: boolean
  readonly expired: boolean
  readonly verifier: string | undefined
  /** Statement timeout in milliseconds; 0 means no limit. */
  readonly statementTimeout: number
}

// Settings follow the role, least specific first. As at a login, the last setting of a name wins.
const ROLE = `
  SELECT oid, rolcanlogin, rolsuper, coalesce(rolvaliduntil < pg_catalog.now(), false), rolpassword, NULL AS setting, 0 AS place
  FROM pg_catalog.pg_authid WHERE rolname = $1
  UNION ALL
  SELECT NULL, NULL, NULL, NULL, NULL, setting, 1 + 2 * (s.setrole <> 0)::int + (s.setdatabase <> 0)::int
  FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) setting
  WHERE s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_authid WHERE rolname = $1))
    AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
  ORDER BY place`

/** Creates a request for a role. The request must run as superuser. */
export const ask = (role: string): Request => ({ _tag: "Statement", sql: ROLE, parameters: [role] })

/** Settings that have no effect, because a session is locked to its role. */
const IDENTITY = new Set(["role", "session_authorization"])

/**
 * The initial settings of a role without its own settings. The emulator's own statements run with another search path.
 */
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

/** Parses a time setting that PostgreSQL has accepted. Returns milliseconds. */
const parseTime = (text: string): number => {
  const [, number = "0", unit = ""] = /^\s*([0-9.eExa-fA-F]+?)\s*(us|ms|s|min|h|d)?\s*$/.exec(text) ?? []
  return Number(number) * (UNITS.get(unit) ?? 1) || 0
}

/** Reads the role from the messages; `undefined` if the role does not exist. */
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
