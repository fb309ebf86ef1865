/** The files of PostGIS that a database needs. Its package has more than twice as many, and they are compressed. */
import { readFile } from "node:fs/promises"
import { promisify } from "node:util"
import { gunzip, gzip } from "node:zlib"

/** The library, its SQL, and what PROJ knows of the world; not rasters, topology, geocoder, or ways to upgrade. */
const NEEDED =
  /^(lib\/postgresql\/postgis-3\.so|share\/proj\/.*|share\/postgresql\/extension\/postgis(--[0-9.]+\.sql|\.control))$/

const BLOCK = 512
const REGULAR = 0x30

/** Selects them from the package, as a tar archive that is compressed in name only: to read it takes no time. */
export const select = async (): Promise<Uint8Array> => {
  const bundle = new URL("./postgis.tar.gz", import.meta.resolve("@electric-sql/pglite-postgis"))
  const archive = await promisify(gunzip)(await readFile(bundle))
  const selected: Array<Uint8Array> = []
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0;) {
    const [name = ""] = archive.toString("utf8", at, at + 100).split("\0")
    const size = Number.parseInt(archive.toString("latin1", at + 124, at + 136), 8) || 0
    const end = at + BLOCK + Math.ceil(size / BLOCK) * BLOCK
    if (archive[at + 156] === REGULAR && NEEDED.test(name.replace(/^\.\//, "")))
      selected.push(archive.subarray(at, end))
    at = end
  }
  return await promisify(gzip)(Buffer.concat([...selected, new Uint8Array(2 * BLOCK)]), { level: 0 })
}
