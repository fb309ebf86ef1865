import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { Jobs } from "../../../../src/emulator/sql-api/batch/jobs.ts"
import type { Work } from "../../../../src/emulator/sql-api/batch/job.ts"
import { type StatementOutcome, StatementRunner } from "../../../../src/emulator/sql-api/batch/statementRunner.ts"

const ran: StatementOutcome = { _tag: "Ran", failure: undefined }
const single = (query: string): Work => ({ _tag: "Single", query })

/** Statements take a second, but `gone` finds no database and `wait` does not end. */
const statements = (log: Array<string>) =>
  Layer.succeed(StatementRunner, {
    waitingJobs: () => undefined,
    run: (user, sql) =>
      Effect.suspend(() => {
        log.push(`${user}: ${sql}`)
        if (sql === "gone") return Effect.succeed<StatementOutcome>({ _tag: "NotConnected" })
        return sql === "wait" ? Effect.never : Effect.delay(Effect.succeed(ran), "1 second")
      }).pipe(Effect.onInterrupt(() => Effect.sync(() => log.push(`${user}: ${sql} interrupted`))))
  })

const withJobs = <A, E>(use: (log: ReadonlyArray<string>) => Effect.Effect<A, E, Jobs>): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    const log: Array<string> = []
    return use(log).pipe(Effect.provide(Jobs.layer.pipe(Layer.provide(statements(log)))))
  })

const status = (user: string, id: string) => Jobs.use((jobs) => Effect.map(jobs.get(user, id), (job) => job.status))
const create = (user: string, query: string) =>
  Jobs.use((jobs) => Effect.map(jobs.create(user, single(query)), (job) => job.id))

describe("Jobs", () => {
  it.effect("jobs of one account run in sequence, and jobs of other accounts at the same time", () =>
    withJobs((log) =>
      Effect.gen(function* () {
        const first = yield* create("acme", "a")
        const second = yield* create("acme", "b")
        yield* create("bob", "c")
        assert.strictEqual(yield* status("acme", first), "pending")
        yield* TestClock.adjust("500 millis")
        assert.strictEqual(yield* status("acme", first), "running")
        assert.strictEqual(yield* status("acme", second), "pending")
        assert.deepEqual(log, ["acme: a", "bob: c"])
        assert.sameMembers(Object.keys(yield* Jobs.useSync((jobs) => jobs.inProgress())), ["acme", "bob"])
        yield* TestClock.adjust("500 millis")
        assert.strictEqual(yield* status("acme", first), "done")
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* status("acme", second), "done")
        assert.deepEqual(log, ["acme: a", "bob: c", "acme: b"])
        assert.deepEqual(yield* Jobs.useSync((jobs) => jobs.inProgress()), {})
      })
    )
  )
  it.effect("canceling a job interrupts its statement, and the next job runs", () =>
    withJobs((log) =>
      Effect.gen(function* () {
        const first = yield* create("acme", "wait")
        const second = yield* create("acme", "never")
        const third = yield* create("acme", "b")
        yield* TestClock.adjust("1 second")
        const cancelled = yield* Jobs.use((jobs) => jobs.cancel("acme", first))
        assert.strictEqual(cancelled.status, "cancelled")
        yield* Jobs.use((jobs) => jobs.cancel("acme", second)).pipe(Effect.ignore)
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(yield* status("acme", first), "cancelled")
        assert.strictEqual(yield* status("acme", second), "cancelled")
        assert.strictEqual(yield* status("acme", third), "done")
        assert.include(log, "acme: wait interrupted")
        const again = yield* Effect.flip(Jobs.use((jobs) => jobs.cancel("acme", third)))
        assert.strictEqual(again.message, "Cannot set status from done to cancelled")
      })
    )
  )
  it.effect("a job stays running if its database cannot be reached", () =>
    withJobs(() =>
      Effect.gen(function* () {
        const lost = yield* create("acme", "gone")
        const next = yield* create("acme", "a")
        yield* TestClock.adjust("1 second")
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* status("acme", lost), "running")
        assert.strictEqual(yield* status("acme", next), "done")
      })
    )
  )
  it.effect("an account has at most 64 waiting jobs", () =>
    withJobs(() =>
      Effect.gen(function* () {
        yield* create("acme", "wait")
        yield* TestClock.adjust("1 second")
        for (let waiting = 0; waiting < 64; waiting++) yield* create("acme", "a")
        const error = yield* Effect.flip(create("acme", "a"))
        assert.strictEqual(error.message, "Failed to create job. Max number of jobs (64) queued reached")
        yield* create("bob", "a")
      })
    )
  )
  it.effect("a job is shown to its own account until two hours after its end", () =>
    withJobs(() =>
      Effect.gen(function* () {
        const id = yield* create("acme", "a")
        const other = yield* Effect.flip(status("bob", id))
        assert.deepEqual([other.status, other.message], [400, `Job with id ${id} not found`])
        yield* TestClock.adjust("1 second")
        yield* TestClock.adjust("2 hours")
        assert.strictEqual(yield* status("acme", id), "done")
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Effect.flip(status("acme", id))).message, `Job with id ${id} not found`)
      })
    )
  )
  it.effect("jobs of at most four accounts run at once", () =>
    withJobs((log) =>
      Effect.gen(function* () {
        for (const user of ["a", "b", "c", "d", "e"]) yield* create(user, "x")
        yield* TestClock.adjust("500 millis")
        assert.strictEqual(log.length, 4)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(log.length, 5)
      })
    )
  )
})
