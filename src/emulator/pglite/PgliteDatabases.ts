/** Opens databases on PGlite, one instance each. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import type * as Scope from "effect/Scope"
import { join } from "node:path"
import { ConnectionError, type Database, type DatabaseError, Databases } from "../Database.ts"
import * as DataDirectory from "./DataDirectory.ts"
import * as FolderLock from "./FolderLock.ts"
import { initialize } from "./initialize.ts"
import * as Instance from "./Instance.ts"
import { packages } from "./packages.ts"
import * as PgliteDatabase from "./PgliteDatabase.ts"

export interface Options {
  /**
   * Where databases are kept, a sub-folder each. In memory by default. What is committed outlives the process, however
   * it ends, but not a power failure: PGlite does not wait for the disk.
   */
  readonly folder?: string | undefined
  /** Whether databases have PostGIS; `false` by default. Needs `@electric-sql/pglite-postgis`. */
  readonly postgis?: boolean | undefined
}

/** A name becomes the name of a folder. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/

const open = Effect.fnUntraced(function* (
  name: string,
  options: Options
): Effect.fn.Return<Database, ConnectionError | DatabaseError, Scope.Scope> {
  if (!NAME.test(name)) return yield* new ConnectionError({ message: `"${name}" cannot be the name of a database` })
  const installed = yield* packages(options.postgis === true)
  const prepared = yield* DataDirectory.find(installed)
  const folder = options.folder === undefined ? undefined : join(options.folder, name)
  const database = yield* PgliteDatabase.make({
    name,
    postgis: options.postgis === true,
    start: (remains) => Instance.start({ packages: installed, folder, data: prepared, remains })
  })
  yield* initialize(database)
  return database
})

/**
 * Layer of `Databases` on PGlite. A database that is open nowhere any more is closed; one in memory is then gone. A folder
 * belongs to one layer at a time: while a database of it is open, opening it elsewhere fails with `ConnectionError`.
 */
export const layer = (options: Options = {}): Layer.Layer<Databases> =>
  Layer.effect(
    Databases,
    Effect.gen(function* () {
      const locks = yield* RcMap.make({ lookup: FolderLock.acquire })
      const databases = yield* RcMap.make({
        lookup: (name: string) =>
          (options.folder === undefined ? Effect.void : RcMap.get(locks, options.folder)).pipe(
            Effect.andThen(open(name, options))
          )
      })
      return Databases.of({ open: (name) => RcMap.get(databases, name) })
    })
  )
