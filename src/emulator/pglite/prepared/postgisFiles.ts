/**
 * The files of PostGIS that a database needs. Its package has more than twice as many files, and they are compressed.
 */
import { readFile } from "node:fs/promises"
import { promisify } from "node:util"
import { gunzip, gzip } from "node:zlib"
import { concatenate } from "../../shared/bytes.ts"
import { tarEnd, tarEntries } from "../files/tar.ts"

/** The library, its SQL, and PROJ's data. Rasters, topology, geocoder and upgrade scripts are left out. */
const NEEDED =
  /^(lib\/postgresql\/postgis-3\.so|share\/proj\/.*|share\/postgresql\/extension\/postgis(--[0-9.]+\.sql|\.control))$/

/** Selects the files from the package. Returns a gzip archive without actual compression, which is fast to read. */
export const select = async (): Promise<Uint8Array> => {
  const bundle = new URL("./postgis.tar.gz", import.meta.resolve("@electric-sql/pglite-postgis"))
  const archive = await promisify(gunzip)(await readFile(bundle))
  const selected = tarEntries(archive)
    .filter(({ kind, path }) => kind === "file" && NEEDED.test(path))
    .map(({ end, start }) => archive.subarray(start, end))
  return await promisify(gzip)(concatenate([...selected, tarEnd]), { level: 0 })
}
