/** A database on a PostgreSQL server. Every text runs in a separate session, logged in as the role of its key. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  ConnectionError,
  type Database,
  type DatabaseError,
  type Message,
  roleIsProtected,
  type Run
} from "../database.ts"
import { installPostgis } from "../pglite/initialize.ts"
import { createPublicRole, createSchemas } from "../schema/cartoSchema.ts"
import { createFunctions, hasFunctions } from "../schema/functions/index.ts"
import type { Driver } from "./driver.ts"
import * as RoleGuard from "./roleGuard.ts"
import type { Server } from "./server.ts"
import * as Session from "./session.ts"
import type { SessionPool } from "./sessionPool.ts"
import type { Superuser } from "./superuser.ts"

const has = (
  { superuser }: Superuser,
  catalogue: "pg_namespace WHERE nspname" | "pg_roles WHERE rolname",
  name: string
): Effect.Effect<boolean, ConnectionError | DatabaseError> =>
  Effect.map(superuser(`SELECT 1 FROM ${catalogue} = $1::text`, [name]), (rows) => rows.length > 0)

/** Turns an empty database into a CARTO database. Existing objects stay unchanged. */
const initialize = Effect.fnUntraced(function* (
  superuser: Superuser,
  postgis: boolean
): Effect.fn.Return<void, ConnectionError | DatabaseError> {
  if (postgis) yield* superuser.superuserTransaction([installPostgis])
  if (!(yield* has(superuser, "pg_namespace WHERE nspname", "cartodb"))) {
    const hasPublicRole = yield* has(superuser, "pg_roles WHERE rolname", "publicuser")
    yield* superuser.superuserTransaction([...(hasPublicRole ? [] : [createPublicRole]), createSchemas])
  }
  const functions = yield* superuser.superuser(hasFunctions)
  if (functions.length === 0) yield* superuser.superuserTransaction([createFunctions({ postgis })])
})

// Another emulator on the server may have created the role since the check.
const isDuplicate = (error: ConnectionError | DatabaseError): boolean =>
  error._tag === "DatabaseError" && (error.code === "42710" || error.code === "23505")

/** A query whose result changes with everything that a role's login depends on. */
const ROLE_VERSION = `
  SELECT a.oid, a.xmin, a.rolvaliduntil < now() AS expired, (
    SELECT string_agg(s.xmin::text || s.ctid::text, ' ' ORDER BY s.ctid) FROM pg_db_role_setting s
    WHERE s.setrole IN (0, a.oid)
  ) AS settings
  FROM pg_authid a WHERE a.rolname = $1::text`

const roleVersion = (
  { superuser }: Superuser,
  role: string
): Effect.Effect<Readonly<Record<string, string | null>> | undefined, ConnectionError> =>
  superuser(ROLE_VERSION, [role]).pipe(
    Effect.map((rows) => rows[0]),
    Effect.catchTag("DatabaseError", ({ message }) => Effect.fail(new ConnectionError({ message })))
  )

/** Options of a database on a PostgreSQL server. */
export interface Options {
  readonly name: string
  /** Name of the database on the server. */
  readonly serverName: string
  readonly driver: Driver
  readonly server: Server
  readonly postgis: boolean
  readonly superuser: Superuser
  readonly applicationName: string
  /** The pool that all databases of a server share, because the server's connections are limited. */
  readonly sessions: SessionPool
}

/** Creates the database of the emulator for an existing database on the server. */
export const make: (options: Options) => Effect.Effect<Database, ConnectionError | DatabaseError> = Effect.fnUntraced(
  function* (options) {
    const { applicationName, driver, name, postgis, server, serverName, sessions, superuser } = options
    yield* Effect.retry(initialize(superuser, postgis), { while: isDuplicate, times: 3 })

    const terminate = (processId: number): Effect.Effect<void> =>
      Effect.ignore(superuser.superuser("SELECT pg_terminate_backend($1::int, 5000)", [processId]))

    const login: (run: Parameters<Database["run"]>[0]) => Effect.Effect<Session.Session, ConnectionError, Scope.Scope> =
      Effect.fnUntraced(function* ({ login: { password, role }, statementTimeout }) {
        const settings =
          statementTimeout === undefined
            ? []
            : [["statement_timeout", String(Math.max(0, Math.ceil(statementTimeout)))] as const]
        return yield* sessions.get({
          database: serverName,
          login: JSON.stringify([role, password, settings, yield* roleVersion(superuser, role)]),
          open: Session.open({
            driver,
            server,
            user: role,
            password: Redacted.make(password),
            database: serverName,
            settings,
            applicationName,
            terminate
          })
        })
      })

    const guard = RoleGuard.make(superuser)
    // The emulator's own statements may change roles.
    const forgetAfter = (sql: string): Effect.Effect<void> => (/\brole\b/i.test(sql) ? guard.forget : Effect.void)
    const unless = <A>(effect: Effect.Effect<A, ConnectionError | DatabaseError>): Effect.Effect<A, ConnectionError> =>
      Effect.catchTag(effect, "DatabaseError", ({ message }) => Effect.fail(new ConnectionError({ message })))

    /**
     * Runs a text. If the text has changed its role, restores the role and reports the change as the failure of the
     * text.
     */
    const guarded = (run: Run): Stream.Stream<Message, ConnectionError> => {
      let isChecked = false
      const check = Effect.suspend(() => {
        isChecked = true
        return unless(guard.restore(run.login))
      })
      const text = Stream.unwrap(
        Effect.gen(function* () {
          const session = yield* login(run)
          yield* unless(guard.remember(run.login.role))
          return session.text(run.sql, run.copyIn)
        })
      )
      return Stream.scoped(text).pipe(
        Stream.concat(
          Stream.unwrap(
            Effect.map(check, (hasChanged) =>
              hasChanged ? Stream.succeed<Message>({ _tag: "Failure", report: roleIsProtected }) : Stream.empty
            )
          )
        ),
        Stream.onExit(() => (isChecked ? Effect.void : Effect.ignore(check)))
      )
    }

    return {
      name,
      postgis,
      superuser: (sql, parameters) => Effect.ensuring(superuser.superuser(sql, parameters), forgetAfter(sql)),
      superuserTransaction: (statements) =>
        Effect.ensuring(superuser.superuserTransaction(statements), forgetAfter(statements.join(";"))),
      run: (run) =>
        run.mayAlterRoles === true
          ? Stream.scoped(Stream.unwrap(Effect.map(login(run), (session) => session.text(run.sql, run.copyIn)))).pipe(
              Stream.onExit(() => guard.forget)
            )
          : guarded(run)
    }
  }
)
