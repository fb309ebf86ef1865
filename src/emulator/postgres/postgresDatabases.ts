/** Opens databases on a PostgreSQL server. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { randomBytes } from "node:crypto"
import { identifier, literal } from "../shared/quoting.ts"
import { ConnectionError, type Database, type DatabaseError, Databases } from "../database.ts"
import * as driver from "./driver.ts"
import * as OrphanedDatabases from "./orphanedDatabases.ts"
import { applicationName, runComment, serverName } from "./names.ts"
import * as PostgresDatabase from "./postgresDatabase.ts"
import * as Server from "./server.ts"
import * as SessionPool from "./sessionPool.ts"
import * as Superuser from "./superuser.ts"

/** Options of the databases on a PostgreSQL server. */
export interface Options {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE` of a superuser, who creates databases and roles. */
  readonly url: string | Redacted.Redacted
  /**
   * Whether the server may be on another machine.
   * @default false
   */
  readonly allowRemote?: boolean | undefined
  /**
   * Whether databases are kept when they are closed. By default, databases and their roles are dropped, like databases
   * in memory.
   */
  readonly keep?: boolean | undefined
  /**
   * Whether databases have PostGIS.
   * @default "if-installed"
   */
  readonly postgis?: boolean | "if-installed" | undefined
}

/** The oldest tested release. */
const minimumVersion = 150_000

/**
 * Returns the number of the server's connections that keys may use at a time (`running`), and the number that may stay
 * connected for later texts (`idle`).
 */
const connectionShares = (maximum: number) => ({
  running: Math.max(1, Math.min(32, Math.floor(maximum * 0.3))),
  idle: Math.min(16, Math.floor(maximum * 0.15))
})

/** Initial settings of sessions in a new database, regardless of the server's own settings. */
const databaseSettings: ReadonlyArray<readonly [name: string, value: string]> = [
  ["timezone", "UTC"],
  ["datestyle", "ISO, MDY"],
  ["intervalstyle", "postgres"],
  ["bytea_output", "hex"],
  ["extra_float_digits", "1"],
  ["standard_conforming_strings", "on"]
]

const plainly = <A, R>(
  effect: Effect.Effect<A, ConnectionError | DatabaseError, R>
): Effect.Effect<A, ConnectionError, R> =>
  Effect.catchTag(effect, "DatabaseError", ({ message }) => Effect.fail(new ConnectionError({ message })))

/** Fails unless the emulator can work with the server. */
const examine = Effect.fnUntraced(function* (
  { superuser }: Superuser.Superuser,
  server: Server.Server,
  postgis: boolean | "if-installed"
): Effect.fn.Return<
  { readonly postgis: boolean; readonly maximumConnections: number },
  ConnectionError | DatabaseError
> {
  const [found] = yield* superuser(`
    SELECT current_setting('server_version_num')::int >= ${minimumVersion} AS fits, current_setting('server_version') AS version,
      rolsuper AS superuser, current_setting('max_connections') AS connections, EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgis') AS postgis
    FROM pg_roles WHERE rolname = current_user`)
  const where = `the PostgreSQL server at ${Server.address(server)}`
  if (found?.["superuser"] !== "t") {
    return yield* new ConnectionError({
      message: `${server.user} is no superuser of ${where}, which the emulator needs`
    })
  }
  if (found["fits"] !== "t") {
    return yield* new ConnectionError({
      message: `${where} is version ${found["version"]}; the emulator needs 15 or later`
    })
  }
  const hasPostgis = found["postgis"] === "t"
  if (postgis === true && !hasPostgis) {
    return yield* new ConnectionError({ message: `${where} has no PostGIS` })
  }
  return { postgis: postgis !== false && hasPostgis, maximumConnections: Number(found["connections"]) }
})

const create = Effect.fnUntraced(function* (
  superuser: Superuser.Superuser,
  database: string,
  run: string | undefined
): Effect.fn.Return<void, ConnectionError | DatabaseError> {
  const name = identifier(database)
  const found = yield* superuser.superuser("SELECT 1 FROM pg_database WHERE datname = $1::text", [database])
  if (found.length > 0) return
  yield* superuser.superuser(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`)
  if (run !== undefined) yield* superuser.superuser(`COMMENT ON DATABASE ${name} IS ${literal(runComment(run))}`)
  yield* superuser.superuserTransaction(
    databaseSettings.map(([setting, value]) => `ALTER DATABASE ${name} SET ${setting} = ${literal(value)}`)
  )
  // The server checks every second whether a statement's client is still connected, if its operating system supports
  // that.
  yield* Effect.ignore(superuser.superuser(`ALTER DATABASE ${name} SET client_connection_check_interval = '1s'`))
})

const make: (options: Options) => Effect.Effect<Databases["Service"], ConnectionError, Scope.Scope> = Effect.fnUntraced(
  function* ({ allowRemote, keep = false, postgis = "if-installed", url }) {
    const server = yield* Server.parse(url, { allowRemote })
    const loaded = yield* driver.load
    const id = yield* Effect.sync(() => randomBytes(4).toString("hex"))
    const run = keep ? undefined : id
    const connect = (database: string) =>
      Superuser.make({ driver: loaded, server, database, applicationName: applicationName(id) })
    const maintenance = yield* connect(server.database)
    const found = yield* plainly(examine(maintenance, server, postgis))
    yield* plainly(OrphanedDatabases.dropOfEndedRuns(maintenance))
    const sessions = yield* SessionPool.make(connectionShares(found.maximumConnections))

    const open = Effect.fnUntraced(function* (
      name: string
    ): Effect.fn.Return<Database, ConnectionError | DatabaseError, Scope.Scope> {
      const database = serverName(name, run)
      yield* Effect.acquireRelease(create(maintenance, database, run), () =>
        keep ? Effect.void : Effect.ignore(OrphanedDatabases.drop(maintenance, database))
      )
      yield* Effect.addFinalizer(() => sessions.clear(database))
      return yield* PostgresDatabase.make({
        name,
        serverName: database,
        driver: loaded,
        server,
        postgis: found.postgis,
        superuser: yield* connect(database),
        applicationName: applicationName(id),
        sessions
      })
    })

    const databases = yield* RcMap.make({ lookup: open })
    return { open: (name) => RcMap.get(databases, name) }
  }
)

/**
 * Layer of `Databases` on a PostgreSQL server, release 15 or later. Requires the package `pg`. Fails with
 * `ConnectionError` if the server is not available, if it refuses the login, or if the user is not a superuser.
 */
export const layer = (options: Options): Layer.Layer<Databases, ConnectionError> =>
  Layer.effect(Databases, make(options))
