/** Where PostgreSQL runs: in a thread of its own, which can be ended, or in the caller's. */
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { MessageChannel, receiveMessageOnPort, type Transferable, Worker } from "node:worker_threads"
import { crashReport } from "../backend/crash.ts"
import * as Disk from "../files/disk.ts"
import { CONTROL, type Event, type Host, type Request, type Start } from "./host.ts"
import type { Order, Reply } from "./worker.ts"

export interface Thread {
  /** Starts a request. One at a time; its events come until one that is not `Bytes`. */
  readonly handle: (request: Request, onEvent: (event: Event) => void) => void
  /** Brings the disk in memory that it was started from up to date. */
  readonly applyChanges: () => void
  readonly archive: () => Promise<Uint8Array>
  /** Shuts PostgreSQL down, and ends the thread. */
  readonly close: () => Promise<void>
  /** Ends the thread, or at least keeps it from what others may have taken over; `false` if it is this one. */
  readonly kill: () => Promise<boolean>
}

/** Beside this file, wherever that is, with the ending that it has there. */
const worker: URL = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url)

/** Whether a thread of its own can be had: a bundle lacks its file. */
export const hasWorker = (): boolean => worker.protocol === "file:" && existsSync(fileURLToPath(worker))

const gone = (why: string): Event => ({
  _tag: "Crashed",
  message: `PostgreSQL ended unexpectedly: ${why}`,
  report: crashReport(undefined, undefined)
})

/** Milliseconds in which a thread ends, if it can be ended. */
const PATIENCE = 1000

/** Starts PostgreSQL in a thread of its own. */
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
    // Bun cannot end a thread that computes; so it is left behind, and writes nothing any more.
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

/** Starts PostgreSQL in this thread: while it works, nothing else does. */
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
