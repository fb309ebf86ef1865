/**
 * Batch jobs in promises: `batch(client)` has the methods of `BatchSql`.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import { BatchSql, type BatchSqlService, type Job, type JobInput, type WaitOptions } from "../sql/BatchSql.ts"
import type { CallOptions, Connected, Services } from "./internal/connection.ts"
import { promised, type Promised } from "./internal/promised.ts"

export type { Job, JobInput, JobPlan, JobStatement, JobStatus, WaitOptions } from "../sql/BatchSql.ts"

/** The methods of `BatchSql`, with the same errors. */
export interface Batch extends Promised<BatchSqlService> {
  /** Queues a job. The server does not check the SQL before the job runs. `POST /api/v2/sql/job`. */
  readonly create: (input: JobInput, call?: CallOptions) => Promise<Job>
  /** Returns the current state of a job. The server keeps it for two hours after its end. `GET /api/v2/sql/job/{id}`. */
  readonly get: (job: Job | string, call?: CallOptions) => Promise<Job>
  /** Cancels a job that is waiting or running. `DELETE /api/v2/sql/job/{id}`. */
  readonly cancel: (job: Job | string, call?: CallOptions) => Promise<Job>
  /** Waits until a job is done. Rejects with `JobFailed` or `JobCancelled` if it ended otherwise. */
  readonly wait: (job: Job | string, options?: WaitOptions, call?: CallOptions) => Promise<Job>
  /** Yields the job at each change, until its end. */
  readonly watch: (job: Job | string, options?: WaitOptions, call?: CallOptions) => AsyncIterable<Job>
  /** Creates a job and waits until it is done. If the call is aborted, it cancels the job. */
  readonly run: (input: JobInput, options?: WaitOptions, call?: CallOptions) => Promise<Job>
}

/** Batch jobs under the key of a client. */
export const batch = ({ connection }: Connected): Batch =>
  promised<Batch, Services>(connection, Effect.provide(BatchSql, BatchSql.layer), {
    create: "promise",
    get: "promise",
    cancel: "promise",
    wait: "promise",
    watch: "iterable",
    run: "promise"
  })
