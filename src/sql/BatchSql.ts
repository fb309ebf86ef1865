/**
 * Batch jobs: statements that run for hours, one after another, in the account's own queue. They need the master key.
 *
 * @module
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { Auth } from "../account/Auth.ts"
import { MasterKeyRequired } from "../errors/AuthApi.ts"
import type { InvalidInput, OutcomeUnknown } from "../errors/Call.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import { readDuration } from "../errors/internal/duration.ts"
import { refuse } from "../errors/internal/invalidInput.ts"
import { parse } from "../errors/internal/json.ts"
import { operation, streamOperation } from "../errors/internal/operation.ts"
import {
  JobCancelled,
  JobDeadlineExceeded,
  JobFailed,
  JobNotCancellable,
  JobNotFound,
  JobQueueFull
} from "../errors/Job.ts"
import { type HttpClient, make as makeWire } from "../http/client.ts"
import { outcomeUnknown, unexpected } from "../http/failures.ts"
import { interruptibleUntilSent } from "../http/interruption.ts"
import type { WireResponse } from "../http/response.ts"
import { isFinal, type Job, readJob } from "./internal/job.ts"
import { type JobInput, readJobInput } from "./internal/jobInput.ts"
import { errorOf, readFailure, type SqlApiReason } from "./internal/responses.ts"

export type { FallbackStatus, Job, JobQuery, JobStatus } from "./internal/job.ts"
export type { JobInput, JobPlan, JobStatement } from "./internal/jobInput.ts"

/** The reasons every method fails with. */
export type JobReason = MasterKeyRequired | SqlApiReason
/** The reasons {@link BatchSqlService.create} fails with. */
export type CreateJobReason = JobQueueFull | JobReason | OutcomeUnknown
/** The reasons {@link BatchSqlService.get} fails with. */
export type GetJobReason = JobNotFound | JobReason
/** The reasons {@link BatchSqlService.cancel} fails with. */
export type CancelJobReason = JobNotCancellable | JobNotFound | JobReason
/** The reasons {@link BatchSqlService.wait} fails with. */
export type WaitReason = GetJobReason | JobCancelled | JobDeadlineExceeded | JobFailed

/** Options of a wait. */
export interface WaitOptions {
  /** How long to wait for the end of the job. @default 13 hours, an hour more than a statement may run */
  readonly deadline?: Duration.Input | undefined
  /** When to ask for the job again. @default after 250 ms, then later each time, up to 10 s */
  readonly schedule?: Schedule.Schedule<unknown> | undefined
}

/** The methods of {@link BatchSql}. */
export interface BatchSqlService {
  /**
   * Queues a job of at most 16,384 characters of JSON. `POST /api/v2/sql/job`.
   *
   * The server does not look at the SQL before it runs it. The request is never sent twice: if its response is lost, the
   * failure is `OutcomeUnknown`. Fails with `JobQueueFull` if too many jobs wait.
   */
  readonly create: (input: JobInput) => Effect.Effect<Job, CartoErrorOf<CreateJobReason>>
  /**
   * Returns the state of a job. The server keeps a job for two hours after its end. Fails with `JobNotFound`.
   * `GET /api/v2/sql/job/{id}`.
   */
  readonly get: (job: Job | string) => Effect.Effect<Job, CartoErrorOf<GetJobReason>>
  /** Cancels a job that waits or runs. Fails with `JobNotCancellable` if it has ended. `DELETE /api/v2/sql/job/{id}`. */
  readonly cancel: (job: Job | string) => Effect.Effect<Job, CartoErrorOf<CancelJobReason>>
  /**
   * Waits for the end of a job and of its callbacks. Fails with `JobFailed`, `JobCancelled`, or `JobDeadlineExceeded` after
   * the deadline; the job itself goes on. `GET /api/v2/sql/job/{id}`, repeatedly.
   */
  readonly wait: (job: Job | string, options?: WaitOptions) => Effect.Effect<Job, CartoErrorOf<WaitReason>>
  /**
   * Streams the states of a job up to its end, each once. The stream ends without a failure, whether the job is done, failed
   * or cancelled. `GET /api/v2/sql/job/{id}`, repeatedly.
   */
  readonly watch: (
    job: Job | string,
    options?: WaitOptions
  ) => Stream.Stream<Job, CartoErrorOf<GetJobReason | JobDeadlineExceeded>>
  /**
   * Creates a job and waits for its end, as {@link create} and {@link wait} do. If the wait is interrupted, or fails before
   * the end of the job, the job is cancelled.
   */
  readonly run: (
    input: JobInput,
    options?: WaitOptions
  ) => Effect.Effect<Job, CartoErrorOf<CreateJobReason | WaitReason>>
}

const defaultSchedule: Schedule.Schedule<unknown> = Schedule.min([
  Schedule.exponential("250 millis", 1.6),
  Schedule.spaced("10 seconds")
]).pipe(Schedule.jittered)

interface Wait {
  readonly deadline: Duration.Duration
  readonly schedule: Schedule.Schedule<unknown>
}

const readWait = (options: WaitOptions | undefined): Result.Result<Wait, InvalidInput> => {
  const { deadline = "13 hours", schedule = defaultSchedule }: WaitOptions = options ?? {}
  return Schedule.isSchedule(schedule)
    ? Result.map(readDuration("deadline", deadline, { infinite: true }), (read) => ({ deadline: read, schedule }))
    : refuse("schedule", schedule, "give a Schedule of effect/Schedule")
}

const readId = (job: Job | string): Result.Result<string, InvalidInput> => {
  const id = typeof job === "string" ? job : job?.id
  return typeof id === "string" && id.trim() !== "" && id !== "." && id !== ".." && id.isWellFormed()
    ? Result.succeed(id)
    : refuse("job", id, "give a job, or its id")
}

const jobPath = (id: string): string => `/api/v2/sql/job/${encodeURIComponent(id)}`

const make: Effect.Effect<BatchSqlService, never, Auth | HttpClient> = Effect.gen(function* () {
  const { username } = yield* Auth
  const wire = yield* makeWire

  /** Reads a job. `explain` knows the messages of status 400. */
  const read =
    <Reason>(success: number, explain: (message: string) => Reason | undefined) =>
    (response: WireResponse): Effect.Effect<Job, JobReason | Reason> => {
      if (response.status === success) {
        const job = readJob(parse(response.text))
        return typeof job === "string" ? Effect.fail(unexpected(response, job)) : Effect.succeed(job)
      }
      const message = errorOf(response)
      // the server says no more to a key without any rights to jobs
      if (response.status === 403 && message === "permission denied") return Effect.fail(new MasterKeyRequired({}))
      const reason = response.status === 400 && message !== undefined ? explain(message) : undefined
      return reason === undefined ? readFailure(response, username) : Effect.fail(reason)
    }

  const notFound = (id: string) => (message: string) =>
    message === `Job with id ${id} not found` ? new JobNotFound({ id }) : undefined

  const isFull = (message: string) =>
    message.startsWith("Failed to create job. Max number of jobs ")
      ? new JobQueueFull({ description: message })
      : undefined

  /** Without its id a job cannot be asked for: once sent, the request of `run` is not interrupted. */
  const create = Effect.fnUntraced(function* (input: JobInput, isRun: boolean): Effect.fn.Return<Job, CreateJobReason> {
    const json = yield* Effect.fromResult(readJobInput(input))
    return yield* wire.write<Job, CreateJobReason>(
      { method: "POST", api: "sql", path: "/api/v2/sql/job", json, yieldsToken: isRun },
      read(201, isFull),
      outcomeUnknown
    )
  })

  const get = Effect.fnUntraced(function* (job: Job | string): Effect.fn.Return<Job, GetJobReason> {
    const id = yield* Effect.fromResult(readId(job))
    return yield* wire.send({ method: "GET", api: "sql", path: jobPath(id) }, read(200, notFound(id)))
  })

  const cancel = Effect.fnUntraced(function* (job: Job | string): Effect.fn.Return<Job, CancelJobReason> {
    const id = yield* Effect.fromResult(readId(job))
    const explain = (message: string) =>
      message.startsWith("Cannot set status ")
        ? new JobNotCancellable({ id, description: message })
        : notFound(id)(message)
    return yield* wire.send(
      { method: "DELETE", api: "sql", path: jobPath(id) },
      (response): Effect.Effect<Job, CancelJobReason> => {
        const cancelled = read(200, explain)(response)
        if (response.attempts === 1) return cancelled
        // the request whose response was lost may have cancelled it
        return Effect.catchIf(
          cancelled,
          (reason) => reason instanceof JobNotCancellable,
          (reason) =>
            Effect.flatMap(get(id), (found) =>
              found.status === "cancelled" ? Effect.succeed(found) : Effect.fail(reason)
            )
        )
      }
    )
  })

  const exceeded = (job: Job | string, { deadline }: Wait) =>
    Effect.suspend(() =>
      Effect.fail(new JobDeadlineExceeded({ id: typeof job === "string" ? job : job.id, waited: deadline }))
    )

  const waitFor = (job: Job | string, wait: Wait): Effect.Effect<Job, WaitReason> =>
    get(job).pipe(
      Effect.repeat({ schedule: wait.schedule, until: isFinal }),
      Effect.timeoutOrElse({ duration: wait.deadline, orElse: () => exceeded(job, wait) }),
      Effect.flatMap((ended): Effect.Effect<Job, JobCancelled | JobFailed> => {
        if (ended.status === "done") return Effect.succeed(ended)
        return Effect.fail(
          ended.status === "cancelled"
            ? new JobCancelled({ job: ended })
            : new JobFailed({ job: ended, description: ended.failedReason ?? `its status is ${ended.status}` })
        )
      })
    )

  const watch = (job: Job | string, options?: WaitOptions): Stream.Stream<Job, GetJobReason | JobDeadlineExceeded> =>
    Stream.unwrap(
      Effect.map(Effect.fromResult(readWait(options)), (wait) =>
        Stream.fromEffectSchedule(get(job), wait.schedule).pipe(
          Stream.changesWith((a, b) => JSON.stringify(a) === JSON.stringify(b)),
          Stream.takeUntil(isFinal),
          Stream.interruptWhen(Effect.andThen(Effect.sleep(wait.deadline), exceeded(job, wait)))
        )
      )
    )

  const run = (input: JobInput, options?: WaitOptions): Effect.Effect<Job, CreateJobReason | WaitReason> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.fromResult(readWait(options)), (wait) =>
        Effect.flatMap(interruptibleUntilSent(create(input, true), restore), (job) => {
          const abandon = Effect.ignore(cancel(job))
          return restore(waitFor(job, wait)).pipe(
            Effect.onInterrupt(() => abandon),
            // the caller does not learn the id of a job that goes on
            Effect.tapError(({ _tag }) => (_tag === "JobFailed" || _tag === "JobCancelled" ? Effect.void : abandon))
          )
        })
      )
    )

  return {
    create: (input) => create(input, false).pipe(operation("BatchSql.create", username)),
    get: (job) => get(job).pipe(operation("BatchSql.get", username)),
    cancel: (job) => cancel(job).pipe(operation("BatchSql.cancel", username)),
    wait: (job, options) =>
      Effect.flatMap(Effect.fromResult(readWait(options)), (wait) => waitFor(job, wait)).pipe(
        operation("BatchSql.wait", username)
      ),
    watch: (job, options) => watch(job, options).pipe(streamOperation("BatchSql.watch", username)),
    run: (input, options) => run(input, options).pipe(operation("BatchSql.run", username))
  }
})

const BatchSqlBase: Context.ServiceClass<BatchSql, "effect-carto/BatchSql", BatchSqlService> = Context.Service<
  BatchSql,
  BatchSqlService
>()("effect-carto/BatchSql")
/** Batch jobs of the SQL API: statements that run for up to 12 hours. */
export class BatchSql extends BatchSqlBase {
  /** The service of one account: each use of this layer is built anew, so that no two accounts share one. */
  static readonly layer: Layer.Layer<BatchSql, never, Auth | HttpClient> = Layer.fresh(Layer.effect(BatchSql, make))
}
