/** Reads tar archives, as far as PGlite's and those of its PostGIS need it. */

const BLOCK = 512
const FOLDER = 0x35
const REGULAR = 0x30

export interface TarEntry {
  /** Without slashes at its ends and without a leading `./`. */
  readonly path: string
  readonly kind: "folder" | "file" | "other"
  /** Where its header begins. */
  readonly start: number
  /** Where its data begin. */
  readonly at: number
  readonly size: number
  /** Where the next header begins. */
  readonly end: number
}

/** Two empty blocks, which end an archive. */
export const tarEnd: Uint8Array = new Uint8Array(2 * BLOCK)

/** The entries of an archive, in order. */
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
