import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { BatchSql, type Job, sql } from "../../../src/index.ts"
import { allOrNothing, expect, nothing, operation, type Operation, times } from "../Operation.ts"
import { type Account, onLiveClock, soon, type WorldService } from "../World.ts"
import * as reasons from "../../errors/reasonLists.ts"

const job = { ...reasons.statement, MasterKeyRequired: true } as const
const existing = { ...job, JobNotFound: true } as const
const insert = (id: string) => sql`INSERT INTO events VALUES (${id})`
/** A job that has ended after a few looks at it. */
const wait = { schedule: Schedule.spaced("100 millis"), deadline: "10 minutes" } as const

const ended = (world: WorldService, id: string): Effect.Effect<Job> =>
  world.direct(BatchSql.use((batch) => batch.run(insert(id), soon)))
const created = (world: WorldService, id: string): Effect.Effect<Job> =>
  world.direct(BatchSql.use((batch) => batch.create(insert(id))))
const ran = (world: WorldService, id: string, ...counts: ReadonlyArray<number>) =>
  times("rows of jobs", world.rowsOfJobs(id), counts)

const as = <A, E>(account: Account, effect: Effect.Effect<A, E, BatchSql>): Effect.Effect<A> =>
  effect.pipe(Effect.provide(account.direct), Effect.orDie, onLiveClock)

/** How a job is, which is stopped then. */
const stopped = ({ account, job }: { readonly account: Account; readonly job: Job }): Effect.Effect<string> =>
  as(
    account,
    BatchSql.use((batch) =>
      Effect.tap(
        Effect.map(batch.get(job), ({ status }) => status),
        () => Effect.ignore(batch.cancel(job))
      )
    )
  )

export const batch: ReadonlyArray<Operation> = [
  operation(
    "BatchSql.create",
    {
      prepare: nothing
    },
    (_, id) => BatchSql.use((batch) => batch.create(insert(id))),
    allOrNothing("rows of jobs", (world, id) => world.rowsOfJobs(id))
  )({ ...job, JobQueueFull: true, OutcomeUnknown: true }),
  operation(
    "BatchSql.get",
    {
      prepare: ended
    },
    (job) => BatchSql.use((batch) => batch.get(job)),
    {
      done: (_, value, job) => Effect.succeed(expect("another job", value.id === job.id && value.status === "done"))
    }
  )(existing),
  operation(
    "BatchSql.cancel",
    {
      isIdempotent: true,
      // a queue of its own, since the job would keep others waiting
      account: (world, id) => world.ownAccount(`own${id}`),
      prepare: (_, __, account) =>
        Effect.map(
          as(
            account,
            BatchSql.use((batch) => batch.create(sql`SELECT pg_sleep(3600)`))
          ),
          (job) => ({ account, job })
        )
    },
    ({ job }) => BatchSql.use((batch) => batch.cancel(job)),
    {
      done: (_, value, sleeper) =>
        Effect.map(stopped(sleeper), (status) =>
          expect(`said to be ${value.status}, but ${status}`, value.status === "cancelled" && status === "cancelled")
        ),
      notDone: (_, __, sleeper) =>
        Effect.map(stopped(sleeper), (status) =>
          expect(`the job is ${status}`, status === "cancelled" || status === "running" || status === "pending")
        )
    }
  )({ ...existing, JobNotCancellable: true }),
  operation(
    "BatchSql.wait",
    {
      prepare: created
    },
    (job) => BatchSql.use((batch) => batch.wait(job, wait)),
    {
      done: (world, value, job, id) =>
        Effect.map(ran(world, id, 1), (problems) => [...problems, ...expect("another job", value.id === job.id)])
    }
  )({ ...existing, JobCancelled: true, JobDeadlineExceeded: true, JobFailed: true }),
  operation(
    "BatchSql.watch",
    {
      prepare: created
    },
    (job) => BatchSql.use((batch) => batch.watch(job, wait).pipe(Stream.take(1000), Stream.runCollect)),
    {
      done: (world, all, _, id) =>
        Effect.map(ran(world, id, 1), (problems) => [
          ...problems,
          ...expect("not done in the end", all.at(-1)?.status === "done")
        ])
    }
  )({ ...existing, JobDeadlineExceeded: true }),
  operation(
    "BatchSql.run",
    {
      prepare: nothing
    },
    (_, id) => BatchSql.use((batch) => batch.run(insert(id), wait)),
    {
      done: (world, _, __, id) => ran(world, id, 1),
      // it may have been made, and the waiting for it failed
      notDone: (world, _, __, id) => ran(world, id, 0, 1)
    }
  )({
    ...existing,
    JobCancelled: true,
    JobDeadlineExceeded: true,
    JobFailed: true,
    JobQueueFull: true,
    OutcomeUnknown: true
  })
]
