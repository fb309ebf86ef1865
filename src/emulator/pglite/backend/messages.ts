/**
 * Reads PostgreSQL's messages from the bytes of its protocol. PGlite's own parser removes a byte order mark from the
 * beginning of every value and name, and it loads all of PGlite.
 */
import type { Column, Message, Report } from "../../database.ts"
import { concatenate } from "../../shared/bytes.ts"

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/**
 * Creates a function that splits a stream of bytes into messages: a letter, a length that includes itself, and the
 * content.
 */
export const makeFraming = (): ((bytes: Uint8Array) => ReadonlyArray<Uint8Array>) => {
  let rest = new Uint8Array(0)
  return (bytes) => {
    const buffer = rest.length > 0 ? concatenate([rest, bytes]) : bytes
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    const messages: Array<Uint8Array> = []
    let at = 0
    while (at + 5 <= buffer.length) {
      const end = at + 1 + view.getInt32(at + 1)
      if (end > buffer.length) break
      messages.push(buffer.subarray(at, end))
      at = end
    }
    // a copy, because PGlite owns the bytes and overwrites them
    rest = buffer.slice(at)
    return messages
  }
}

const readRow = (message: Uint8Array, view: DataView): Message => {
  const values: Array<string | null> = []
  let at = 7
  for (let left = view.getInt16(5); left > 0; left -= 1) {
    const length = view.getInt32(at)
    at += 4
    if (length === -1) values.push(null)
    else {
      values.push(decoder.decode(message.subarray(at, at + length)))
      at += length
    }
  }
  return { _tag: "Row", values }
}

const readColumns = (message: Uint8Array, view: DataView): Message => {
  const columns: Array<Column> = []
  let at = 7
  for (let left = view.getInt16(5); left > 0; left -= 1) {
    const end = message.indexOf(0, at)
    const name = decoder.decode(message.subarray(at, end))
    columns.push({
      name,
      tableId: view.getUint32(end + 1),
      columnNumber: view.getInt16(end + 5),
      typeId: view.getUint32(end + 7),
      typeModifier: view.getInt32(end + 13)
    })
    at = end + 19
  }
  return { _tag: "Columns", columns }
}

/** The first letters of messages. */
const letters = {
  Row: 0x44,
  Columns: 0x54,
  Complete: 0x43,
  CopyData: 0x64,
  CopyIn: 0x47,
  CopyOut: 0x48,
  Failure: 0x45,
  Notice: 0x4e
} as const

/** Reads the fields of an error or a notice: a letter and its text each. */
const readReport = (message: Uint8Array): Report => {
  const fields = new Map<string, string>()
  for (let at = 5; at < message.length && message[at] !== 0;) {
    const end = message.indexOf(0, at)
    fields.set(String.fromCharCode(message[at] ?? 0), decoder.decode(message.subarray(at + 1, end)))
    at = end + 1
  }
  const position = fields.get("P")
  return {
    severity: fields.get("S") ?? "ERROR",
    code: fields.get("C") ?? "XX000",
    message: fields.get("M") ?? "",
    detail: fields.get("D"),
    hint: fields.get("H"),
    context: fields.get("W"),
    position: position === undefined ? undefined : Number(position)
  }
}

/** Reports whether a message carries data. The number and size of such messages are not known in advance. */
export const isData = (message: Uint8Array): boolean => message[0] === letters.Row || message[0] === letters.CopyData

/**
 * Reads a message; `undefined` for protocol messages that the emulator does not use. The data of a COPY shares the
 * message's memory.
 */
export const read = (message: Uint8Array): Message | undefined => {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  switch (message[0]) {
    case letters.Row:
      return readRow(message, view)
    case letters.Columns:
      return readColumns(message, view)
    case letters.Complete:
      return { _tag: "Complete", command: decoder.decode(message.subarray(5, message.indexOf(0, 5))) }
    case letters.CopyData:
      return { _tag: "CopyData", data: message.subarray(5) }
    case letters.CopyIn:
      return { _tag: "CopyIn" }
    case letters.CopyOut:
      return { _tag: "CopyOut", binary: message[5] !== 0 }
    case letters.Failure:
      return { _tag: "Failure", report: readReport(message) }
    case letters.Notice:
      return { _tag: "Notice", report: readReport(message) }
    default:
      return undefined
  }
}

/** Returns PostgreSQL's report of an error if the message is an error. */
export const readFailure = (message: Uint8Array): Report | undefined =>
  message[0] === letters.Failure ? readReport(message) : undefined

/** Encodes an error as a message of PostgreSQL. */
export const writeFailure = ({ code, message, severity }: Report): Uint8Array => {
  const fields = new TextEncoder().encode(`S${severity}\0V${severity}\0C${code}\0M${message}\0\0`)
  const length = new Uint8Array(4)
  new DataView(length.buffer).setInt32(0, 4 + fields.length)
  return concatenate([new Uint8Array([letters.Failure]), length, fields])
}

/** Returns the first error among messages. */
export const failureOf = (messages: ReadonlyArray<Message>): Report | undefined =>
  messages.find((message) => message._tag === "Failure")?.report
