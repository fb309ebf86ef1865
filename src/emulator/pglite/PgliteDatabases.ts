/** Opens databases on PGlite, one instance each. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import { ConnectionError, Databases } from "../Database.ts"
import { setUp } from "../schema/CartoSchema.ts"
import * as Backend from "./Backend.ts"
import * as PgliteDatabase from "./PgliteDatabase.ts"

export interface Options {
  /** Where databases are kept, a sub-folder each. In memory by default. */
  readonly folder?: string | undefined
  /** Whether databases have PostGIS; `false` by default. Needs `@electric-sql/pglite-postgis`. */
  readonly postgis?: boolean | undefined
}

const startParams = [
  "--single",
  "-F",
  "-j",
  ...[
    "search_path=pg_catalog,pg_temp",
    "exit_on_error=false",
    "log_checkpoints=false",
    "max_worker_processes=0",
    "max_parallel_workers=0",
    "max_parallel_workers_per_gather=0",
    "max_parallel_maintenance_workers=0",
    "io_method=sync",
    "shared_buffers=4MB",
    "max_connections=5",
    "jit=off",
    "max_stack_depth=200kB"
  ].flatMap((setting) => ["-c", setting])
]

const open = Effect.fnUntraced(function* (name: string, options: Options) {
  const { PGlite, protocol } = yield* Effect.tryPromise({
    try: () => import("@electric-sql/pglite"),
    catch: () => new ConnectionError({ message: "the embedded CARTO needs the package @electric-sql/pglite" })
  })
  const extensions = options.postgis
    ? yield* Effect.tryPromise({
        try: () => import("@electric-sql/pglite-postgis").then(({ postgis }) => ({ postgis })),
        catch: () => new ConnectionError({ message: "PostGIS needs the package @electric-sql/pglite-postgis" })
      })
    : {}
  const pglite = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () =>
        PGlite.create({
          ...(options.folder === undefined ? {} : { dataDir: `${options.folder}/${name}` }),
          extensions,
          startParams,
          initDbStartParams: ["--wal-segsize=1"]
        }),
      catch: (cause) => new ConnectionError({ message: `PostgreSQL does not start: ${String(cause)}` })
    }),
    (pglite) => Effect.promise(() => pglite.close())
  )
  const backend = yield* Effect.tryPromise({
    try: () => Backend.make(pglite, protocol),
    catch: (cause) => new ConnectionError({ message: String(cause) })
  })
  const database = yield* PgliteDatabase.make({ name, backend, postgis: options.postgis === true })
  const isSetUp = yield* database.superuser("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'cartodb'")
  if (isSetUp.length === 0) {
    if (options.postgis === true) {
      yield* database.superuserTransaction(["CREATE EXTENSION IF NOT EXISTS postgis SCHEMA public"])
    }
    yield* database.superuserTransaction([setUp])
  }
  return database
})

/** Layer of `Databases` on PGlite. A database that is no longer open anywhere is closed; one in memory is then gone. */
export const layer = (options: Options = {}): Layer.Layer<Databases> =>
  Layer.effect(
    Databases,
    Effect.gen(function* () {
      const databases = yield* RcMap.make({ lookup: (name: string) => open(name, options) })
      return Databases.of({ open: (name) => RcMap.get(databases, name) })
    })
  )
