/** The files of a data directory in memory, taken from one instance and given to the next. */
import type * as Pglite from "@electric-sql/pglite"
import * as Predicate from "effect/Predicate"

/** Files by path, and folders, in an order in which they can be made. */
export type Files = ReadonlyArray<{ readonly path: string; readonly data: Uint8Array | undefined }>

/** What of Emscripten's file system is needed. */
interface FileSystem {
  readdir: (path: string) => ReadonlyArray<string>
  stat: (path: string) => { readonly mode: number }
  isDir: (mode: number) => boolean
  readFile: (path: string) => Uint8Array
  mkdirTree: (path: string) => void
  writeFile: (path: string, data: Uint8Array, options: { readonly canOwn: boolean }) => void
}

const isFileSystem = (value: unknown): value is FileSystem =>
  Predicate.hasProperty(value, "readdir") &&
  Predicate.isFunction(value.readdir) &&
  Predicate.hasProperty(value, "stat") &&
  Predicate.isFunction(value.stat) &&
  Predicate.hasProperty(value, "isDir") &&
  Predicate.isFunction(value.isDir) &&
  Predicate.hasProperty(value, "readFile") &&
  Predicate.isFunction(value.readFile) &&
  Predicate.hasProperty(value, "mkdirTree") &&
  Predicate.isFunction(value.mkdirTree) &&
  Predicate.hasProperty(value, "writeFile") &&
  Predicate.isFunction(value.writeFile)

const fileSystem = (pglite: Pglite.PGlite | undefined): FileSystem => {
  const found: unknown = pglite?.Module.FS
  if (!isFileSystem(found)) throw new Error("this version of @electric-sql/pglite has no file system to read")
  return found
}

/** Where PGlite keeps its data directory. */
const ROOT = "/pglite/data"

const list = (files: FileSystem, folder: string, found: Array<Files[number]>): Files => {
  for (const name of files.readdir(folder)) {
    if (name === "." || name === "..") continue
    const path = `${folder}/${name}`
    if (files.isDir(files.stat(path).mode)) {
      found.push({ path, data: undefined })
      list(files, path, found)
    } else {
      found.push({ path, data: files.readFile(path) })
    }
  }
  return found
}

/** Reads the data directory of an instance, whether PostgreSQL still runs there or not. */
export const read = (pglite: Pglite.PGlite): Files => list(fileSystem(pglite), ROOT, [])

/** A file system in memory that starts with these files. They must not be used again. */
export const startingWith = (MemoryFS: typeof Pglite.MemoryFS, initial: Files): Pglite.MemoryFS =>
  new (class extends MemoryFS {
    override async initialSyncFs(): Promise<void> {
      const files = fileSystem(this.pg)
      for (const { path, data } of initial) {
        if (data === undefined) files.mkdirTree(path)
        else files.writeFile(path, data, { canOwn: true })
      }
    }
  })()
