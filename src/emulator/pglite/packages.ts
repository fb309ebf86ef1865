/** The optional packages of the emulator's PostgreSQL, with clear messages if a package is missing. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { readFile } from "node:fs/promises"
import { ConnectionError } from "../database.ts"

/** The installed packages. PGlite itself is loaded by the thread that runs it. */
export interface Packages {
  readonly postgis: boolean
  /** Names and versions. A data directory fits only the packages that created it. */
  readonly versions: ReadonlyArray<string>
}

const PGLITE = "@electric-sql/pglite"
const POSTGIS = "@electric-sql/pglite-postgis"
/** The PGlite releases that fit this PostGIS build. With later releases, PostgreSQL can no longer load plpgsql. */
const POSTGIS_FITS: ReadonlySet<string> = new Set(["0.5.9", "0.5.10", "0.5.11", "0.5.12"])
/** The releases that pass all tests. Earlier releases end a statement's error differently. */
const TESTED = /^0\.5\.(9|[1-9]\d+)$/

const isMissing = (cause: unknown): boolean =>
  Predicate.hasProperty(cause, "code") &&
  (cause.code === "ERR_MODULE_NOT_FOUND" || cause.code === "MODULE_NOT_FOUND" || cause.code === "ENOENT")

const version = (name: string, use: string): Effect.Effect<string, ConnectionError> =>
  Effect.tryPromise({
    try: async () => {
      const manifest: unknown = JSON.parse(
        await readFile(new URL("../package.json", import.meta.resolve(name)), { encoding: "utf8" })
      )
      return Predicate.hasProperty(manifest, "version") ? String(manifest.version) : "unknown"
    },
    catch: (cause) =>
      new ConnectionError({
        message: isMissing(cause)
          ? `${use} needs the package ${name}: npm install ${name}`
          : `${use} cannot load the package ${name}: ${String(cause)}`
      })
  })

/** Finds PGlite and, if requested, its PostGIS. */
export const packages: (postgis: boolean) => Effect.Effect<Packages, ConnectionError> = Effect.fnUntraced(
  function* (postgis) {
    const pglite = yield* version(PGLITE, "the embedded CARTO")
    if (!TESTED.test(pglite)) {
      return yield* new ConnectionError({
        message: `the embedded CARTO works with ${PGLITE} 0.5.9 and later releases of 0.5, but ${pglite} is installed: npm install ${PGLITE}@0.5.12`
      })
    }
    if (!postgis) return { postgis, versions: [`${PGLITE} ${pglite}`] }
    const extension = yield* version(POSTGIS, "PostGIS in the embedded CARTO")
    if (!POSTGIS_FITS.has(pglite)) {
      return yield* new ConnectionError({
        message: `PostGIS in the embedded CARTO needs ${PGLITE} 0.5.9 to 0.5.12, but ${pglite} is installed: npm install ${PGLITE}@0.5.12`
      })
    }
    return { postgis, versions: [`${PGLITE} ${pglite}`, `${POSTGIS} ${extension}`] }
  }
)

/** Reports whether PostGIS is available: its package is installed and fits PGlite. */
export const hasPostgis: Effect.Effect<boolean> = packages(true).pipe(
  Effect.match({ onFailure: () => false, onSuccess: () => true })
)
