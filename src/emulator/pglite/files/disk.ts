/**
 * A data directory in memory that outlives the thread that works on it: its bytes are shared between threads, and whoever
 * keeps it is told of its names. A thread that is ended leaves what a process leaves that is killed.
 */
import { tarEntries } from "./tar.ts"

/** A part of an image, which nobody writes to. */
export interface Extent {
  readonly at: number
  readonly size: number
}

/** Memory of a file's own, one chunk after the other; there may be more of it than the file has. */
export interface Storage {
  /** A double: how many bytes the file has. */
  readonly size: SharedArrayBuffer
  /** One of any size up to `CHUNK`, or several of that. */
  readonly chunks: ReadonlyArray<SharedArrayBuffer>
}

export const CHUNK: number = 1024 * 1024

/** A file or a folder. */
export interface Entry {
  /** Id of the folder that it is in; that of the root is 0, and the root has no entry. */
  readonly parent: number
  readonly name: string
  readonly data: "folder" | Extent | Storage
}

export type Change =
  | { readonly _tag: "Grown"; readonly id: number; readonly chunk: SharedArrayBuffer }
  | { readonly _tag: "Put"; readonly id: number; readonly entry: Entry; readonly replaces: number | undefined }
  | { readonly _tag: "Removed"; readonly id: number }

export interface Disk {
  /** What the extents are parts of. */
  readonly image: SharedArrayBuffer
  readonly entries: Map<number, Entry>
}

export const ROOT = 0

/** An empty data directory. */
export const empty = (): Disk => ({ image: new SharedArrayBuffer(0), entries: new Map() })

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

/** The data directory in a tar archive. The archive stays its image. */
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
