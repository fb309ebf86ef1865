/**
 * Databases for one case after another. An instance takes a second to start, so the database of a finished case is emptied
 * and given to the next case.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { type Database, Databases, type DatabasesService } from "../../src/emulator/database.ts"

interface Pooled {
  readonly database: Database
  readonly scope: Scope.Closeable
  readonly roles: ReadonlySet<string>
  readonly schemas: ReadonlySet<string>
}

export interface DatabasePoolService {
  readonly databases: DatabasesService
  /** Throws away the databases that are idle, for when a case has done what emptying does not undo. */
  readonly renew: Effect.Effect<void>
}

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

const column = (rows: ReadonlyArray<Readonly<Record<string, string | null>>>): ReadonlyArray<string> =>
  rows.map((row) => row["name"] ?? "")

const roles = (database: Database) =>
  Effect.map(database.superuser("SELECT rolname AS name FROM pg_catalog.pg_roles"), column)

const schemas = (database: Database) =>
  Effect.map(database.superuser("SELECT nspname AS name FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_'"), column)

const empty = Effect.fnUntraced(function* ({ database, ...original }: Pooled) {
  const newSchemas = (yield* schemas(database)).filter((name) => !original.schemas.has(name))
  const newRoles = (yield* roles(database)).filter((name) => !original.roles.has(name)).map(identifier)
  yield* database.superuserTransaction([
    ...["public", ...newSchemas].map((name) => `DROP SCHEMA IF EXISTS ${identifier(name)} CASCADE`),
    "CREATE SCHEMA public AUTHORIZATION pg_database_owner",
    "GRANT USAGE ON SCHEMA public TO PUBLIC",
    ...newRoles.flatMap((role) => [`DROP OWNED BY ${role} CASCADE`, `DROP ROLE ${role}`]),
    "TRUNCATE cartodb.cdb_conf, cartodb.cdb_tablemetadata, cartodb.cdb_analysis_catalog"
  ])
})

const make: Effect.Effect<DatabasePoolService, never, Databases | Scope.Scope> = Effect.gen(function* () {
  const databases = yield* Databases
  const poolScope = yield* Effect.scope
  const idle: Array<Pooled> = []
  let opened = 0

  const start = Effect.gen(function* () {
    const scope = yield* Scope.fork(poolScope)
    opened += 1
    const database = yield* databases.open(`conformance_${opened}`).pipe(Scope.provide(scope))
    return { database, scope, roles: new Set(yield* roles(database)), schemas: new Set(yield* schemas(database)) }
  })
  const take = Effect.suspend(() => {
    const pooled = idle.pop()
    return pooled === undefined ? start : Effect.succeed(pooled)
  })
  const giveBack = (pooled: Pooled) =>
    empty(pooled).pipe(
      Effect.matchEffect({
        onFailure: () => Scope.close(pooled.scope, Exit.void),
        onSuccess: () => Effect.sync(() => void idle.push(pooled))
      })
    )
  return {
    databases: { open: () => Effect.map(Effect.acquireRelease(take, giveBack), ({ database }) => database) },
    renew: Effect.suspend(() => Effect.forEach(idle.splice(0), ({ scope }) => Scope.close(scope, Exit.void))).pipe(
      Effect.asVoid
    )
  }
})

const DatabasePoolBase: Context.ServiceClass<DatabasePool, "test/DatabasePool", DatabasePoolService> = Context.Service<
  DatabasePool,
  DatabasePoolService
>()("test/DatabasePool")
export class DatabasePool extends DatabasePoolBase {
  static readonly layer: Layer.Layer<DatabasePool, never, Databases> = Layer.effect(DatabasePool, make)

  /** For databases that are quickly made and are gone when they are closed: every case has new ones. */
  static readonly layerOfNew: Layer.Layer<DatabasePool, never, Databases> = Layer.effect(
    DatabasePool,
    Effect.map(Databases, (databases) => ({ databases, renew: Effect.void }))
  )
}
