/** Why a COPY fails, beside what any statement can fail with. */
import * as Data from "effect/Data"
import { printable } from "./internal/printable.ts"
import type { ReasonClass } from "./ReasonClass.ts"

const CopyTruncatedBase: ReasonClass<"CopyTruncated", { readonly bytes: number }> = Data.TaggedError("CopyTruncated")
/** The data ended in the middle of a row, after `bytes` bytes, without any error from the server. */
export class CopyTruncated extends CopyTruncatedBase {
  override get message(): string {
    return `the data broke off in the middle of a row, after ${this.bytes} bytes`
  }
}

const NoRowsCopiedBase: ReasonClass<"NoRowsCopied", void> = Data.TaggedError("NoRowsCopied")
/** The upload held no row, which the server takes for a mistake (400). */
export class NoRowsCopied extends NoRowsCopiedBase {
  override get message(): string {
    return "the data held no row"
  }
}

const CopyLimitExceededBase: ReasonClass<
  "CopyLimitExceeded",
  { readonly limit: "size" | "quota" | "speed"; readonly description: string }
> = Data.TaggedError("CopyLimitExceeded")
/**
 * The upload is larger than the server takes in one request (`size`, 2 GB as sent), than the account has room for
 * (`quota`), or slower than it allows (`speed`). No row was kept.
 */
export class CopyLimitExceeded extends CopyLimitExceededBase {
  override get message(): string {
    return this.description
  }
}

const SourceFailedBase: ReasonClass<"SourceFailed", { readonly cause: unknown }> = Data.TaggedError("SourceFailed")
/** The iterable or stream that holds the data of an upload threw `cause`. The upload was aborted, and no row is kept. */
export class SourceFailed extends SourceFailedBase {
  override get message(): string {
    const { cause } = this
    return `the source of the data failed: ${printable(cause instanceof Error ? cause.message : String(cause))}`
  }
}
