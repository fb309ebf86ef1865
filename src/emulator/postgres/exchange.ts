/** One request to a backend and its response. Messages are read no faster than they are consumed. */
import { Buffer } from "node:buffer"
import type { Connection, FieldDef } from "pg"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import type { Column, Message, Report } from "../database.ts"
import { ConnectionError } from "../database.ts"
import type { Driver } from "./driver.ts"

type Messages = readonly [Message, ...Array<Message>]

/** The fields of an `ErrorResponse` or a `NoticeResponse`. */
type ReportFields = {
  readonly [Field in "severity" | "code" | "message" | "detail" | "hint" | "where" | "position"]?: string | undefined
}

/** The members of pg's connection that carry the data of a COPY. */
interface CopyConnection extends Connection {
  readonly sendCopyFromChunk: (chunk: Buffer) => void
  readonly endCopyFrom: () => void
  readonly sendCopyFail: (message: string) => void
}

/** The callbacks that pg calls by name to report the response to a submitted request. */
export interface Exchange {
  readonly submit: (connection: Connection) => void
  readonly handleRowDescription: (message: { readonly fields: ReadonlyArray<FieldDef> }) => void
  readonly handleDataRow: (message: { readonly fields: ReadonlyArray<string | null> }) => void
  readonly handleCommandComplete: (message: { readonly text: string }) => void
  readonly handleEmptyQuery: () => void
  readonly handleCopyInResponse: (connection: CopyConnection) => void
  readonly handleCopyData: (message: { readonly chunk: Uint8Array }) => void
  readonly handleError: (error: Error) => void
  readonly handleReadyForQuery: () => void
  readonly handleNotice: (notice: ReportFields) => void
  readonly handleCopyOut: (message: { readonly binary: boolean }) => void
  /** Returns the messages since the last pull. Ends with the response. */
  readonly pull: Pull.Pull<Messages, ConnectionError>
  /** Reports whether the backend may still be working. */
  readonly isRunning: () => boolean
  /** Waits for the end of the response, successful or not. */
  readonly drain: Effect.Effect<void>
}

const report = (fields: ReportFields): Report => ({
  severity: fields.severity ?? "ERROR",
  code: fields.code ?? "XX000",
  message: fields.message ?? "",
  detail: fields.detail,
  hint: fields.hint,
  context: fields.where,
  position: fields.position === undefined ? undefined : Number(fields.position)
})

const column = (field: FieldDef): Column => ({
  name: field.name,
  typeId: field.dataTypeID,
  typeModifier: field.dataTypeModifier,
  tableId: field.tableID,
  columnNumber: field.columnID
})

const isNonEmpty = (messages: ReadonlyArray<Message>): messages is Messages => messages.length > 0

/** Maximum bytes of a `CopyData` message. */
const copyChunk = 64 * 1024

/**
 * Creates an exchange that begins with `send`. Its first COPY FROM STDIN reads `copyIn`; any further COPY FROM STDIN
 * fails.
 */
export const make = (
  { DatabaseError }: Driver,
  send: (connection: Connection) => void,
  copyIn: Uint8Array | undefined
): Exchange => {
  let stream: Connection["stream"] | undefined
  let received: Array<Message> = []
  let state: "running" | "ended" | ConnectionError = "running"
  let data = copyIn
  let wake: (() => void) | undefined

  // All messages of one read from the socket are passed on together. The socket is then paused.
  const push = (message: Message): void => {
    if (received.length === 0) {
      stream?.pause()
      queueMicrotask(() => wake?.())
    }
    received.push(message)
  }
  const end = (outcome: "ended" | ConnectionError): void => {
    if (state !== "running") return
    state = outcome
    stream?.resume()
    queueMicrotask(() => wake?.())
  }

  const upload = (connection: CopyConnection, { buffer, byteLength, byteOffset }: Uint8Array): void => {
    const bytes = Buffer.from(buffer, byteOffset, byteLength)
    let offset = 0
    const write = (): void => {
      while (offset < bytes.length) {
        if (state !== "running") return
        connection.sendCopyFromChunk(bytes.subarray(offset, offset + copyChunk))
        offset += copyChunk
        if (connection.stream.writableNeedDrain) {
          connection.stream.once("drain", write)
          return
        }
      }
      connection.endCopyFrom()
    }
    write()
  }

  const pull: Pull.Pull<Messages, ConnectionError> = Effect.callback((resume) => {
    const take = (): void => {
      if (isNonEmpty(received)) {
        const messages = received
        received = []
        wake = undefined
        resume(Effect.succeed(messages))
      } else if (state === "running") {
        wake = take
        stream?.resume()
      } else {
        resume(state === "ended" ? Cause.done() : Effect.fail(state))
      }
    }
    take()
    return Effect.sync(() => {
      wake = undefined
    })
  })

  return {
    submit: (connection) => {
      stream = connection.stream
      send(connection)
    },
    handleRowDescription: ({ fields }) => push({ _tag: "Columns", columns: fields.map(column) }),
    handleDataRow: ({ fields }) => push({ _tag: "Row", values: fields }),
    handleCommandComplete: ({ text }) => push({ _tag: "Complete", command: text }),
    handleEmptyQuery: () => {},
    handleCopyInResponse: (connection) => {
      push({ _tag: "CopyIn" })
      if (data === undefined) connection.sendCopyFail("no data")
      else upload(connection, data)
      data = undefined
    },
    // pg's parser reuses its memory.
    handleCopyData: ({ chunk }) => push({ _tag: "CopyData", data: new Uint8Array(chunk) }),
    handleError: (error) => {
      if (error instanceof DatabaseError) {
        push({ _tag: "Failure", report: report(error) })
        end("ended")
      } else {
        end(new ConnectionError({ message: `PostgreSQL is gone: ${error.message}` }))
      }
    },
    handleReadyForQuery: () => end("ended"),
    handleNotice: (notice) => push({ _tag: "Notice", report: report(notice) }),
    handleCopyOut: ({ binary }) => push({ _tag: "CopyOut", binary }),
    pull,
    isRunning: () => state === "running",
    drain: Effect.callback((resume) => {
      const discard = (): void => {
        received = []
        if (state !== "running") return resume(Effect.void)
        wake = discard
        stream?.resume()
      }
      discard()
    })
  }
}
