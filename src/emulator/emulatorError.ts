import * as Data from "effect/Data"
import type { AccountNotFound } from "./accounts/accounts.ts"
import type { InvalidAccount } from "./accounts/createAccount.ts"
import type { ConnectionError, DatabaseError } from "./database.ts"
import type { ErrorClass } from "./shared/errorClass.ts"
import type { MetadataError } from "./state/metadata.ts"

/** The reason of an `EmulatorError`. */
export type EmulatorErrorReason = InvalidAccount | AccountNotFound | ConnectionError | DatabaseError | MetadataError

const messageOf = (reason: EmulatorErrorReason): string =>
  reason._tag === "AccountNotFound" ? `there is no account ${JSON.stringify(reason.username)}` : reason.message

const EmulatorErrorBase: ErrorClass<
  "EmulatorError",
  { readonly operation: string; readonly reason: EmulatorErrorReason }
> = Data.TaggedError("EmulatorError")
/** An operation of the embedded CARTO failed. `operation` names it, and `reason` is the cause. */
export class EmulatorError extends EmulatorErrorBase {
  /** The operation, and what happened. */
  override get message(): string {
    return `${this.operation}: ${messageOf(this.reason)}`
  }
}
