/** Encodes requests in PostgreSQL's wire protocol, with the serializer of PGlite. */
import type { protocol } from "@electric-sql/pglite"
import { concatenate } from "../../shared/bytes.ts"

type Protocol = typeof protocol

/** Maximum bytes of a `CopyData` message, so that a large upload is not copied as a whole. */
const COPY_CHUNK = 1024 * 1024

/**
 * Encodes text for the simple protocol, followed by a `CopyFail`. Without the `CopyFail`, a `COPY … FROM STDIN` without
 * data would wait forever inside a call that cannot be stopped. PostgreSQL ignores the `CopyFail` if no COPY is in
 * progress.
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

/** Encodes one statement with bind parameters for the extended protocol. Parameters and results are text. */
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
