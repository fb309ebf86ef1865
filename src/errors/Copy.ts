/** Why a COPY fails, beyond what any statement can fail with. */
import { reasonClass, type ReasonClass } from "./internal/reasonClass.ts"

const CopyTruncatedBase: ReasonClass<
  "CopyTruncated",
  {
    /** The bytes that arrived. */
    readonly bytes: number
  }
> = reasonClass(
  "CopyTruncated",
  ({ bytes }) =>
    `the data ended in the middle of a row, after ${bytes} bytes, and the server reported no error: read it again`
)
/** The data ended in the middle of a row, and the server reported no error. */
export class CopyTruncated extends CopyTruncatedBase {}

const NoRowsCopiedBase: ReasonClass<"NoRowsCopied", void> = reasonClass(
  "NoRowsCopied",
  () => "the upload had no rows, which the server refuses: check its source, or skip empty uploads"
)
/** The upload had no rows, which the server refuses (400). */
export class NoRowsCopied extends NoRowsCopiedBase {}

const copyRemedies = {
  size: "split the data into several uploads",
  quota: "free space in the account, or enlarge its quota",
  speed: "send the data faster, or compress it"
} as const

const CopyLimitExceededBase: ReasonClass<
  "CopyLimitExceeded",
  {
    /** `size`: 2 GB of a request, as sent. `quota`: the account's space. `speed`: the least rate of an upload. */
    readonly limit: "size" | "quota" | "speed"
    /** The server's message. */
    readonly description: string
  }
> = reasonClass(
  "CopyLimitExceeded",
  ({ description, limit }) => `${description}; no row was kept: ${copyRemedies[limit]}`
)
/** The upload is larger or slower than the server accepts, or larger than the account's quota. No row was kept. */
export class CopyLimitExceeded extends CopyLimitExceededBase {}

const SourceFailedBase: ReasonClass<
  "SourceFailed",
  {
    /** What the source threw. */
    readonly cause: unknown
  }
> = reasonClass(
  "SourceFailed",
  ({ cause }) => `the source of the data failed: ${cause instanceof Error ? cause.message : String(cause)}`
)
/** The iterable or stream that holds the data of an upload threw. The upload was aborted, and no row is kept. */
export class SourceFailed extends SourceFailedBase {}
