/**
 * A data directory in memory that outlives the thread that works on it. The bytes are shared between threads, and the
 * owner of the disk receives changes of its names. A terminated thread leaves the same files as a killed process.
 */
import { tarEntries } from "./tar.ts"

/** A part of an image. The image is never written to. */
export interface Extent {
  readonly at: number
  readonly size: number
}

/** The memory of one file, in consecutive chunks. The chunks can be larger than the file. */
export interface Storage {
  /** The number of bytes in the file, stored as a double. */
  readonly size: SharedArrayBuffer
  /** One chunk of any size up to `CHUNK`, or several chunks of size `CHUNK`. */
  readonly chunks: ReadonlyArray<SharedArrayBuffer>
}

/** Size of a full chunk in bytes. */
export const CHUNK: number = 1024 * 1024

/** A file or a folder. */
export interface Entry {
  /** Id of the folder that contains the entry. The id of the root is 0; the root has no entry. */
  readonly parent: number
  readonly name: string
  readonly data: "folder" | Extent | Storage
}

/** A change to names or storage of a disk. */
export type Change =
  | { readonly _tag: "Grown"; readonly id: number; readonly chunk: SharedArrayBuffer }
  | { readonly _tag: "Put"; readonly id: number; readonly entry: Entry; readonly replaces: number | undefined }
  | { readonly _tag: "Removed"; readonly id: number }

/** A data directory in memory. */
export interface Disk {
  /** The memory that contains the extents. */
  readonly image: SharedArrayBuffer
  readonly entries: Map<number, Entry>
}

/** Id of the root folder. */
export const ROOT = 0

/** Creates an empty data directory. */
export const empty = (): Disk => ({ image: new SharedArrayBuffer(0), entries: new Map() })

/** Applies a change to a disk. */
export const apply = ({ entries }: Disk, change: Change): void => {
  switch (change._tag) {
    case "Removed":
      entries.delete(change.id)
      return
    case "Put":
      entries.set(change.id, change.entry)
      if (change.replaces !== undefined) entries.delete(change.replaces)
      return
    case "Grown": {
      const entry = entries.get(change.id)
      if (entry === undefined || entry.data === "folder" || "at" in entry.data) return
      const chunks = [...entry.data.chunks, change.chunk]
      entries.set(change.id, { ...entry, data: { ...entry.data, chunks } })
    }
  }
}

/** Creates the data directory that a tar archive contains. The archive becomes its image. */
export const fromTar = (archive: Uint8Array): Disk => {
  const image = new SharedArrayBuffer(archive.length)
  const bytes = new Uint8Array(image)
  bytes.set(archive)
  const entries = new Map<number, Entry>()
  const folders = new Map([["", ROOT]])
  const put = (path: string, data: Entry["data"]): number => {
    const slash = path.lastIndexOf("/")
    const entry = { parent: folderOf(path.slice(0, Math.max(slash, 0))), name: path.slice(slash + 1), data }
    const id = entries.size + 1
    entries.set(id, entry)
    return id
  }
  const folderOf = (path: string): number => {
    const known = folders.get(path)
    if (known !== undefined) return known
    const id = put(path, "folder")
    folders.set(path, id)
    return id
  }
  for (const { at, kind, path, size } of tarEntries(archive)) {
    if (kind === "folder") folderOf(path)
    else put(path, { at, size })
  }
  return { image, entries }
}
