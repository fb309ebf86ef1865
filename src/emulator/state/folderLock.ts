/**
 * The lock of a folder. Only one emulator at a time may use a folder.
 *
 * Each contender creates its own file and then looks for the files of other contenders. Of two running contenders, the
 * last to look sees the other's file, so two contenders cannot both hold the lock. File names are never reused, so the
 * file of an ended process can be deleted safely.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { mkdir, open, readdir, readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import process from "node:process"
import { setTimeout } from "node:timers/promises"
import { ConnectionError } from "../database.ts"

/** The name of a lock file: process id, start time and a unique part. */
const OWN = /^emulator\.(\d+)\.(\d*)\.[0-9a-f-]{36}\.lock$/
/** The lock file of earlier versions, which contains the process id. */
const EARLIER = "emulator.pid"

/**
 * The state of a process and its start time, in ticks since the system started. `undefined` if the system does not
 * report them.
 */
const statusOf = (pid: number): { readonly state: string; readonly start: string } | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8")
    // The program name, in parentheses, may contain any character.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
    return { state: fields[0] ?? "", start: fields[19] ?? "" }
  } catch {
    return undefined
  }
}

const isRunning = (pid: number, start: string): boolean => {
  if (pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false
  }
  const status = statusOf(pid)
  if (status === undefined) return true
  return status.state !== "Z" && (start === "" || status.start === start)
}

interface Holder {
  readonly pid: number
  readonly file: string
}

/** Finds another process that holds or wants the lock. Deletes the files of ended processes. */
const others = async (folder: string, own: string): Promise<Holder | undefined> => {
  let holder: Holder | undefined
  for (const file of await readdir(folder)) {
    if (file === own) continue
    const [, named, start = ""] = OWN.exec(file) ?? []
    if (named === undefined && file !== EARLIER) continue
    const pid = Number(named ?? (await readFile(join(folder, file), "utf8").catch(() => "")))
    if (isRunning(pid, start)) holder = { pid, file }
    else await rm(join(folder, file), { force: true })
  }
  return holder
}

/** The number of attempts to take the lock. */
const TRIES = 5
/** The maximum pause after a failed attempt, in milliseconds. */
const PAUSE = 40

/** Takes the lock. The result is the name of the lock file, or the process that holds the lock. */
const take = async (folder: string): Promise<string | Holder> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const start = statusOf(process.pid)?.start ?? ""
  let holder: Holder | undefined
  for (let tries = 0; tries < TRIES; tries += 1) {
    const own = `emulator.${process.pid}.${start}.${randomUUID()}.lock`
    await (await open(join(folder, own), "wx", 0o600)).close()
    holder = await others(folder, own).catch(async (error: unknown) => {
      await rm(join(folder, own), { force: true })
      throw error
    })
    if (holder === undefined) return own
    await rm(join(folder, own), { force: true })
    await setTimeout(Math.random() * PAUSE)
  }
  return holder ?? { pid: 0, file: "" }
}

/**
 * Takes the lock of a folder until the scope closes. The folder is created if it does not exist.
 *
 * Fails with `ConnectionError` if another emulator uses the folder, in this process or in another.
 */
export const acquire = (folder: string): Effect.Effect<void, ConnectionError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: () => take(folder),
      catch: (cause) => new ConnectionError({ message: `cannot use the folder ${folder}: ${String(cause)}` })
    }).pipe(
      Effect.flatMap((taken) =>
        typeof taken === "string"
          ? Effect.succeed(taken)
          : Effect.fail(
              new ConnectionError({
                message: `the folder ${folder} is in use by process ${taken.pid}; if that is not an emulator, delete ${join(folder, taken.file)}`
              })
            )
      )
    ),
    (own) => Effect.promise(() => rm(join(folder, own), { force: true }))
  ).pipe(Effect.asVoid)
