/** PostgreSQL's wire protocol as far as one request needs it, with the serializer and the parser that PGlite brings. */
import type { messages, protocol } from "@electric-sql/pglite"
import type { Message, Report } from "../Database.ts"

type Protocol = typeof protocol
type BackendMessage = Parameters<Parameters<InstanceType<Protocol["Parser"]>["parse"]>[1]>[0]
/** What a backend says in an `ErrorResponse` or a `NoticeResponse`. */
type ReportFields = Pick<
  messages.NoticeMessage,
  "severity" | "code" | "message" | "detail" | "hint" | "where" | "position"
>

const concatenate = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  return bytes
}

/** A `CopyData` message holds at most this much, so that a large upload is not copied as a whole. */
const COPY_CHUNK = 1024 * 1024

/**
 * A text for the simple protocol. A `CopyFail` ends it: without one, a `COPY … FROM STDIN` that brings no data would
 * wait for ever inside a call that cannot be stopped. PostgreSQL ignores it where no COPY is under way.
 */
export const simpleQuery = ({ serialize }: Protocol, sql: string, copyIn?: Uint8Array): Uint8Array => {
  const parts = [serialize.query(sql)]
  if (copyIn !== undefined) {
    for (let offset = 0; offset < copyIn.length; offset += COPY_CHUNK) {
      parts.push(serialize.copyData(copyIn.slice(offset, offset + COPY_CHUNK).buffer))
    }
    parts.push(serialize.copyDone())
  }
  parts.push(serialize.copyFail("no data"))
  return concatenate(parts)
}

/** One statement with bind parameters for the extended protocol; values in and out are text. */
export const extendedQuery = (
  { serialize }: Protocol,
  sql: string,
  parameters: ReadonlyArray<string | number | boolean | null>
): Uint8Array =>
  concatenate([
    serialize.parse({ text: sql }),
    serialize.bind({ values: parameters.map((value) => (value === null ? null : String(value))) }),
    serialize.describe({ type: "P" }),
    serialize.execute({}),
    serialize.sync()
  ])

const report = (fields: ReportFields): Report => ({
  severity: fields.severity ?? "ERROR",
  code: fields.code ?? "XX000",
  message: fields.message ?? "",
  detail: fields.detail,
  hint: fields.hint,
  context: fields.where,
  position: fields.position === undefined ? undefined : Number(fields.position)
})

/** What the emulator needs of a backend's message, but for rows and columns; `undefined` for the protocol's own housekeeping. */
export const toMessage = ({ messages }: Protocol, message: BackendMessage): Message | undefined => {
  if (message instanceof messages.CommandCompleteMessage) return { _tag: "Complete", command: message.text }
  if (message instanceof messages.CopyDataMessage) return { _tag: "CopyData", data: message.chunk }
  if (message instanceof messages.CopyResponse) {
    return message.name === "copyInResponse" ? { _tag: "CopyIn" } : { _tag: "CopyOut", binary: message.binary }
  }
  if (message instanceof messages.DatabaseError) return { _tag: "Failure", report: report(message) }
  if (message instanceof messages.NoticeMessage) return { _tag: "Notice", report: report(message) }
  return undefined
}
