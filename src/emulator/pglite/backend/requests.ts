/** PostgreSQL's wire protocol as far as requests need it, with the serializer that PGlite brings. */
import type { protocol } from "@electric-sql/pglite"
import { concatenate } from "../../shared/bytes.ts"

type Protocol = typeof protocol

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
