/** Opens databases on PGlite, with one instance per database. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import type * as Scope from "effect/Scope"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { ConnectionError, type Database, type DatabaseError, Databases } from "../database.ts"
import * as Prepare from "./prepared/prepare.ts"
import * as Disk from "./files/disk.ts"
import * as FolderLock from "../state/folderLock.ts"
import { restrictAccess } from "../state/restrictAccess.ts"
import { initialize } from "./initialize.ts"
import * as Instance from "./instance.ts"
import { packages } from "./packages.ts"
import * as PgliteDatabase from "./pgliteDatabase.ts"

/** Options of the databases on PGlite. */
export interface Options {
  /**
   * Folder that contains one subfolder per database. By default, databases are in memory. Committed data survives the
   * end of the process, including a crash. It may not survive a power failure, because PGlite does not wait for the
   * disk.
   */
  readonly folder?: string | undefined
  /**
   * Whether databases have PostGIS. Requires `@electric-sql/pglite-postgis`.
   * @default false
   */
  readonly postgis?: boolean | undefined
  /**
   * Whether each database runs in a separate thread; `true` by default, except in a bundle, which lacks the file of
   * that thread. Without a thread, a statement that computes endlessly blocks the whole process.
   */
  readonly worker?: boolean | undefined
}

/** Valid names. A database name becomes the name of a folder. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/

/** Returns a function that provides the initial data directory in memory, which is read once. */
const makeBeginning = (prepared: Prepare.Prepared): (() => Promise<Disk.Disk>) => {
  let disk: Promise<Disk.Disk> | undefined
  return async () => {
    disk ??= Prepare.readArchive(prepared).then((archive) =>
      archive === undefined ? Disk.empty() : Disk.fromTar(archive)
    )
    const { entries, image } = await disk
    return { image, entries: new Map(entries) }
  }
}

const makeOpen = (
  options: Options
): Effect.Effect<(name: string) => Effect.Effect<Database, ConnectionError | DatabaseError, Scope.Scope>> =>
  Effect.gen(function* () {
    const { folder, postgis = false, worker = true } = options
    const start = yield* Effect.cached(
      Effect.map(Effect.flatMap(packages(postgis), Prepare.prepare), (prepared) => {
        const beginning = makeBeginning(prepared)
        return (path: string | undefined, remains: Disk.Disk | undefined) =>
          Instance.start({
            worker,
            prepare: async () => ({
              postgis,
              postgisBundle: prepared.postgisBundle,
              data:
                path === undefined
                  ? { _tag: "Memory", disk: remains ?? (await beginning()) }
                  : {
                      _tag: "Folder",
                      path,
                      archive: existsSync(join(path, "PG_VERSION")) ? undefined : await Prepare.readArchive(prepared)
                    }
            })
          })
      })
    )
    return Effect.fnUntraced(function* (name) {
      if (!NAME.test(name)) return yield* new ConnectionError({ message: `"${name}" cannot be the name of a database` })
      const startIn = yield* start
      const path = folder === undefined ? undefined : join(folder, name)
      const database = yield* PgliteDatabase.make({ name, postgis, start: (remains) => startIn(path, remains) })
      yield* initialize(database)
      if (path !== undefined) {
        yield* Effect.tryPromise({
          try: () => restrictAccess(path),
          catch: (cause) => new ConnectionError({ message: `cannot use the folder ${path}: ${String(cause)}` })
        })
      }
      return database
    })
  })

/**
 * Layer of `Databases` on PGlite. A database is closed when no caller has it open, and a database in memory is then
 * lost. A folder belongs to one layer at a time: opening a database elsewhere while it is open fails with
 * `ConnectionError`.
 */
export const layer = (options: Options = {}): Layer.Layer<Databases> =>
  Layer.effect(
    Databases,
    Effect.gen(function* () {
      const locks = yield* RcMap.make({ lookup: FolderLock.acquire })
      const open = yield* makeOpen(options)
      const databases = yield* RcMap.make({
        lookup: (name: string) =>
          (options.folder === undefined ? Effect.void : RcMap.get(locks, options.folder)).pipe(
            Effect.andThen(open(name))
          )
      })
      return Databases.of({ open: (name) => RcMap.get(databases, name) })
    })
  )
