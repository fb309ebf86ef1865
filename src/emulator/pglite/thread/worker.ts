/** A thread of its own for PostgreSQL. It is told what to start, and answers one request after the other. */
import { type MessagePort, parentPort } from "node:worker_threads"
import { type Event, type Host, open, type Request, type Start } from "./host.ts"

export type Order =
  /** `changes` is where it tells of what changes on a disk in memory. */
  | { readonly _tag: "Start"; readonly start: Start; readonly changes: MessagePort }
  | { readonly _tag: "Handle"; readonly request: Request }
  | { readonly _tag: "Archive" }
  | { readonly _tag: "Close" }

export type Reply =
  | Event
  | { readonly _tag: "Started" }
  | { readonly _tag: "Refused"; readonly message: string }
  | { readonly _tag: "Archived"; readonly archive: Uint8Array<ArrayBuffer> }
  | { readonly _tag: "Closed" }

let host: Host | undefined

const reply = (message: Reply): void => {
  const transfer = message._tag === "Bytes" ? [message.bytes.buffer] : []
  parentPort?.postMessage(message, transfer)
}

const obey = async (order: Order): Promise<void> => {
  switch (order._tag) {
    case "Start":
      host = await open(order.start, (change) => order.changes.postMessage(change, []))
      return reply({ _tag: "Started" })
    case "Handle":
      return host?.handle(order.request, reply)
    case "Archive":
      if (host !== undefined) reply({ _tag: "Archived", archive: await host.archive() })
      return
    case "Close":
      await host?.close()
      return reply({ _tag: "Closed" })
  }
}

parentPort?.on("message", (order: Order) => {
  obey(order).catch((error: unknown) => {
    reply({ _tag: "Refused", message: error instanceof Error ? error.message : String(error) })
  })
})
