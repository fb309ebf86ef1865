/** Runs PostgreSQL in a separate thread, which can be terminated, or in the caller's thread. */
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { MessageChannel, receiveMessageOnPort, type Transferable, Worker } from "node:worker_threads"
import { crashReport } from "../backend/crash.ts"
import * as Disk from "../files/disk.ts"
import { CONTROL, type Event, type Host, type Request, type Start } from "./host.ts"
import type { Order, Reply } from "./worker.ts"

/** A thread that runs PostgreSQL. */
export interface Thread {
  /** Starts a request. Only one request can run at a time. Its events continue until an event that is not `Bytes`. */
  readonly handle: (request: Request, onEvent: (event: Event) => void) => void
  /** Applies pending changes to the disk in memory from which the thread was started. */
  readonly applyChanges: () => void
  readonly archive: () => Promise<Uint8Array>
  /** Shuts PostgreSQL down and ends the thread. */
  readonly close: () => Promise<void>
  /**
   * Terminates the thread, or at least prevents it from writing to data that others may have taken over. Returns
   * `false` for the current thread.
   */
  readonly kill: () => Promise<boolean>
}

/** The worker's file, which is next to this file and has the same extension. */
const worker: URL = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url)

/** Reports whether a separate thread is possible. A bundle lacks the file of the worker. */
export const hasWorker = (): boolean => worker.protocol === "file:" && existsSync(fileURLToPath(worker))

const gone = (why: string): Event => ({
  _tag: "Crashed",
  message: `PostgreSQL ended unexpectedly: ${why}`,
  report: crashReport(undefined, undefined)
})

/** Maximum time in milliseconds that the termination of a thread takes, if the thread can be terminated. */
const PATIENCE = 1000

/** Starts PostgreSQL in a separate thread. */
export const inWorker = async (makeStart: () => Promise<Start>): Promise<Thread> => {
  const thread = new Worker(worker)
  const { port1: changes, port2: theirs } = new MessageChannel()
  let onReply: ((reply: Reply) => void) | undefined
  let ended: string | undefined
  const end = (why: string): void => {
    ended ??= why
    onReply?.(gone(ended))
  }
  thread.on("message", (reply: Reply) => onReply?.(reply))
  thread.on("error", (error) => end(error instanceof Error ? error.message : String(error)))
  thread.on("exit", () => end("its thread has ended"))

  const order = (message: Order, transfer: ReadonlyArray<Transferable> = []): Promise<Reply> =>
    new Promise((resolve) => {
      onReply = (reply) => {
        onReply = undefined
        resolve(reply)
      }
      if (ended !== undefined) end(ended)
      else thread.postMessage(message, transfer)
    })

  let started: Start | undefined
  let closed = false
  const applyChanges = (): void => {
    if (closed) return
    for (let next = receiveMessageOnPort(changes); next !== undefined; next = receiveMessageOnPort(changes)) {
      if (started?.data._tag === "Memory") Disk.apply(started.data.disk, next.message)
    }
  }

  const kill = async (): Promise<boolean> => {
    onReply = undefined
    // Bun cannot terminate a thread that computes. Such a thread is abandoned and can no longer write.
    let timer: ReturnType<typeof setTimeout> | undefined
    const abandoned = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE)
    })
    await Promise.race([thread.terminate(), abandoned])
    clearTimeout(timer)
    if (started !== undefined) Atomics.store(new Int32Array(started.control), CONTROL.abandoned, 1)
    thread.unref()
    applyChanges()
    closed = true
    changes.close()
    return true
  }

  const start = await makeStart().catch(async (error: unknown) => {
    await kill()
    throw error
  })
  started = start
  const reply = await order({ _tag: "Start", start, changes: theirs }, [theirs])
  if (reply._tag !== "Started") {
    await kill()
    throw new Error("message" in reply ? reply.message : "PostgreSQL does not start")
  }

  return {
    handle: (request, onEvent) => {
      onReply = (event) => {
        if (event._tag !== "Bytes" && event._tag !== "Ended" && event._tag !== "Crashed") return
        if (event._tag !== "Bytes") onReply = undefined
        onEvent(event)
      }
      if (ended !== undefined) end(ended)
      else thread.postMessage({ _tag: "Handle", request } satisfies Order, [])
    },
    applyChanges,
    archive: async () => {
      const reply = await order({ _tag: "Archive" })
      if (reply._tag !== "Archived") throw new Error("the data directory cannot be read")
      return reply.archive
    },
    close: async () => {
      await order({ _tag: "Close" })
      await kill()
    },
    kill
  }
}

/** Starts PostgreSQL in the current thread, which is blocked while PostgreSQL works. */
export const here = async (makeStart: () => Promise<Start>): Promise<Thread> => {
  const { open } = await import("./host.ts")
  const start = await makeStart()
  const { data } = start
  const host: Host = await open(start, (change) => {
    if (data._tag === "Memory") Disk.apply(data.disk, change)
  })
  return {
    handle: host.handle,
    applyChanges: () => {},
    archive: host.archive,
    close: host.close,
    kill: () => Promise.resolve(false)
  }
}
