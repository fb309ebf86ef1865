/**
 * Data directories that databases start from, because initdb and PostGIS take seconds, and the files of PostGIS that are
 * needed, because its package has three times as many. They are kept in the user's cache folder. Their names are made
 * from what went into them, so a stale one is never found.
 */
import * as Effect from "effect/Effect"
import * as UserDirectories from "effect/persistence/UserDirectories"
import { createHash } from "node:crypto"
import { setUp } from "../../schema/cartoSchema.ts"
import { createFunctions } from "../../schema/functions/index.ts"
import { installPostgis, adaptToPglite } from "../initialize.ts"
import type { Packages } from "../packages.ts"
import { initDbStartParams } from "../thread/host.ts"

/** The folder in the user's cache folder: `$XDG_CACHE_HOME/effect-carto`; `undefined` if the user has no cache folder. */
export const cacheFolder: Effect.Effect<string | undefined> = UserDirectories.make()
  .cache("effect-carto")
  .pipe(Effect.orElseSucceed(() => undefined))

const hash = (parts: ReadonlyArray<unknown>): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16)

/** The name of the data directory that fits the packages. It is a tar archive without compression. */
export const fileName = ({ postgis, versions }: Packages): string =>
  `${postgis ? "postgis" : "postgres"}-${hash([versions, initDbStartParams, postgis ? [installPostgis] : [], adaptToPglite, setUp, createFunctions({ postgis })])}.tar`

/** The name of PostGIS's files. PGlite wants them compressed. */
export const bundleName = ({ versions }: Packages): string => `postgis-files-${hash([versions])}.tar.gz`
