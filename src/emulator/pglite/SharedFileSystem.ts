/** The file system that PostgreSQL has for its data directory in memory: a `Disk`. */
import type * as Pglite from "@electric-sql/pglite"
import { type Change, type Disk, type Entry, ROOT } from "./Disk.ts"

/** Numbers of Emscripten's for what goes wrong. */
const ERRNO = { EINVAL: 28, ENODEV: 43, ENOENT: 44, ENOSPC: 51, ENOTEMPTY: 55, EPERM: 63 } as const
const FOLDER_MODE = 0o40700
const FILE_MODE = 0o100600
const HEADER = 8
/** Storage is doubled up to this size, and grows by an eighth from there on. */
const DOUBLING = 1024 * 1024
/** Id of what has been removed; PostgreSQL may have it open still. */
const GONE = -1

type Bytes = Int8Array | Uint8Array

/** A file. Its storage belongs to the image until it is written to. */
interface File {
  readonly bytes: Int8Array<SharedArrayBuffer>
  /** Its size, in the storage itself; `undefined` while it belongs to the image. */
  readonly size: Float64Array<SharedArrayBuffer> | undefined
}

/** What of Emscripten's nodes is needed, and what is kept in them here. */
interface FsNode {
  name: string
  parent: FsNode
  mode: number
  readonly id: number
  readonly rdev: number
  node_ops: object
  stream_ops: object
  atime: number
  mtime: number
  ctime: number
  diskId: number
  children: Map<string, FsNode>
  file: File
}

interface FsStream {
  readonly node: FsNode
  readonly position: number
}

interface Attributes {
  readonly mode?: number
  readonly size?: number
  readonly atime?: number
  readonly mtime?: number
  readonly ctime?: number
}

/** What of Emscripten's file system is needed. */
interface FileSystem {
  createNode: (parent: FsNode | null, name: string, mode: number, device: number) => FsNode
  lookupNode: (parent: FsNode, name: string) => FsNode
  hashRemoveNode: (node: FsNode) => void
  isDir: (mode: number) => boolean
  isFile: (mode: number) => boolean
  mkdirTree: (path: string) => void
  mount: (type: object, options: object, path: string) => void
  ErrnoError: new (errno: number) => Error
}

const isFileSystem = (value: unknown): value is FileSystem =>
  typeof value === "object" && value !== null && "createNode" in value && "mount" in value && "hashRemoveNode" in value

/** Where PGlite keeps its data directory. */
const DATA_DIRECTORY = "/pglite/data"

const sizeOf = ({ bytes, size }: File): number => size?.[0] ?? bytes.length

const inStorage = (storage: SharedArrayBuffer): File => ({
  bytes: new Int8Array(storage, HEADER),
  size: new Float64Array(storage, 0, 1)
})

/** A type of file systems for Emscripten to mount. */
const makeType = (fs: FileSystem, disk: Disk, capacity: number, tell: (change: Change) => void): object => {
  let nextId = Math.max(ROOT, ...disk.entries.keys()) + 1
  let free = capacity
  const fail = (errno: number): never => {
    throw new fs.ErrnoError(errno)
  }

  const dataOf = ({ file, mode }: FsNode): Entry["data"] => {
    if (fs.isDir(mode)) return "folder"
    const { bytes, size } = file
    return size === undefined ? { at: bytes.byteOffset, size: bytes.length } : size.buffer
  }

  const put = (node: FsNode, replaces?: number): void => {
    if (node.diskId === GONE) return
    const entry = { parent: node.parent.diskId, name: node.name, data: dataOf(node) }
    tell({ _tag: "Put", id: node.diskId, entry, replaces })
  }

  const touch = (node: FsNode): void => {
    node.mtime = Date.now()
    node.ctime = node.mtime
  }

  const store = (node: FsNode, room: number): void => {
    const storage = allocate(room)
    const next = inStorage(storage)
    const size = sizeOf(node.file)
    next.bytes.set(node.file.bytes.subarray(0, size))
    if (next.size !== undefined) next.size[0] = size
    if (node.file.size !== undefined) free += node.file.bytes.length
    node.file = next
    put(node)
  }

  const allocate = (room: number): SharedArrayBuffer => {
    if (room > free) return fail(ERRNO.ENOSPC)
    try {
      const storage = new SharedArrayBuffer(HEADER + room)
      free -= room
      return storage
    } catch {
      return fail(ERRNO.ENOSPC)
    }
  }

  /** Makes room for so many bytes, and makes the file writable. */
  const reserve = (node: FsNode, size: number): void => {
    const { file } = node
    const room = file.bytes.length
    if (file.size === undefined) store(node, Math.max(size, room))
    else if (size > room) store(node, Math.max(size, Math.floor(room * (room < DOUBLING ? 2 : 1.125)), 256))
  }

  const resize = (node: FsNode, size: number): void => {
    reserve(node, size)
    const old = sizeOf(node.file)
    if (size > old) node.file.bytes.fill(0, old, size)
    if (node.file.size !== undefined) node.file.size[0] = size
  }

  const make = (parent: FsNode | null, name: string, mode: number, id: number, data: Entry["data"]): FsNode => {
    const node = fs.createNode(parent, name, mode, 0)
    node.diskId = id
    node.atime = Date.now()
    touch(node)
    if (data === "folder") {
      node.children = new Map()
      node.node_ops = folderOperations
      node.stream_ops = { llseek }
    } else {
      node.file =
        data instanceof SharedArrayBuffer
          ? inStorage(data)
          : { bytes: new Int8Array(disk.image, data.at, data.size), size: undefined }
      node.node_ops = { getattr, setattr }
      node.stream_ops = fileOperations
    }
    parent?.children.set(name, node)
    return node
  }

  const getattr = (node: FsNode): object => {
    const size = fs.isDir(node.mode) ? 4096 : sizeOf(node.file)
    return {
      dev: 1,
      ino: node.id,
      mode: node.mode,
      nlink: 1,
      uid: 0,
      gid: 0,
      rdev: node.rdev,
      size,
      atime: new Date(node.atime),
      mtime: new Date(node.mtime),
      ctime: new Date(node.ctime),
      blksize: 4096,
      blocks: Math.ceil(size / 4096)
    }
  }

  const setattr = (node: FsNode, attributes: Attributes): void => {
    node.mode = attributes.mode ?? node.mode
    node.atime = attributes.atime ?? node.atime
    node.mtime = attributes.mtime ?? node.mtime
    node.ctime = attributes.ctime ?? node.ctime
    if (attributes.size !== undefined) resize(node, attributes.size)
  }

  const llseek = (stream: FsStream, offset: number, whence: number): number => {
    const start = [0, stream.position, fs.isFile(stream.node.mode) ? sizeOf(stream.node.file) : 0][whence] ?? 0
    return start + offset < 0 ? fail(ERRNO.EINVAL) : start + offset
  }

  const folderOperations = {
    getattr,
    setattr,
    lookup: () => fail(ERRNO.ENOENT),
    mknod: (parent: FsNode, name: string, mode: number): FsNode => {
      const isFolder = fs.isDir(mode)
      if (!isFolder && !fs.isFile(mode)) return fail(ERRNO.EPERM)
      const node = make(parent, name, mode, nextId, isFolder ? "folder" : new SharedArrayBuffer(HEADER))
      nextId += 1
      put(node)
      return node
    },
    rename: (node: FsNode, newParent: FsNode, newName: string): void => {
      const replaced = newParent.children.get(newName)
      if (replaced !== undefined) {
        if (fs.isDir(replaced.mode) && replaced.children.size > 0) fail(ERRNO.ENOTEMPTY)
        fs.hashRemoveNode(replaced)
      }
      const replaces = replaced === undefined ? undefined : release(replaced)
      node.parent.children.delete(node.name)
      newParent.children.set(newName, node)
      node.name = newName
      node.parent = newParent
      touch(newParent)
      put(node, replaces)
    },
    unlink: (parent: FsNode, name: string): void => remove(parent, name),
    rmdir: (parent: FsNode, name: string): void => {
      if ((parent.children.get(name)?.children.size ?? 0) > 0) fail(ERRNO.ENOTEMPTY)
      remove(parent, name)
    },
    readdir: (node: FsNode): Array<string> => [".", "..", ...node.children.keys()],
    symlink: () => fail(ERRNO.EPERM)
  }

  const release = (node: FsNode): number => {
    if (!fs.isDir(node.mode) && node.file.size !== undefined) free += node.file.bytes.length
    const id = node.diskId
    node.diskId = GONE
    return id
  }

  const remove = (parent: FsNode, name: string): void => {
    const node = parent.children.get(name)
    if (node === undefined) return fail(ERRNO.ENOENT)
    parent.children.delete(name)
    touch(parent)
    tell({ _tag: "Removed", id: release(node) })
  }

  const fileOperations = {
    llseek,
    read: ({ node: { file } }: FsStream, buffer: Bytes, offset: number, length: number, position: number): number => {
      const size = Math.min(sizeOf(file) - position, length)
      if (size <= 0) return 0
      buffer.set(file.bytes.subarray(position, position + size), offset)
      return size
    },
    write: ({ node }: FsStream, buffer: Bytes, offset: number, length: number, position: number): number => {
      if (length === 0) return 0
      if (position > sizeOf(node.file)) resize(node, position)
      reserve(node, position + length)
      node.file.bytes.set(buffer.subarray(offset, offset + length), position)
      if (node.file.size !== undefined) node.file.size[0] = Math.max(sizeOf(node.file), position + length)
      touch(node)
      return length
    },
    allocate: ({ node }: FsStream, offset: number, length: number): void =>
      resize(node, Math.max(sizeOf(node.file), offset + length)),
    mmap: () => fail(ERRNO.ENODEV),
    msync: () => fail(ERRNO.ENODEV)
  }

  return {
    mount: (): FsNode => {
      const children = new Map<number, Array<readonly [number, Entry]>>()
      for (const [id, entry] of disk.entries) {
        const siblings = children.get(entry.parent)
        if (siblings === undefined) children.set(entry.parent, [[id, entry]])
        else siblings.push([id, entry])
      }
      const root = make(null, "/", FOLDER_MODE, ROOT, "folder")
      const fill = (folder: FsNode): void => {
        for (const [id, { data, name }] of children.get(folder.diskId) ?? []) {
          const node = make(folder, name, data === "folder" ? FOLDER_MODE : FILE_MODE, id, data)
          if (data === "folder") fill(node)
          else if (data instanceof SharedArrayBuffer) free -= node.file.bytes.length
        }
      }
      fill(root)
      return root
    }
  }
}

/**
 * A file system for PGlite with the files of a disk, which nobody else may write to. `tell` hears of every change to
 * names and storage before PostgreSQL knows that it is done. Files that were written to take at most `capacity` bytes.
 */
export const make = (
  MemoryFS: typeof Pglite.MemoryFS,
  disk: Disk,
  options: { readonly capacity: number; readonly tell: (change: Change) => void }
): Pglite.MemoryFS =>
  new (class extends MemoryFS {
    override async init(...[pglite, given]: Parameters<Pglite.MemoryFS["init"]>): ReturnType<Pglite.MemoryFS["init"]> {
      const { emscriptenOpts } = await super.init(pglite, given)
      const mount = (module: { readonly FS: unknown }): void => {
        if (!isFileSystem(module.FS))
          throw new Error("this version of @electric-sql/pglite has no file system to mount on")
        module.FS.mkdirTree(DATA_DIRECTORY)
        module.FS.mount(makeType(module.FS, disk, options.capacity, options.tell), {}, DATA_DIRECTORY)
      }
      return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), mount] } }
    }
  })()
