/**
 * Data directories that were made beforehand, because initdb and PostGIS take seconds, and the files of PostGIS that are
 * needed, because its package has three times as many. Their file names say what went into them, so one that has become
 * stale is never found.
 */
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { setUp } from "../../schema/cartoSchema.ts"
import { initDbStartParams } from "../thread/host.ts"
import { installPostgis } from "../initialize.ts"
import type { Packages } from "../packages.ts"

/** Where `prepare` writes them. */
export const folder: URL = new URL("./", import.meta.url)

const hash = (parts: ReadonlyArray<unknown>): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16)

/** The name of the data directory that fits, of everything that goes into it. A tar archive, so that reading it takes no time. */
export const fileName = ({ postgis, versions }: Packages): string =>
  `${postgis ? "postgis" : "postgres"}-${hash([versions, initDbStartParams, postgis ? [installPostgis] : [], setUp])}.tar`

/** The name of PostGIS's files. PGlite wants them compressed. */
export const bundleName = ({ versions }: Packages): string => `postgis-files-${hash([versions])}.tar.gz`

/** The data directory that fits, as a tar archive; `undefined` if none was prepared. */
export const find = async (packages: Packages): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  try {
    return await readFile(new URL(fileName(packages), folder))
  } catch {
    return undefined
  }
}

/** The URL of PostGIS's files; `undefined` if they were not prepared. */
export const findBundle = (packages: Packages): string | undefined => {
  const url = new URL(bundleName(packages), folder)
  return packages.postgis && url.protocol === "file:" && existsSync(url) ? url.href : undefined
}
