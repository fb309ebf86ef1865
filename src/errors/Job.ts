/** Why a batch job fails. */
import * as Duration from "effect/Duration"
import type { Job } from "./internal/job.ts"
import { reasonClass, type ReasonClass } from "./internal/reasonClass.ts"

const JobNotFoundBase: ReasonClass<
  "JobNotFound",
  {
    /** The id that was asked for. */
    readonly id: string
  }
> = reasonClass(
  "JobNotFound",
  ({ id }) => `there is no job ${id}: check the id and the account; jobs are kept for two hours after they end`
)
/** There is no such job, or it ended more than two hours ago (400). */
export class JobNotFound extends JobNotFoundBase {}

const JobFailedBase: ReasonClass<
  "JobFailed",
  {
    /** The job as it ended. */
    readonly job: Job
    /** PostgreSQL's message, or the status of the job. */
    readonly description: string
  }
> = reasonClass(
  "JobFailed",
  ({ description, job }) => `job ${job.id} failed: ${description}; statements that were done before stay done`
)
/** A statement of the job failed, or the server lost the job. Statements before it stay done. */
export class JobFailed extends JobFailedBase {}

const JobCancelledBase: ReasonClass<
  "JobCancelled",
  {
    /** The job as it ended. */
    readonly job: Job
  }
> = reasonClass("JobCancelled", ({ job }) => `job ${job.id} was cancelled; statements that were done stay done`)
/** The job was cancelled. Statements that were done stay done. */
export class JobCancelled extends JobCancelledBase {}

const JobNotCancellableBase: ReasonClass<
  "JobNotCancellable",
  {
    /** The id of the job. */
    readonly id: string
    /** The server's message. */
    readonly description: string
  }
> = reasonClass("JobNotCancellable", ({ description, id }) => `job ${id} has already ended: ${description}`)
/** The job has already ended (400). */
export class JobNotCancellable extends JobNotCancellableBase {}

const JobQueueFullBase: ReasonClass<
  "JobQueueFull",
  {
    /** The server's message. */
    readonly description: string
  }
> = reasonClass("JobQueueFull", ({ description }) => `${description}: wait for jobs to end, or cancel some`)
/** The account has as many waiting jobs as it may have (400). */
export class JobQueueFull extends JobQueueFullBase {}

const JobDeadlineExceededBase: ReasonClass<
  "JobDeadlineExceeded",
  {
    /** The id of the job. */
    readonly id: string
    /** How long the call waited for the job. */
    readonly waited: Duration.Duration
  }
> = reasonClass(
  "JobDeadlineExceeded",
  ({ id, waited }) =>
    `job ${id} did not end within ${Duration.toSeconds(waited)} s and continues, unless it was cancelled: wait longer, or cancel it`
)
/** The job did not end before the deadline of the wait. The job continues, unless it is cancelled. */
export class JobDeadlineExceeded extends JobDeadlineExceededBase {}
