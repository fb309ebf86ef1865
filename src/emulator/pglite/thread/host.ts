/**
 * PostgreSQL in the current thread. This module does not load Effect, so that the thread of each database starts fast.
 */
import type { Extension, PGlite } from "@electric-sql/pglite"
import type { Report } from "../../database.ts"
import * as Backend from "../backend/backend.ts"
import * as Clock from "../backend/clock.ts"
import { Crash, crashReport } from "../backend/crash.ts"
import type { Change, Disk } from "../files/disk.ts"
import * as SharedFileSystem from "../files/sharedFileSystem.ts"
import { deferOptimization } from "./deferOptimization.ts"

/** The start parameters of a database. They can be sent to another thread. */
export interface Start {
  /** Location of the data directory: in memory or in a folder. */
  readonly data:
    | { readonly _tag: "Memory"; readonly disk: Disk }
    /**
     * `archive` is the initial data directory as a tar archive. It is ignored if the folder already has a data
     * directory.
     */
    | { readonly _tag: "Folder"; readonly path: string; readonly archive: Uint8Array<ArrayBuffer> | undefined }
  readonly postgis: boolean
  /** URL of PostGIS's files; by default, the files of its package. */
  readonly postgisBundle: string | undefined
  /** Memory for signals between two threads while PostgreSQL works; see `CONTROL`. */
  readonly control: SharedArrayBuffer
}

/** Indexes of the 32-bit numbers in `control`. */
export const CONTROL = {
  /** Counter that increases whenever PostgreSQL calls a host function. */
  beats: 0,
  /** The number of the request whose text should be canceled. */
  cancelled: 1,
  /** 1 if another thread has taken over the data directory. No more data may then be written to it. */
  abandoned: 2,
  bytes: 12
} as const

/** A request to PostgreSQL. */
export type Request =
  | { readonly _tag: "Statement"; readonly sql: string; readonly parameters: ReadonlyArray<Backend.Parameter> }
  | { readonly _tag: "Script"; readonly sql: string }
  | {
      readonly _tag: "Run"
      readonly session: Backend.Session
      readonly sql: string
      readonly copyIn: Uint8Array | undefined
      readonly mayAlterRoles: boolean
    }

/** Events of a request: its response in pieces of complete messages, and its end. */
export type Event =
  | { readonly _tag: "Bytes"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** `slept` is the milliseconds that PostgreSQL believes to have slept. */
  | { readonly _tag: "Ended"; readonly slept: number }
  | { readonly _tag: "Crashed"; readonly message: string; readonly report: Report | undefined }

/** A running PostgreSQL in the current thread. */
export interface Host {
  /** Runs a request to its end. Requests are numbered from 1. */
  readonly handle: (request: Request, emit: (event: Event) => void) => void
  /** Returns the current data directory as a tar archive. */
  readonly archive: () => Promise<Uint8Array<ArrayBuffer>>
  /** Shuts PostgreSQL down. Call it only if PostgreSQL has not crashed. */
  readonly close: () => Promise<void>
}

/**
 * Parameters of initdb. PostgreSQL keeps at least one WAL segment, which by default takes 16 MB of a data directory of
 * 40 MB.
 */
export const initDbStartParams: Array<string> = ["--wal-segsize=1"]

/**
 * PostgreSQL's command line. Without fsync, a power failure can lose data, but a crash of the process cannot.
 * `search_path` applies to the emulator's own statements. PostgreSQL checks the stack depth before the host's stack is
 * full.
 */
const startParams = [
  "--single",
  "-F",
  "-j",
  ...[
    "search_path=pg_catalog,pg_temp",
    "exit_on_error=false",
    "log_checkpoints=false",
    "max_worker_processes=0",
    "max_parallel_workers=0",
    "max_parallel_workers_per_gather=0",
    "max_parallel_maintenance_workers=0",
    "io_method=sync",
    "shared_buffers=4MB",
    "max_connections=5",
    "jit=off",
    "max_stack_depth=200kB"
  ].flatMap((setting) => ["-c", setting])
]

/** Initial and maximum number of 64 KB memory pages. At the maximum, PostgreSQL reports that it is out of memory. */
const MEMORY = { initial: 2048, maximum: 16_384 }

/** Maximum bytes of written files in memory. Beyond that, PostgreSQL reports that the disk is full. */
const CAPACITY = 2 * 1024 * 1024 * 1024

/**
 * An extension that gives PostgreSQL less memory than PGlite would, so that one caller cannot use all of the machine's
 * memory. Must be the first extension.
 */
const memory: Extension = {
  name: "memory",
  setup: async (_pglite, emscripten: object) => ({
    emscriptenOpts: { ...emscripten, wasmMemory: new WebAssembly.Memory(MEMORY) }
  })
}

const loadPostgis = async (bundle: string | undefined): Promise<Extension> => {
  const { postgis } = await import("@electric-sql/pglite-postgis")
  if (bundle === undefined) return postgis
  return {
    ...postgis,
    setup: async (pglite, emscripten) => ({ ...(await postgis.setup(pglite, emscripten)), bundlePath: new URL(bundle) })
  }
}

const openPglite = async (start: Start, clock: Clock.Clock, tell: (change: Change) => void): Promise<PGlite> => {
  const [{ MemoryFS, PGlite }, postgis] = await Promise.all([
    import("@electric-sql/pglite"),
    start.postgis ? loadPostgis(start.postgisBundle) : undefined
  ])
  deferOptimization()
  const { data } = start
  return await PGlite.create({
    ...(data._tag === "Memory"
      ? { fs: SharedFileSystem.make(MemoryFS, data.disk, { capacity: CAPACITY, tell }) }
      : { dataDir: data.path }),
    ...(data._tag === "Memory" || data.archive === undefined ? {} : { loadDataDir: new Blob([data.archive]) }),
    extensions: { memory, clock: clock.extension, ...(postgis === undefined ? {} : { postgis }) },
    startParams,
    initDbStartParams
  })
}

/**
 * Written bytes after which a checkpoint is made. PostgreSQL leaves checkpoints to a process that PGlite does not have,
 * so its log would only grow.
 */
const CHECKPOINT = 64 * 1024 * 1024

/** Bytes of a response that are sent together, and milliseconds after which a piece can be smaller. */
const PIECE = 64 * 1024
const PATIENCE = 50

/** Combines messages into pieces. */
const makePieces = (emit: (event: Event) => void) => {
  let piece = new Uint8Array(0)
  let used = 0
  let since = performance.now()
  const flush = (): void => {
    if (used > 0) emit({ _tag: "Bytes", bytes: used === piece.length ? piece : piece.slice(0, used) })
    piece = new Uint8Array(0)
    used = 0
    since = performance.now()
  }
  return {
    flush,
    add: (message: Uint8Array): void => {
      if (used + message.length > piece.length) {
        if (used + message.length > PIECE || piece.length === PIECE) flush()
        const larger = new Uint8Array(Math.max(used + message.length, used === 0 ? 1024 : PIECE))
        larger.set(piece.subarray(0, used))
        piece = larger
      }
      piece.set(message, used)
      used += message.length
      if (used >= PIECE || performance.now() - since > PATIENCE) flush()
    }
  }
}

/**
 * Starts PostgreSQL. `tell` receives the changes to a disk in memory. Throws if PostgreSQL does not start, or if this
 * PGlite is not safe to use.
 */
export const open = async (start: Start, tell: (change: Change) => void): Promise<Host> => {
  const control = new Int32Array(start.control)
  let current = 0
  let backend: Backend.Backend | undefined
  const clock = Clock.make((isText) => {
    Atomics.add(control, CONTROL.beats, 1)
    if (isText && Atomics.load(control, CONTROL.cancelled) === current) backend?.cancel()
    if (Atomics.load(control, CONTROL.abandoned) === 1) throw new Crash("the data directory has been taken over")
  })
  const pglite = await openPglite(start, clock, tell)
  const close = async (): Promise<void> => {
    await pglite.close().catch(() => {})
  }
  try {
    const { protocol } = await import("@electric-sql/pglite")
    backend = await Backend.make(pglite, protocol, clock)
  } catch (error) {
    await close()
    throw error
  }
  const { runAs, script, statement } = backend

  const run = (request: Request, sink: Backend.Sink): number => {
    switch (request._tag) {
      case "Statement":
        statement(request.sql, request.parameters, sink)
        return 0
      case "Script":
        script(request.sql, sink)
        return 0
      case "Run":
        return runAs(request, sink)
    }
  }

  let checkpointed = clock.written()
  const checkpoint = (): void => {
    if (clock.written() - checkpointed < CHECKPOINT) return
    checkpointed = clock.written()
    try {
      script("CHECKPOINT", () => {})
    } catch {
      // The next request reports the crash.
    }
  }

  return {
    handle: (request, emit) => {
      current += 1
      const { add, flush } = makePieces(emit)
      try {
        const slept = run(request, add)
        flush()
        emit({ _tag: "Ended", slept })
        checkpoint()
      } catch (error) {
        flush()
        const crash = error instanceof Crash ? error : new Crash(String(error), crashReport(error, undefined))
        emit({ _tag: "Crashed", message: crash.message, report: crash.report })
      }
    },
    archive: async () => new Uint8Array(await (await pglite.dumpDataDir("none")).arrayBuffer()),
    close
  }
}
