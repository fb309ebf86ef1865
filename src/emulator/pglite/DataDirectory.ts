/**
 * Data directories that were made beforehand, because initdb and PostGIS take seconds. Their file name says what went
 * into them, so one that has become stale is never found.
 */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { setUp } from "../schema/CartoSchema.ts"
import { installPostgis } from "./initialize.ts"
import { initDbStartParams } from "./Instance.ts"
import type { Packages } from "./packages.ts"

/** Where `prepare` writes them; a build copies the folder. */
export const folder: URL = new URL("./prepared/", import.meta.url)

/** The name of the data directory that fits, of everything that goes into it. */
export const fileName = ({ postgis, versions }: Pick<Packages, "postgis" | "versions">): string => {
  const hash = createHash("sha256")
    .update(JSON.stringify([versions, initDbStartParams, postgis === undefined ? [] : [installPostgis], setUp]))
    .digest("hex")
  return `${postgis === undefined ? "postgres" : "postgis"}-${hash.slice(0, 16)}.tar.gz`
}

/** The data directory that fits; `undefined` if none was prepared. */
export const find = (packages: Packages): Effect.Effect<Blob | undefined> =>
  Effect.tryPromise(() => readFile(new URL(fileName(packages), folder))).pipe(
    Effect.match({
      onFailure: () => undefined,
      onSuccess: (bytes) => new Blob([new Uint8Array(bytes)], { type: "application/gzip" })
    })
  )
