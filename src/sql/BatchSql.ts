/** Batch jobs: statements that run for hours, one after another, in the account's own queue. They need the master key. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { Auth } from "../account/Auth.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import { operation, streamOperation } from "../errors/internal/operation.ts"
import { invalidInput } from "../errors/internal/invalidInput.ts"
import { isSettled, type Job, readJob } from "./internal/job.ts"
import { parse } from "../errors/internal/json.ts"
import { errorOf, readFailure, type SqlApiReason } from "./internal/responses.ts"
import { type HttpClient, make as makeWire } from "../http/client.ts"
import { outcomeUnknown, unexpected } from "../http/failures.ts"
import type { WireResponse } from "../http/response.ts"
import { MasterKeyRequired } from "../errors/AuthApi.ts"
import { type InvalidInput, type OutcomeUnknown } from "../errors/Call.ts"
import {
  JobCancelled,
  JobDeadlineExceeded,
  JobFailed,
  JobNotCancellable,
  JobNotFound,
  JobQueueFull
} from "../errors/Job.ts"
import { compile, isStatement, type Statement } from "./Statement.ts"

export type { FallbackStatus, Job, JobQuery, JobStatus } from "./internal/job.ts"

/**
 * A statement of a job with what follows it. In its callbacks `<%= job_id %>` and `<%= error_message %>` are replaced, in
 * values never. The message goes in as it is, quotes and all: put it between dollar quotes of your own,
 * `$reason$<%= error_message %>$reason$`.
 */
export interface JobStatement {
  readonly query: Statement
  readonly onsuccess?: Statement | undefined
  readonly onerror?: Statement | undefined
  /** The longest that the statement may run; the account's own limit (12 hours unless it has another) is never exceeded. */
  readonly timeout?: Duration.Input | undefined
  /** A name of your own, which the job's description repeats. */
  readonly id?: string | undefined
}

/** Statements with callbacks for each of them, and for the whole job. */
export interface JobPlan {
  readonly query: ReadonlyArray<JobStatement>
  readonly onsuccess?: Statement | undefined
  readonly onerror?: Statement | undefined
}

/** One statement (which may hold several), a list that ends at its first failure, or a plan with callbacks. */
export type JobInput = Statement | ReadonlyArray<Statement> | JobPlan

export type JobReason = MasterKeyRequired | SqlApiReason
export type CreateJobReason = JobQueueFull | JobReason | OutcomeUnknown
export type GetJobReason = JobNotFound | JobReason
export type CancelJobReason = JobNotCancellable | JobNotFound | JobReason
export type WaitReason = GetJobReason | JobCancelled | JobDeadlineExceeded | JobFailed

export interface WaitOptions {
  /** How long to wait at most. Default 13 hours: an hour more than a statement may run. */
  readonly deadline?: Duration.Input | undefined
  /** When to look again. Default: after 250 ms, then ever later, up to 10 s. */
  readonly schedule?: Schedule.Schedule<unknown> | undefined
}

export interface BatchSqlService {
  /** Queues a job. The SQL is not looked at before it runs. At most 16,384 characters of JSON. `POST /api/v2/sql/job`. */
  readonly create: (input: JobInput) => Effect.Effect<Job, CartoErrorOf<CreateJobReason>>
  /** The job as it stands. It is kept for two hours after its end. `GET /api/v2/sql/job/{id}`. */
  readonly get: (job: Job | string) => Effect.Effect<Job, CartoErrorOf<GetJobReason>>
  /** Cancels a job that is waiting or running. `DELETE /api/v2/sql/job/{id}`. */
  readonly cancel: (job: Job | string) => Effect.Effect<Job, CartoErrorOf<CancelJobReason>>
  /** Waits for the end of a job and of its callbacks; a job that failed or was cancelled is a failure. */
  readonly wait: (job: Job | string, options?: WaitOptions) => Effect.Effect<Job, CartoErrorOf<WaitReason>>
  /** The job at each change, up to its end. Ends as a success however the job ended. */
  readonly watch: (
    job: Job | string,
    options?: WaitOptions
  ) => Stream.Stream<Job, CartoErrorOf<GetJobReason | JobDeadlineExceeded>>
  /** Creates a job and waits for it. Interrupted, or no longer able to see it, it cancels the job. */
  readonly run: (
    input: JobInput,
    options?: WaitOptions
  ) => Effect.Effect<Job, CartoErrorOf<CreateJobReason | WaitReason>>
}

/** The server's limit, in characters of the JSON. */
const maximum = 16_384

const text = (field: string, statement: Statement | undefined): Result.Result<string | undefined, InvalidInput> =>
  statement === undefined
    ? Result.succeed(undefined)
    : Result.mapError(compile(statement), (reason) =>
        invalidInput(`${field}: ${reason.field}`, statement, reason.remedy)
      )

const jobStatement = (field: string, statement: JobStatement) =>
  Result.gen(function* () {
    const timeout = statement.timeout === undefined ? undefined : Duration.fromInput(statement.timeout)
    if (timeout !== undefined && (Option.isNone(timeout) || Duration.toMillis(timeout.value) < 1)) {
      return yield* Result.fail(invalidInput(`${field}.timeout`, statement.timeout, "give a duration of at least 1 ms"))
    }
    return {
      query: yield* text(`${field}.query`, statement.query),
      onsuccess: yield* text(`${field}.onsuccess`, statement.onsuccess),
      onerror: yield* text(`${field}.onerror`, statement.onerror),
      timeout: timeout === undefined ? undefined : Duration.toMillis(timeout.value),
      id: statement.id
    }
  })

const isList = (input: JobInput): input is ReadonlyArray<Statement> => Array.isArray(input)

const empty = "a job needs a statement; the server would keep an empty one waiting for ever"

/** The body that makes a job, checked as far as it can be known. */
const readInput = (input: JobInput): Result.Result<unknown, InvalidInput> =>
  Result.gen(function* () {
    if (isStatement(input)) return yield* text("query", input)
    if (isList(input)) {
      if (input.length === 0) return yield* Result.fail(invalidInput("query", input, empty))
      return yield* Result.all(input.map((statement, index) => compileItem(`query[${index}]`, statement)))
    }
    if (!Array.isArray(input?.query) || input.query.length === 0) {
      return yield* Result.fail(invalidInput("query", input?.query, empty))
    }
    return {
      query: yield* Result.all(input.query.map((statement, index) => jobStatement(`query[${index}]`, statement))),
      onsuccess: yield* text("onsuccess", input.onsuccess),
      onerror: yield* text("onerror", input.onerror)
    }
  })

const compileItem = (field: string, statement: Statement): Result.Result<string, InvalidInput> =>
  Result.mapError(compile(statement), (reason) => invalidInput(`${field}: ${reason.field}`, statement, reason.remedy))

const defaultSchedule: Schedule.Schedule<unknown> = Schedule.min([
  Schedule.exponential("250 millis", 1.6),
  Schedule.spaced("10 seconds")
]).pipe(Schedule.jittered)

const idOf = (job: Job | string): Result.Result<string, InvalidInput> => {
  const id = typeof job === "string" ? job : job?.id
  return typeof id === "string" && id.trim() !== "" && id !== "." && id !== ".." && id.isWellFormed()
    ? Result.succeed(id)
    : Result.fail(invalidInput("job", id, "give a job, or its id"))
}

const jobPath = (id: string): string => `/api/v2/sql/job/${encodeURIComponent(id)}`

const make: Effect.Effect<BatchSqlService, never, Auth | HttpClient> = Effect.gen(function* () {
  const { username } = yield* Auth
  const wire = yield* makeWire

  const read =
    <Reason>(success: number, explain: (words: string) => Reason | undefined) =>
    (response: WireResponse): Effect.Effect<Job, JobReason | Reason> => {
      if (response.status === success) {
        const job = readJob(parse(response.text))
        return typeof job === "string" ? Effect.fail(unexpected(response, job)) : Effect.succeed(job)
      }
      const words = errorOf(response)
      // a key without any rights to jobs is told no more than this
      if (response.status === 403 && words === "permission denied") return Effect.fail(new MasterKeyRequired({}))
      const reason = response.status === 400 && words !== undefined ? explain(words) : undefined
      return reason === undefined ? readFailure(response, username) : Effect.fail(reason)
    }

  const notFound = (id: string) => (words: string) =>
    words === `Job with id ${id} not found` ? new JobNotFound({ id }) : undefined

  const create = Effect.fnUntraced(function* (input: JobInput): Effect.fn.Return<Job, CreateJobReason> {
    const query = yield* Effect.fromResult(readInput(input))
    const json = { query }
    const { length } = JSON.stringify(json)
    if (length > maximum) {
      return yield* Effect.fail(
        invalidInput("query", length, `a job holds at most ${maximum} characters; to import data use CopySql`)
      )
    }
    const isFull = (words: string) =>
      words.startsWith("Failed to create job. Max number of jobs ")
        ? new JobQueueFull({ description: words })
        : undefined
    // without its id nobody can ask for the job
    return yield* wire.write<Job, CreateJobReason>(
      { method: "POST", api: "sql", path: "/api/v2/sql/job", json },
      read(201, isFull),
      outcomeUnknown
    )
  })

  const get = Effect.fnUntraced(function* (job: Job | string): Effect.fn.Return<Job, GetJobReason> {
    const id = yield* Effect.fromResult(idOf(job))
    return yield* wire.send({ method: "GET", api: "sql", path: jobPath(id) }, read(200, notFound(id)))
  })

  const cancel = Effect.fnUntraced(function* (job: Job | string): Effect.fn.Return<Job, CancelJobReason> {
    const id = yield* Effect.fromResult(idOf(job))
    const explain = (words: string) =>
      words.startsWith("Cannot set status ") ? new JobNotCancellable({ id, description: words }) : notFound(id)(words)
    return yield* wire.send(
      { method: "DELETE", api: "sql", path: jobPath(id) },
      (response): Effect.Effect<Job, CancelJobReason> => {
        const cancelled = read(200, explain)(response)
        if (response.attempts === 1) return cancelled
        // it was cancelled by the request whose answer was lost
        return Effect.catchIf(
          cancelled,
          (reason) => reason instanceof JobNotCancellable,
          (reason) =>
            Effect.flatMap(get(id), (job) => (job.status === "cancelled" ? Effect.succeed(job) : Effect.fail(reason)))
        )
      }
    )
  })

  const untilSettled = (
    job: Job | string,
    options: WaitOptions
  ): Effect.Effect<Job, GetJobReason | JobDeadlineExceeded> => {
    const deadline = Duration.fromInputUnsafe(options.deadline ?? "13 hours")
    return get(job).pipe(
      Effect.repeat({ schedule: options.schedule ?? defaultSchedule, until: isSettled }),
      Effect.timeoutOrElse({
        duration: deadline,
        orElse: () =>
          Effect.fail(new JobDeadlineExceeded({ id: typeof job === "string" ? job : job.id, waited: deadline }))
      })
    )
  }

  const wait = (job: Job | string, options: WaitOptions = {}): Effect.Effect<Job, WaitReason> =>
    Effect.flatMap(untilSettled(job, options), (settled): Effect.Effect<Job, WaitReason> => {
      switch (settled.status) {
        case "done":
          return Effect.succeed(settled)
        case "cancelled":
          return Effect.fail(new JobCancelled({ job: settled }))
        default:
          return Effect.fail(
            new JobFailed({ job: settled, description: settled.failedReason ?? `its status is ${settled.status}` })
          )
      }
    })

  const watch = (
    job: Job | string,
    options: WaitOptions = {}
  ): Stream.Stream<Job, GetJobReason | JobDeadlineExceeded> => {
    const deadline = Duration.fromInputUnsafe(options.deadline ?? "13 hours")
    return Stream.fromEffectSchedule(get(job), options.schedule ?? defaultSchedule).pipe(
      Stream.changesWith((a, b) => JSON.stringify(a) === JSON.stringify(b)),
      Stream.takeUntil(isSettled),
      Stream.interruptWhen(
        Effect.andThen(
          Effect.sleep(deadline),
          Effect.fail(new JobDeadlineExceeded({ id: typeof job === "string" ? job : job.id, waited: deadline }))
        )
      )
    )
  }

  return {
    create: (input) => create(input).pipe(operation("BatchSql.create", username)),
    get: (job) => get(job).pipe(operation("BatchSql.get", username)),
    cancel: (job) => cancel(job).pipe(operation("BatchSql.cancel", username)),
    wait: (job, options) => wait(job, options).pipe(operation("BatchSql.wait", username)),
    watch: (job, options) => watch(job, options).pipe(streamOperation("BatchSql.watch", username)),
    run: (input, options) =>
      // once the job is made it is waited for or cancelled, whenever the interruption comes
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(create(input), (job) => {
          const abandon = Effect.ignore(cancel(job))
          return restore(wait(job, options)).pipe(
            Effect.onInterrupt(() => abandon),
            // whose id nobody has then
            Effect.tapError(({ _tag }) => (_tag === "JobFailed" || _tag === "JobCancelled" ? Effect.void : abandon))
          )
        })
      ).pipe(operation("BatchSql.run", username))
  }
})

const BatchSqlBase: Context.ServiceClass<BatchSql, "effect-carto/BatchSql", BatchSqlService> = Context.Service<
  BatchSql,
  BatchSqlService
>()("effect-carto/BatchSql")
/** Batch jobs of the SQL API: statements that run for up to 12 hours. */
export class BatchSql extends BatchSqlBase {
  /** Never shared by two accounts: layers are otherwise built once, under whichever account comes first. */
  static readonly layer: Layer.Layer<BatchSql, never, Auth | HttpClient> = Layer.fresh(Layer.effect(BatchSql, make))
}
