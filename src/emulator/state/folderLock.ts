/** PGlite takes no lock on its data directory, and two processes on one lose each other's writes. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import process from "node:process"
import { ConnectionError } from "../database.ts"

const FILE = "emulator.pid"

const hasCode = (error: unknown, code: string): boolean => Predicate.hasProperty(error, "code") && error.code === code

/** Whether a process runs that could have written the lock. Its id may be ours if the writer ran in another container. */
const isHeld = async (file: string, pid: number): Promise<boolean> => {
  if (!Number.isInteger(pid) || pid <= 0) return false
  if (pid === process.pid) return (await stat(file)).mtimeMs >= Date.now() - process.uptime() * 1000
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !hasCode(error, "ESRCH")
  }
}

/** Writes the lock; the pid of its holder if somebody else has it. */
const take = async (folder: string): Promise<number | undefined> => {
  const file = join(folder, FILE)
  await mkdir(folder, { recursive: true })
  for (;;) {
    try {
      await writeFile(file, `${process.pid}\n`, { flag: "wx" })
      return undefined
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error
      const pid = Number(await readFile(file, { encoding: "utf8" }).catch(() => ""))
      if (await isHeld(file, pid)) return pid
      await rm(file, { force: true })
    }
  }
}

/**
 * Locks a folder, making it if need be, until the scope closes. Fails if a running process has it; the lock of a process
 * that has ended is taken over.
 */
export const acquire = (folder: string): Effect.Effect<void, ConnectionError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: () => take(folder),
      catch: (cause) => new ConnectionError({ message: `cannot use the folder ${folder}: ${String(cause)}` })
    }).pipe(
      Effect.flatMap((pid) =>
        pid === undefined
          ? Effect.void
          : Effect.fail(
              new ConnectionError({
                message: `the folder ${folder} is in use by process ${pid}; if that is no emulator, delete ${join(folder, FILE)}`
              })
            )
      )
    ),
    () => Effect.promise(() => rm(join(folder, FILE), { force: true }))
  )
