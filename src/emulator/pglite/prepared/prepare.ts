/** Makes the initial data directory on its first use, and finds it after that. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { existsSync } from "node:fs"
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { ConnectionError, type DatabaseError } from "../../database.ts"
import * as FolderLock from "../../state/folderLock.ts"
import * as Disk from "../files/disk.ts"
import { initialize } from "../initialize.ts"
import * as Instance from "../instance.ts"
import type { Packages } from "../packages.ts"
import * as PgliteDatabase from "../pgliteDatabase.ts"
import { bundleName, cacheFolder, fileName } from "./dataDirectory.ts"
import * as PostgisFiles from "./postgisFiles.ts"

/** The files that databases start from. Without an archive, PostgreSQL creates a data directory at each start. */
export interface Prepared {
  /** The path of the data directory, which is a tar archive. */
  readonly archive: string | undefined
  /** The URL of PostGIS's files. */
  readonly postgisBundle: string | undefined
}

const nothing: Prepared = { archive: undefined, postgisBundle: undefined }

const makeDataDirectory = (
  postgis: boolean,
  postgisBundle: string | undefined
): Effect.Effect<Uint8Array, ConnectionError | DatabaseError> =>
  Effect.gen(function* () {
    const instance = yield* Instance.start({
      worker: true,
      prepare: async () => ({ postgis, postgisBundle, data: { _tag: "Memory", disk: Disk.empty() } })
    })
    const database = yield* PgliteDatabase.make({ name: "prepared", postgis, start: () => Effect.succeed(instance) })
    yield* initialize(database)
    yield* database.superuser("VACUUM FULL")
    yield* database.superuser("CHECKPOINT")
    return yield* instance.archive
  }).pipe(Effect.scoped)

const refused = (cause: unknown): ConnectionError => new ConnectionError({ message: String(cause) })

/** Writes a file so that another process never finds it incomplete. */
const write = (path: string, bytes: Uint8Array): Effect.Effect<void, ConnectionError> =>
  Effect.tryPromise({
    try: async () => {
      await writeFile(`${path}.partial`, bytes, { mode: 0o600 })
      await rename(`${path}.partial`, path)
    },
    catch: refused
  })

/** Days after which an unused file is deleted. */
const KEPT = 60
const DAY = 24 * 60 * 60 * 1000

/** Records the use of files, and deletes files whose last use was long ago. */
const tidy = (folder: string, used: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.ignore(
    Effect.tryPromise(async () => {
      const now = new Date()
      await Promise.all(used.map((path) => utimes(path, now, now)))
      for (const name of await readdir(folder)) {
        const path = join(folder, name)
        if (!/\.tar(\.gz)?(\.partial)?$/.test(name)) continue
        if (now.getTime() - (await stat(path)).mtimeMs > KEPT * DAY) await rm(path, { force: true })
      }
    })
  )

/** Waits while another process prepares the same files. */
const patience = Schedule.max([Schedule.spaced("200 millis"), Schedule.recurs(600)])

const prepareIn = Effect.fnUntraced(function* (folder: string, installed: Packages) {
  const { postgis } = installed
  const archive = join(folder, fileName(installed))
  const bundle = join(folder, bundleName(installed))
  const isReady = () => existsSync(archive) && (!postgis || existsSync(bundle))
  if (!isReady()) {
    const lock = join(folder, "preparing")
    yield* Effect.gen(function* () {
      yield* Effect.tryPromise({ try: () => mkdir(folder, { recursive: true, mode: 0o700 }), catch: refused })
      yield* FolderLock.acquire(lock).pipe(Effect.retry({ schedule: patience, while: () => !isReady() }))
      if (isReady()) return
      yield* Console.error(
        `effect-carto: prepares PostgreSQL${postgis ? " with PostGIS" : ""} for the embedded CARTO in ${folder}, once; later starts take a second`
      )
      if (postgis && !existsSync(bundle)) {
        yield* write(bundle, yield* Effect.tryPromise({ try: () => PostgisFiles.select(), catch: refused }))
      }
      const postgisBundle = postgis ? pathToFileURL(bundle).href : undefined
      yield* write(archive, yield* makeDataDirectory(postgis, postgisBundle))
    }).pipe(
      Effect.scoped,
      Effect.catchIf(
        () => isReady(),
        () => Effect.void
      )
    )
  }
  yield* tidy(folder, postgis ? [archive, bundle] : [archive])
  return { archive, postgisBundle: postgis ? pathToFileURL(bundle).href : undefined }
})

/**
 * Finds the prepared data directory in the user's cache folder, or creates it there and reports that. If that is not
 * possible, databases start without it.
 */
export const prepare: (installed: Packages) => Effect.Effect<Prepared> = Effect.fnUntraced(function* (installed) {
  const folder = yield* cacheFolder
  if (folder === undefined) return nothing
  return yield* prepareIn(folder, installed).pipe(
    Effect.catch(({ message }) =>
      Effect.as(
        Console.error(`effect-carto: nothing could be prepared in ${folder}, so starts take longer: ${message}`),
        nothing
      )
    )
  )
})

/** Reads the archive; `undefined` if the archive does not exist. */
export const readArchive = async ({ archive }: Prepared): Promise<Uint8Array<ArrayBuffer> | undefined> =>
  archive === undefined ? undefined : await readFile(archive).catch(() => undefined)
