/**
 * Makes the data directories that databases start from. Run by `npm install`; does nothing where they are up to date,
 * and never fails: without them a database takes some seconds more to start.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises"
import type { ConnectionError, DatabaseError } from "../Database.ts"
import * as DataDirectory from "./DataDirectory.ts"
import { initialize } from "./initialize.ts"
import * as Instance from "./Instance.ts"
import { type Packages, packages } from "./packages.ts"
import * as PgliteDatabase from "./PgliteDatabase.ts"

const initialized = (installed: Packages): Effect.Effect<Uint8Array, ConnectionError | DatabaseError> =>
  Effect.gen(function* () {
    const instance = yield* Instance.start({ packages: installed })
    const database = yield* PgliteDatabase.make({
      name: "prepared",
      postgis: installed.postgis !== undefined,
      start: () => Effect.succeed(instance)
    })
    yield* initialize(database)
    yield* database.superuser("VACUUM FULL")
    yield* database.superuser("CHECKPOINT")
    return yield* instance.archive
  }).pipe(Effect.scoped)

const prepare = Effect.fnUntraced(function* (postgis: boolean) {
  const installed = yield* packages(postgis)
  const name = DataDirectory.fileName(installed)
  const file = new URL(name, DataDirectory.folder)
  if (existsSync(file)) return name
  const archive = yield* initialized(installed)
  yield* Effect.tryPromise(async () => {
    await mkdir(DataDirectory.folder, { recursive: true })
    // Whoever starts a database meanwhile must not find half a file.
    const partial = new URL(`${name}.partial`, DataDirectory.folder)
    await writeFile(partial, archive)
    await rename(partial, file)
  })
  return name
})

const removeOthers = (current: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.ignore(
    Effect.tryPromise(async () => {
      const stale = (await readdir(DataDirectory.folder)).filter((name) => !current.includes(name))
      await Promise.all(stale.map((name) => rm(new URL(name, DataDirectory.folder), { force: true })))
    })
  )

const tryToPrepare = (what: string, postgis: boolean): Effect.Effect<string | undefined> =>
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
  const current = [postgres, postgis].filter((name) => name !== undefined)
  if (current.length === 2) yield* removeOthers(current)
}).pipe(Effect.runPromise)
