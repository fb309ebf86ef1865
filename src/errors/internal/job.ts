import type { Open } from "./open.ts"

/** The status of a job, or of one of its statements. `unknown` is a job that the server has lost. */
export type JobStatus = "pending" | "running" | "done" | "failed" | "cancelled" | "unknown"

/** The status of a callback. `skipped` is a callback that did not apply. */
export type FallbackStatus = JobStatus | "skipped"

/** One statement of a job. */
export interface JobQuery {
  /** The statement. */
  readonly query: string
  /** The status of the statement. */
  readonly status: Open<FallbackStatus>
  /** The statement's own id, if it has one. */
  readonly id?: string | undefined
  /** The statement that runs after this one succeeds. */
  readonly onsuccess?: string | undefined
  /** The statement that runs after this one fails. */
  readonly onerror?: string | undefined
  /** The status of the callback that ran. */
  readonly fallbackStatus?: Open<FallbackStatus> | undefined
  /** PostgreSQL's message, if the statement failed. */
  readonly failedReason?: string | undefined
}

/** A batch job. */
export interface Job {
  /** The id by which the job is asked for. */
  readonly id: string
  /** The account of the job. */
  readonly username: string
  /** The status of the job. */
  readonly status: Open<JobStatus>
  /** The statements in their order; one for a job of one statement. */
  readonly queries: ReadonlyArray<JobQuery>
  /** When the job was created. */
  readonly createdAt: Date
  /** When the job changed last. */
  readonly updatedAt: Date
  /** The status of the job's own callbacks, if it has some. */
  readonly fallbackStatus?: Open<FallbackStatus> | undefined
  /** PostgreSQL's message, of the job or else of the first statement that failed. */
  readonly failedReason?: string | undefined
}
