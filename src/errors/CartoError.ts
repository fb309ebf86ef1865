/**
 * The one error of this library. `operation` says which method failed, `reason` why: a tagged error of its own, which
 * `Effect.catchReason("CartoError", "RateLimited", …)` catches by its tag.
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import { hasProperty } from "effect/Predicate"
import type * as AuthApi from "./AuthApi.ts"
import type * as Call from "./Call.ts"
import type * as Copy from "./Copy.ts"
import type * as Job from "./Job.ts"
import type * as Keys from "./Keys.ts"
import type * as Keyset from "./Keyset.ts"
import type * as SqlApi from "./SqlApi.ts"

export {
  AccountNotActivated,
  ApiKeyNameTaken,
  ApiKeyNotFound,
  ApiKeyProtected,
  ApiKeyQuotaReached,
  AuthApiDisabled,
  GrantNotHeld,
  GrantRefused,
  type GrantsViolation,
  HiddenApiKey,
  InvalidGrants,
  MasterKeyRequired,
  RegenerateRefused,
  TargetUserForbidden,
  TargetUserNotFound
} from "./AuthApi.ts"
export {
  type CallReason,
  CredentialsUnavailable,
  DeadlineExceeded,
  InvalidInput,
  type AmbiguousFailure,
  OutcomeUnknown,
  RateLimited,
  RedirectRefused,
  ResponseMalformed,
  ResponseTooLarge,
  ServerUnavailable,
  TransportFailed,
  Unauthenticated
} from "./Call.ts"
export { CopyLimitExceeded, CopyTruncated, NoRowsCopied, SourceFailed } from "./Copy.ts"
export { JobCancelled, JobDeadlineExceeded, JobFailed, JobNotCancellable, JobNotFound, JobQueueFull } from "./Job.ts"
export {
  AccountNotFound,
  CheckViolation,
  ExclusionViolation,
  ForeignKeyViolation,
  InvalidFormat,
  ApiNotGranted,
  NotNullViolation,
  NotOwner,
  PartialResult,
  PermissionDenied,
  QueryFailed,
  RowMalformed,
  SqlSyntax,
  type StatementReason,
  StatementTimeout,
  SystemTableForbidden,
  UndefinedColumn,
  UndefinedFunction,
  UndefinedTable,
  UniqueViolation
} from "./SqlApi.ts"

/** Every reason there is. A method's type names the few it can fail with. */
export type CartoErrorReason =
  | AuthApi.AccountNotActivated
  | AuthApi.ApiKeyNameTaken
  | AuthApi.ApiKeyNotFound
  | AuthApi.ApiKeyProtected
  | AuthApi.ApiKeyQuotaReached
  | AuthApi.AuthApiDisabled
  | AuthApi.GrantNotHeld
  | AuthApi.GrantRefused
  | AuthApi.HiddenApiKey
  | AuthApi.InvalidGrants
  | AuthApi.MasterKeyRequired
  | AuthApi.RegenerateRefused
  | AuthApi.TargetUserForbidden
  | AuthApi.TargetUserNotFound
  | Call.CallReason
  | Call.OutcomeUnknown
  | Copy.CopyLimitExceeded
  | Copy.CopyTruncated
  | Copy.NoRowsCopied
  | Copy.SourceFailed
  | Job.JobCancelled
  | Job.JobDeadlineExceeded
  | Job.JobFailed
  | Job.JobNotCancellable
  | Job.JobNotFound
  | Job.JobQueueFull
  | Keys.GrantsDiffer
  | Keys.GrantsInsufficient
  | Keys.KeyOwnsTables
  | Keys.LeaseExpired
  | Keys.PlanStale
  | Keys.StatementRefused
  | Keys.SuccessorLacksGrants
  | Keyset.RowKeyNotUnique
  | Keyset.RowKeyNull
  | SqlApi.AccountNotFound
  | SqlApi.InvalidFormat
  | SqlApi.ApiNotGranted
  | SqlApi.PartialResult
  | SqlApi.RowMalformed
  | SqlApi.StatementReason

const TypeId = "~effect-carto/CartoError"

interface Fields<Reason> {
  readonly operation: string
  readonly reason: Reason
}

const CartoErrorBase: new <Reason>(
  fields: Fields<Reason>
) => Cause.YieldableError & Fields<Reason> & { readonly _tag: "CartoError" } = Data.TaggedError("CartoError")

export class CartoError<Reason extends CartoErrorReason = CartoErrorReason> extends CartoErrorBase<Reason> {
  get "~effect-carto/CartoError"(): true {
    return true
  }
  override get message(): string {
    return `${this.operation}: ${this.reason.message}`
  }
  override get cause(): unknown {
    return this.reason
  }
  /** Whether the same call may pass later without any change. Says nothing of whether a write took place. */
  get isRetryable(): boolean {
    const reason: CartoErrorReason = this.reason
    switch (reason._tag) {
      case "DeadlineExceeded":
      case "RateLimited":
      case "TransportFailed":
        return true
      case "ServerUnavailable":
        return reason.status !== 500 && reason.status !== 501
      default:
        return false
    }
  }
  /** How long the server asks to wait, where it does. */
  get retryAfter(): Duration.Duration | undefined {
    const reason: CartoErrorReason = this.reason
    return reason._tag === "RateLimited" ? reason.retryAfter : undefined
  }
}

/** A `CartoError` whose reason is one of `Reason`: what a method's type says. */
export type CartoErrorOf<Reason extends CartoErrorReason> = CartoError<Reason>

/** Recognises a `CartoError`, also one of another copy of this library. */
export const isCartoError = (u: unknown): u is CartoError => hasProperty(u, TypeId)
