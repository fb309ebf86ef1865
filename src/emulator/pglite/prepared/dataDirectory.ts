/**
 * The prepared files in the user's cache folder: initial data directories, because initdb and PostGIS take seconds, and
 * the required files of PostGIS, because its package has three times as many. The name of a file is derived from its
 * inputs, so a stale file is never found.
 */
import * as Effect from "effect/Effect"
import * as UserDirectories from "effect/persistence/UserDirectories"
import { createHash } from "node:crypto"
import { setUp } from "../../schema/cartoSchema.ts"
import { createFunctions } from "../../schema/functions/index.ts"
import { installPostgis, adaptToPglite } from "../initialize.ts"
import type { Packages } from "../packages.ts"
import { initDbStartParams } from "../thread/host.ts"

/** The cache folder of the emulator: `$XDG_CACHE_HOME/effect-carto`; `undefined` if the user has no cache folder. */
export const cacheFolder: Effect.Effect<string | undefined> = UserDirectories.make()
  .cache("effect-carto")
  .pipe(Effect.orElseSucceed(() => undefined))

const hash = (parts: ReadonlyArray<unknown>): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16)

/** Returns the name of the data directory that fits the packages. It is a tar archive without compression. */
export const fileName = ({ postgis, versions }: Packages): string =>
  `${postgis ? "postgis" : "postgres"}-${hash([versions, initDbStartParams, postgis ? [installPostgis] : [], adaptToPglite, setUp, createFunctions({ postgis })])}.tar`

/** Returns the name of the archive with PostGIS's files. PGlite requires the archive to be compressed. */
export const bundleName = ({ versions }: Packages): string => `postgis-files-${hash([versions])}.tar.gz`
