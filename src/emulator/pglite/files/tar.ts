/** Reads tar archives, to the extent that the archives of PGlite and its PostGIS need. */

const BLOCK = 512
const FOLDER = 0x35
const REGULAR = 0x30

/** An entry of a tar archive. */
export interface TarEntry {
  /** The path without a leading `./` and without slashes at either end. */
  readonly path: string
  readonly kind: "folder" | "file" | "other"
  /** Offset of its header. */
  readonly start: number
  /** Offset of its data. */
  readonly at: number
  readonly size: number
  /** Offset of the next header. */
  readonly end: number
}

/** Two empty blocks, which end an archive. */
export const tarEnd: Uint8Array = new Uint8Array(2 * BLOCK)

/** Lists the entries of an archive, in order. */
export const tarEntries = (archive: Uint8Array): ReadonlyArray<TarEntry> => {
  const decoder = new TextDecoder()
  const text = (at: number, length: number): string => {
    const field = archive.subarray(at, at + length)
    const end = field.indexOf(0)
    return decoder.decode(end === -1 ? field : field.subarray(0, end))
  }
  const entries: Array<TarEntry> = []
  for (let start = 0; start + BLOCK <= archive.length && archive[start] !== 0;) {
    const type = archive[start + 156]
    const size = Number.parseInt(text(start + 124, 12), 8) || 0
    const at = start + BLOCK
    const end = at + Math.ceil(size / BLOCK) * BLOCK
    const path = text(start, 100)
      .replace(/^\.\//, "")
      .replace(/^\/+/, "")
      .replace(/(?<!\/)\/+$/, "")
    entries.push({
      path,
      kind: type === FOLDER ? "folder" : type === REGULAR || type === 0 ? "file" : "other",
      start,
      at,
      size,
      end
    })
    start = end
  }
  return entries
}
