/** Starts PGlite for the emulator: its settings, its data directory, and the way back after a crash. */
import type { PGlite } from "@electric-sql/pglite"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { ConnectionError } from "../Database.ts"
import * as Backend from "./Backend.ts"
import * as Clock from "./Clock.ts"
import * as Files from "./files.ts"
import type { Packages } from "./packages.ts"
import { deferOptimization } from "./tiering.ts"

export interface Instance {
  readonly backend: Backend.Backend
  /**
   * The data directory as a crash left it. PostgreSQL recovers from it what had been committed. `undefined` where it
   * lies in a folder, which only has to be opened again.
   */
  readonly remains: Effect.Effect<Files.Files | undefined, ConnectionError>
  /** The data directory as it is, compressed: to start others from. */
  readonly archive: Effect.Effect<Uint8Array, ConnectionError>
  /** Shuts PostgreSQL down. Only for an instance that has not crashed. */
  readonly close: Effect.Effect<void>
}

export interface Start {
  readonly packages: Packages
  readonly folder?: string | undefined
  /** A data directory to start from, as a tar archive; ignored where the folder holds one already. */
  readonly data?: Blob | undefined
  /** What a crashed instance in memory has left, to start from instead. */
  readonly remains?: Files.Files | undefined
}

/** One WAL segment is the least that PostgreSQL keeps: 16 MB by default, of a data directory of 40 MB. */
export const initDbStartParams: Array<string> = ["--wal-segsize=1"]

/**
 * PostgreSQL's command line. Without fsync, what a crash of the process cannot lose a power failure can. `search_path`
 * is that of the emulator's own statements. The stack depth is what PostgreSQL checks before the host's stack is full.
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

const unavailable = (cause: unknown): ConnectionError =>
  new ConnectionError({
    message: cause instanceof Backend.BackendCrash ? cause.message : `PostgreSQL does not start: ${String(cause)}`
  })

const create = Effect.fnUntraced(function* (
  start: Start,
  clock: Clock.Clock
): Effect.fn.Return<PGlite, ConnectionError> {
  const { MemoryFS, PGlite, postgis } = start.packages
  const exists =
    start.remains !== undefined || (start.folder !== undefined && existsSync(join(start.folder, "PG_VERSION")))
  return yield* Effect.tryPromise({
    try: () => {
      deferOptimization()
      return PGlite.create({
        ...(start.folder === undefined ? {} : { dataDir: start.folder }),
        ...(start.remains === undefined ? {} : { fs: Files.startingWith(MemoryFS, start.remains) }),
        ...(exists || start.data === undefined ? {} : { loadDataDir: start.data }),
        extensions: { clock: clock.extension, ...(postgis === undefined ? {} : { postgis }) },
        startParams,
        initDbStartParams
      })
    },
    catch: unavailable
  })
})

const close = (pglite: PGlite): Effect.Effect<void> => Effect.ignore(Effect.tryPromise(() => pglite.close()))

/** Starts PostgreSQL. Whoever starts it must close it. Not interruptible: PGlite cannot be stopped half-way. */
export const start = (options: Start): Effect.Effect<Instance, ConnectionError> =>
  Effect.gen(function* () {
    const clock = Clock.make()
    const pglite = yield* create(options, clock)
    const backend = yield* Effect.tryPromise({
      try: () => Backend.make(pglite, options.packages.protocol, clock),
      catch: unavailable
    }).pipe(Effect.onExit((exit) => (Exit.isFailure(exit) ? close(pglite) : Effect.void)))
    return {
      backend,
      remains:
        options.folder === undefined
          ? Effect.try({ try: () => Files.read(pglite), catch: unavailable })
          : Effect.succeed(undefined),
      archive: Effect.tryPromise({
        try: async () => new Uint8Array(await (await pglite.dumpDataDir("gzip")).arrayBuffer()),
        catch: unavailable
      }),
      close: close(pglite)
    }
  }).pipe(Effect.uninterruptible)
