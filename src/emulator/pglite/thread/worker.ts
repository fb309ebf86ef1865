/** The separate thread of a PostgreSQL. It receives start parameters, then handles one request after another. */
import { type MessagePort, parentPort } from "node:worker_threads"
import { type Event, type Host, open, type Request, type Start } from "./host.ts"

/** A message to the thread. */
export type Order =
  /** `changes` is the port for changes to a disk in memory. */
  | { readonly _tag: "Start"; readonly start: Start; readonly changes: MessagePort }
  | { readonly _tag: "Handle"; readonly request: Request }
  | { readonly _tag: "Archive" }
  | { readonly _tag: "Close" }

/** A message from the thread. */
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
