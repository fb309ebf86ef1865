/** Why a batch job fails. */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type { Job } from "../sql/internal/job.ts"
import type { ReasonClass } from "./ReasonClass.ts"

const JobNotFoundBase: ReasonClass<"JobNotFound", { readonly id: string }> = Data.TaggedError("JobNotFound")
/** There is no such job, or it ended more than two hours ago (400). */
export class JobNotFound extends JobNotFoundBase {
  override get message(): string {
    return `there is no job ${this.id}, or it has expired`
  }
}

const JobFailedBase: ReasonClass<"JobFailed", { readonly job: Job; readonly description: string }> =
  Data.TaggedError("JobFailed")
/** A statement of the job failed, or the server lost track of it. Statements before it stay done. */
export class JobFailed extends JobFailedBase {
  override get message(): string {
    return `job ${this.job.id} failed: ${this.description}`
  }
}

const JobCancelledBase: ReasonClass<"JobCancelled", { readonly job: Job }> = Data.TaggedError("JobCancelled")
/** The job was cancelled. Statements that were done stay done. */
export class JobCancelled extends JobCancelledBase {
  override get message(): string {
    return `job ${this.job.id} was cancelled`
  }
}

const JobNotCancellableBase: ReasonClass<"JobNotCancellable", { readonly id: string; readonly description: string }> =
  Data.TaggedError("JobNotCancellable")
/** The job has ended already (400). */
export class JobNotCancellable extends JobNotCancellableBase {
  override get message(): string {
    return `job ${this.id}: ${this.description}`
  }
}

const JobQueueFullBase: ReasonClass<"JobQueueFull", { readonly description: string }> = Data.TaggedError("JobQueueFull")
/** The account has as many jobs waiting as it may (400). */
export class JobQueueFull extends JobQueueFullBase {
  override get message(): string {
    return this.description
  }
}

const JobDeadlineExceededBase: ReasonClass<
  "JobDeadlineExceeded",
  { readonly id: string; readonly waited: Duration.Duration }
> = Data.TaggedError("JobDeadlineExceeded")
/** The job had not ended when the wait for it did. It goes on, unless it is cancelled. */
export class JobDeadlineExceeded extends JobDeadlineExceededBase {
  override get message(): string {
    return `job ${this.id} has not ended in time`
  }
}
