/** Where PostgreSQL runs: in a thread of its own, which can be ended, or in the caller's. */
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { MessageChannel, receiveMessageOnPort, type Transferable, Worker } from "node:worker_threads"
import type { Change } from "./Disk.ts"
import { CONTROL, type Event, type Host, type Request, type Start } from "./Host.ts"
import type { Order, Reply } from "./worker.ts"

export interface Thread {
  /** Starts a request. One at a time; its events come until one that is not `Bytes`. */
  readonly handle: (request: Request, onEvent: (event: Event) => void) => void
  /** What has changed on a disk in memory since the last time. */
  readonly changes: () => ReadonlyArray<Change>
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
  report: { severity: "FATAL", code: "57P02", message: "Connection terminated" }
})

/** Milliseconds in which a thread ends, if it can be ended. */
const PATIENCE = 1000

/** Starts PostgreSQL in a thread of its own. */
export const inWorker = async (makeStart: () => Promise<Start>): Promise<Thread> => {
  const thread = new Worker(worker)
  const { port1: changes, port2: theirs } = new MessageChannel()
  let onReply: ((reply: Reply) => void) | undefined
  let ended: string | undefined
  let control: Int32Array | undefined
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

  let left: Array<Change> = []
  let closed = false
  const drain = (): void => {
    if (closed) return
    for (let next = receiveMessageOnPort(changes); next !== undefined; next = receiveMessageOnPort(changes)) {
      left.push(next.message)
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
    if (control !== undefined) Atomics.store(control, CONTROL.abandoned, 1)
    thread.unref()
    drain()
    closed = true
    changes.close()
    return true
  }

  const start = await makeStart().catch(async (error: unknown) => {
    await kill()
    throw error
  })
  control = new Int32Array(start.control)
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
    changes: () => {
      drain()
      const found = left
      left = []
      return found
    },
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
  const { open } = await import("./Host.ts")
  let changes: Array<Change> = []
  const host: Host = await open(await makeStart(), (change) => changes.push(change))
  return {
    handle: host.handle,
    changes: () => {
      const found = changes
      changes = []
      return found
    },
    archive: host.archive,
    close: host.close,
    kill: () => Promise.resolve(false)
  }
}
