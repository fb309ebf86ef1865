/** The file system of PostgreSQL's data directory in memory, backed by a `Disk`. */
import type * as Pglite from "@electric-sql/pglite"
import { type Change, CHUNK, type Disk, type Entry, ROOT, type Storage } from "./disk.ts"

/** Error numbers of Emscripten. */
const ERRNO = { EINVAL: 28, ENODEV: 43, ENOENT: 44, ENOSPC: 51, ENOTEMPTY: 55, EPERM: 63 } as const
const FOLDER_MODE = 0o40700
const FILE_MODE = 0o100600
/** The smallest chunk: one page of PostgreSQL. */
const PAGE = 8192
/** Id of a removed file or folder, which PostgreSQL may still have open. */
const GONE = -1

type Bytes = Int8Array | Uint8Array

type Chunk = Int8Array<SharedArrayBuffer>

/** A file. Its bytes are part of the image until the file is written to. */
interface File {
  readonly chunks: ReadonlyArray<Chunk>
  /** Its size, in shared memory; `undefined` while the file is part of the image. */
  readonly size: Float64Array<SharedArrayBuffer> | undefined
}

/** The members of Emscripten's nodes that are needed, and the members that are added here. */
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
  /** Number of times the file is open. */
  opened: number
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

/** The members of Emscripten's file system that are needed. */
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

/** The path of PGlite's data directory. */
const DATA_DIRECTORY = "/pglite/data"

/** Returns the capacity of a file's chunks in bytes. */
const roomOf = ({ chunks }: File): number => chunks.length * (chunks[0]?.length ?? 0)

const sizeOf = (file: File): number => file.size?.[0] ?? roomOf(file)

const inStorage = ({ chunks, size }: Storage): File => ({
  chunks: chunks.map((chunk) => new Int8Array(chunk)),
  size: new Float64Array(size)
})

/** Calls `use` for each part of a range that lies in one chunk. `done` is the offset of the part in the range. */
const eachPart = (
  { chunks }: File,
  position: number,
  length: number,
  use: (part: Chunk, done: number) => void
): void => {
  const unit = chunks[0]?.length ?? 0
  for (let done = 0; done < length;) {
    const at = (position + done) % unit
    const part = chunks[Math.floor((position + done) / unit)]?.subarray(at, Math.min(unit, at + length - done))
    if (part === undefined) return
    use(part, done)
    done += part.length
  }
}

/** Creates a file system type for Emscripten to mount. */
const makeType = (fs: FileSystem, disk: Disk, capacity: number, tell: (change: Change) => void): object => {
  let nextId = ROOT + 1
  for (const id of disk.entries.keys()) nextId = Math.max(nextId, id + 1)
  let free = capacity
  const fail = (errno: number): never => {
    throw new fs.ErrnoError(errno)
  }

  const dataOf = ({ file, mode }: FsNode): Entry["data"] => {
    if (fs.isDir(mode)) return "folder"
    const { chunks, size } = file
    return size === undefined
      ? { at: chunks[0]?.byteOffset ?? 0, size: roomOf(file) }
      : { size: size.buffer, chunks: chunks.map(({ buffer }) => buffer) }
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

  /**
   * Chunks that no file uses any more, by size. They are reused, because shared memory is not garbage-collected in
   * time.
   */
  const unused = new Map<number, Array<SharedArrayBuffer>>()

  const allocate = (node: FsNode, size: number): Chunk => {
    // PostgreSQL does not survive a failed write to its log, so the log gets extra space.
    if (size > free + (node.parent.name === "pg_wal" ? capacity / 2 : 0)) return fail(ERRNO.ENOSPC)
    try {
      const chunk = new Int8Array(unused.get(size)?.pop() ?? new SharedArrayBuffer(size))
      free -= size
      return chunk
    } catch {
      return fail(ERRNO.ENOSPC)
    }
  }

  const release = ({ chunks, size }: File): void => {
    if (size === undefined) return
    for (const { buffer } of chunks) {
      free += buffer.byteLength
      const others = unused.get(buffer.byteLength)
      if (others === undefined) unused.set(buffer.byteLength, [buffer])
      else others.push(buffer)
    }
  }

  /** Moves the content of a file to new chunks. */
  const store = (node: FsNode, room: number): void => {
    const old = node.file
    const size = sizeOf(old)
    const unit = room > CHUNK ? CHUNK : Math.max(PAGE, 2 ** Math.ceil(Math.log2(room)))
    const chunks = Array.from({ length: Math.ceil(room / unit) }, () => allocate(node, unit))
    const cell = new Float64Array(new SharedArrayBuffer(8))
    cell[0] = size
    node.file = { chunks, size: cell }
    eachPart(old, 0, Math.min(size, room), (part, done) =>
      eachPart(node.file, done, part.length, (to, begin) => to.set(part.subarray(begin, begin + to.length)))
    )
    put(node)
    release(old)
  }

  const grow = (node: FsNode): void => {
    const chunk = allocate(node, CHUNK)
    node.file = { ...node.file, chunks: [...node.file.chunks, chunk] }
    if (node.diskId !== GONE) tell({ _tag: "Grown", id: node.diskId, chunk: chunk.buffer })
  }

  /** Reserves space for the given number of bytes, and makes the file writable. */
  const reserve = (node: FsNode, size: number): void => {
    if (node.file.size === undefined) store(node, Math.max(size, roomOf(node.file), PAGE))
    const room = roomOf(node.file)
    if (size <= room) return
    if (room < CHUNK) store(node, Math.min(CHUNK, Math.max(size, 2 * room)))
    while (roomOf(node.file) < size) grow(node)
  }

  const resize = (node: FsNode, size: number): void => {
    reserve(node, size)
    const old = sizeOf(node.file)
    if (size > old) eachPart(node.file, old, size - old, (part) => part.fill(0))
    if (node.file.size !== undefined) node.file.size[0] = size
    shrink(node, size)
  }

  const shrink = (node: FsNode, size: number): void => {
    const { chunks, ...file } = node.file
    const needed = Math.max(1, Math.ceil(size / CHUNK))
    if (chunks.length <= needed) return
    node.file = { ...file, chunks: chunks.slice(0, needed) }
    put(node)
    release({ ...file, chunks: chunks.slice(needed) })
  }

  const make = (parent: FsNode | null, name: string, mode: number, id: number, data: Entry["data"]): FsNode => {
    const node = fs.createNode(parent, name, mode, 0)
    node.diskId = id
    node.opened = 0
    node.atime = Date.now()
    touch(node)
    if (data === "folder") {
      node.children = new Map()
      node.node_ops = folderOperations
      node.stream_ops = { llseek }
    } else {
      node.file =
        "at" in data ? { chunks: [new Int8Array(disk.image, data.at, data.size)], size: undefined } : inStorage(data)
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
      const node = make(
        parent,
        name,
        mode,
        nextId,
        isFolder ? "folder" : { size: new SharedArrayBuffer(8), chunks: [] }
      )
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
      const replaces = replaced === undefined ? undefined : forget(replaced)
      node.parent.children.delete(node.name)
      newParent.children.set(newName, node)
      node.name = newName
      node.parent = newParent
      touch(newParent)
      put(node, replaces)
      if (replaced !== undefined) discard(replaced)
    },
    unlink: (parent: FsNode, name: string): void => remove(parent, name),
    rmdir: (parent: FsNode, name: string): void => {
      if ((parent.children.get(name)?.children.size ?? 0) > 0) fail(ERRNO.ENOTEMPTY)
      remove(parent, name)
    },
    readdir: (node: FsNode): Array<string> => [".", "..", ...node.children.keys()],
    symlink: () => fail(ERRNO.EPERM)
  }

  const forget = (node: FsNode): number => {
    const id = node.diskId
    node.diskId = GONE
    return id
  }

  /** Releases the memory of a file that is removed and no longer open. */
  const discard = (node: FsNode): void => {
    if (fs.isDir(node.mode) || node.diskId !== GONE || node.opened > 0) return
    release(node.file)
    node.file = { chunks: [], size: undefined }
  }

  const remove = (parent: FsNode, name: string): void => {
    const node = parent.children.get(name)
    if (node === undefined) return fail(ERRNO.ENOENT)
    parent.children.delete(name)
    touch(parent)
    tell({ _tag: "Removed", id: forget(node) })
    discard(node)
  }

  const fileOperations = {
    llseek,
    open: ({ node }: FsStream): void => {
      node.opened += 1
    },
    dup: ({ node }: FsStream): void => {
      node.opened += 1
    },
    close: ({ node }: FsStream): void => {
      node.opened -= 1
      discard(node)
    },
    read: ({ node: { file } }: FsStream, buffer: Bytes, offset: number, length: number, position: number): number => {
      const size = Math.min(sizeOf(file) - position, length)
      if (size <= 0) return 0
      eachPart(file, position, size, (part, done) => buffer.set(part, offset + done))
      return size
    },
    write: ({ node }: FsStream, buffer: Bytes, offset: number, length: number, position: number): number => {
      if (length === 0) return 0
      if (position > sizeOf(node.file)) resize(node, position)
      reserve(node, position + length)
      eachPart(node.file, position, length, (part, done) =>
        part.set(buffer.subarray(offset + done, offset + done + part.length))
      )
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
          else if ("chunks" in data) free -= roomOf(node.file)
        }
      }
      fill(root)
      return root
    }
  }
}

/**
 * Creates a file system for PGlite with the files of a disk. No other file system may write to the disk. `tell`
 * receives every change to names and storage before PostgreSQL gets the result. Written files take at most `capacity`
 * bytes.
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
