/**
 * Rows and their columns, read from the bytes of PostgreSQL's protocol. PGlite's own parser drops a byte order mark from the
 * beginning of every value and name.
 */
import type { Column, Message } from "../Database.ts"

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** Cuts a stream of bytes into messages: a letter, a length that counts itself, and the rest. */
export const makeFraming = (): ((bytes: Uint8Array) => ReadonlyArray<Uint8Array>) => {
  let rest = new Uint8Array(0)
  return (bytes) => {
    let buffer = bytes
    if (rest.length > 0) {
      buffer = new Uint8Array(rest.length + bytes.length)
      buffer.set(rest)
      buffer.set(bytes, rest.length)
    }
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    const messages: Array<Uint8Array> = []
    let at = 0
    while (at + 5 <= buffer.length) {
      const end = at + 1 + view.getInt32(at + 1)
      if (end > buffer.length) break
      messages.push(buffer.subarray(at, end))
      at = end
    }
    // a copy: the bytes belong to PGlite, which writes over them
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

/** The row or the columns that a message brings; `undefined` for every other message. */
export const readRows = (message: Uint8Array): Message | undefined => {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  if (message[0] === 0x44) return readRow(message, view)
  return message[0] === 0x54 ? readColumns(message, view) : undefined
}
