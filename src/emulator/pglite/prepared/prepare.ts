/**
 * Makes the data directories that databases start from. Run by `npm install`; does nothing where they are up to date,
 * and never fails: without them a database takes some seconds more to start.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises"
import type { ConnectionError, DatabaseError } from "../../database.ts"
import * as DataDirectory from "./dataDirectory.ts"
import { initialize } from "../initialize.ts"
import * as Disk from "../files/disk.ts"
import * as Instance from "../instance.ts"
import { type Packages, packages } from "../packages.ts"
import * as PgliteDatabase from "../pgliteDatabase.ts"
import * as PostgisFiles from "./postgisFiles.ts"

const initialized = (
  installed: Packages,
  postgisBundle: string | undefined
): Effect.Effect<Uint8Array, ConnectionError | DatabaseError> =>
  Effect.gen(function* () {
    const instance = yield* Instance.start({
      worker: false,
      prepare: async () => ({
        postgis: installed.postgis,
        postgisBundle,
        data: { _tag: "Memory", disk: Disk.empty() }
      })
    })
    const database = yield* PgliteDatabase.make({
      name: "prepared",
      postgis: installed.postgis,
      start: () => Effect.succeed(instance)
    })
    yield* initialize(database)
    yield* database.superuser("VACUUM FULL")
    yield* database.superuser("CHECKPOINT")
    return yield* instance.archive
  }).pipe(Effect.scoped)

/** Whoever starts a database meanwhile must not find half a file. */
const write = (name: string, bytes: Uint8Array): Effect.Effect<void, Cause.UnknownError> =>
  Effect.tryPromise(async () => {
    await mkdir(DataDirectory.folder, { recursive: true })
    const partial = new URL(`${name}.partial`, DataDirectory.folder)
    await writeFile(partial, bytes)
    await rename(partial, new URL(name, DataDirectory.folder))
  })

const prepareBundle = Effect.fnUntraced(function* (installed: Packages) {
  const name = DataDirectory.bundleName(installed)
  if (!existsSync(new URL(name, DataDirectory.folder))) {
    yield* write(name, yield* Effect.tryPromise(PostgisFiles.select))
  }
  return name
})

const prepare = Effect.fnUntraced(function* (postgis: boolean) {
  const installed = yield* packages(postgis)
  const bundles = postgis ? [yield* prepareBundle(installed)] : []
  const name = DataDirectory.fileName(installed)
  if (!existsSync(new URL(name, DataDirectory.folder))) {
    yield* write(name, yield* initialized(installed, DataDirectory.findBundle(installed)))
  }
  return [name, ...bundles]
})

const removeOthers = (current: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.ignore(
    Effect.tryPromise(async () => {
      const stale = (await readdir(DataDirectory.folder)).filter(
        (name) => /\.tar(\.gz)?$/.test(name) && !current.includes(name)
      )
      await Promise.all(stale.map((name) => rm(new URL(name, DataDirectory.folder), { force: true })))
    })
  )

const tryToPrepare = (what: string, postgis: boolean): Effect.Effect<ReadonlyArray<string> | undefined> =>
  prepare(postgis).pipe(
    Effect.catchCause((cause) =>
      Effect.sync((): undefined => {
        console.log(`${what} was not prepared and will start slower: ${Cause.squash(cause)}`)
      })
    )
  )

await Effect.gen(function* () {
  const postgres = yield* tryToPrepare("PostgreSQL for the embedded CARTO", false)
  const postgis = yield* tryToPrepare("PostGIS for the embedded CARTO", true)
  if (postgres !== undefined && postgis !== undefined) yield* removeOthers([...postgres, ...postgis])
}).pipe(Effect.runPromise)
