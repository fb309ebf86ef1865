/** The batch jobs of all accounts: stored, queued and run. The jobs of one account run one after another. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { randomUUID } from "node:crypto"
import { badRequest, type ApiError } from "../apiError.ts"
import * as Job from "./job.ts"
import * as Progress from "./progress.ts"
import { StatementRunner } from "./statementRunner.ts"

/** The service that stores and runs batch jobs. */
export interface JobsService {
  /** Queues work for an account. */
  readonly create: (user: string, work: Job.Work) => Effect.Effect<Job.Job, ApiError>
  readonly get: (user: string, id: string) => Effect.Effect<Job.Job, ApiError>
  /** Cancels a job. Its running statement is interrupted. */
  readonly cancel: (user: string, id: string) => Effect.Effect<Job.Job, ApiError>
  /** Ids of the running jobs, by account. */
  readonly inProgress: () => Readonly<Record<string, ReadonlyArray<string>>>
}

const maximumWaiting = 64
/** Maximum number of accounts whose jobs run at the same time. */
const concurrency = 4
const twoHours = 2 * 60 * 60 * 1000

const isoNow: Effect.Effect<string> = Effect.map(Clock.currentTimeMillis, (now) => new Date(now).toISOString())

const make: Effect.Effect<JobsService, never, StatementRunner | Scope.Scope> = Effect.gen(function* () {
  const scope = yield* Effect.scope
  const statements = yield* StatementRunner
  const semaphore = yield* Semaphore.make(concurrency)
  const jobs = new Map<string, Job.Job>()
  const queues = new Map<string, Array<string>>()
  const running = new Map<string, { readonly id: string; readonly fiber: Fiber.Fiber<void> }>()

  const save = Effect.fnUntraced(function* (job: Job.Job) {
    const saved = { ...job, updatedAt: yield* Clock.currentTimeMillis }
    jobs.set(job.id, saved)
    return saved
  })

  const runJob = Effect.fnUntraced(function* (id: string) {
    for (;;) {
      const job = jobs.get(id)
      const step = job === undefined ? undefined : Progress.next(job)
      if (job === undefined || step === undefined) return
      const started = yield* save(Progress.started(job, yield* isoNow))
      const outcome = yield* statements.run(job.user, step.sql, step._tag === "Query" ? step.timeout : undefined)
      // If the runner cannot connect, it drops the job, whose status does not change.
      if (outcome._tag === "NotConnected") return
      yield* save(Progress.ended(started, outcome.failure, yield* isoNow))
    }
  })

  const work = Effect.fnUntraced(function* (user: string) {
    const queue = queues.get(user) ?? []
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      const fiber = yield* Effect.forkIn(runJob(id), scope)
      running.set(user, { id, fiber })
      yield* Fiber.await(fiber)
      running.delete(user)
    }
    queues.delete(user)
  }, semaphore.withPermit)

  const get = (user: string, id: string): Effect.Effect<Job.Job, ApiError> =>
    Effect.gen(function* () {
      const job = jobs.get(id)
      const now = yield* Clock.currentTimeMillis
      if (job !== undefined && Job.isFinal(job.status) && now - job.updatedAt > twoHours) jobs.delete(id)
      else if (job?.user === user) return job
      return yield* badRequest(`Job with id ${id} not found`)
    })

  return {
    create: Effect.fnUntraced(function* (user, work_) {
      const waiting = queues.get(user)
      const maximum = statements.waitingJobs(user) ?? maximumWaiting
      if (waiting !== undefined && waiting.length >= maximum) {
        return yield* badRequest(`Failed to create job. Max number of jobs (${maximum}) queued reached`)
      }
      const now = yield* Clock.currentTimeMillis
      const id = yield* Effect.sync(() => randomUUID())
      const job = Job.make({ id, user, work: work_, now })
      jobs.set(id, job)
      if (waiting !== undefined) waiting.push(id)
      else {
        queues.set(user, [id])
        yield* Effect.forkIn(work(user), scope)
      }
      return job
    }),
    get,
    cancel: Effect.fnUntraced(function* (user, id) {
      const refused = Progress.cancelled(yield* get(user, id), yield* isoNow)
      if (typeof refused === "string") return yield* badRequest(refused)
      const current = running.get(user)
      if (current?.id === id) yield* Fiber.interrupt(current.fiber)
      // The job may have ended before it could be stopped.
      const cancelled = Progress.cancelled(yield* get(user, id), yield* isoNow)
      if (typeof cancelled === "string") return yield* badRequest(cancelled)
      const queue = queues.get(user)
      const place = queue?.indexOf(id) ?? -1
      if (place >= 0) queue?.splice(place, 1)
      return yield* save(cancelled)
    }),
    inProgress: () => Object.fromEntries(Array.from(running, ([user, { id }]) => [user, [id]]))
  }
})

const JobsBase: Context.ServiceClass<Jobs, "effect-carto/emulator/sql-api/Jobs", JobsService> = Context.Service<
  Jobs,
  JobsService
>()("effect-carto/emulator/sql-api/Jobs")
/** Service tag of the batch jobs. */
export class Jobs extends JobsBase {
  /** Layer of the batch jobs. They end with the scope of the layer. */
  static readonly layer: Layer.Layer<Jobs, never, StatementRunner> = Layer.effect(Jobs, make)
}
