/** Batch jobs as promises: `batch(client)` has what `BatchSql` does. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { BatchSql, type BatchSqlService, type Job, type JobInput, type WaitOptions } from "../sql/BatchSql.ts"
import type { CallOptions } from "./internal/runtime.ts"
import type { Client } from "./index.ts"

export type { Job, JobInput, JobPlan, JobStatement, JobStatus, WaitOptions } from "../sql/BatchSql.ts"

/** See `BatchSql` for what each call does and the reasons it can fail with. */
export interface Batch {
  readonly create: (input: JobInput, call?: CallOptions) => Promise<Job>
  readonly get: (job: Job | string, call?: CallOptions) => Promise<Job>
  readonly cancel: (job: Job | string, call?: CallOptions) => Promise<Job>
  readonly wait: (job: Job | string, options?: WaitOptions & CallOptions) => Promise<Job>
  /** The job at each change, up to its end. */
  readonly watch: (job: Job | string, options?: WaitOptions & CallOptions) => AsyncIterable<Job>
  /** Creates a job and waits for it. Aborted, it cancels the job and then rejects. */
  readonly run: (input: JobInput, options?: WaitOptions & CallOptions) => Promise<Job>
}

/** Batch jobs for a client, under its key. */
export const batch = ({ connection: { iterate, run } }: Client): Batch => {
  const call = <E>(
    use: (batch: BatchSqlService) => Effect.Effect<Job, E>,
    options: CallOptions | undefined
  ): Promise<Job> => run(Effect.provide(BatchSql.use(use), BatchSql.layer), options)
  return {
    create: (input, options) => call((jobs) => jobs.create(input), options),
    get: (job, options) => call((jobs) => jobs.get(job), options),
    cancel: (job, options) => call((jobs) => jobs.cancel(job), options),
    wait: (job, options) => call((jobs) => jobs.wait(job, options), options),
    watch: (job, options) =>
      iterate(
        Stream.provide(Stream.unwrap(BatchSql.useSync((jobs) => jobs.watch(job, options))), BatchSql.layer),
        options
      ),
    run: (input, options) => call((jobs) => jobs.run(input, options), options)
  }
}
