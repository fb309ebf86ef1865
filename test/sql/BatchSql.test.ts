import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Fiber, Redacted, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Auth, BatchSql, type CartoError, Sql, sql } from "../../src/index.ts"
import { layerEmbedded } from "../support/embedded.ts"
import { json, provideScript, scriptedFetch } from "../support/scriptedFetch.ts"

const job = (fields: Record<string, unknown> = {}) => ({
  job_id: "j1",
  user: "alice",
  query: "SELECT 1",
  status: "pending",
  created_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z",
  ...fields
})

describe("BatchSql.create", () => {
  it.effect("BatchSql.create sends one statement, a list, or a plan", () => {
    const script = scriptedFetch(json(job(), 201))
    return Effect.gen(function* () {
      const batch = yield* BatchSql
      yield* batch.create(sql`SELECT ${1}`)
      yield* batch.create([sql`SELECT 1`, sql`SELECT 2`])
      // what the server fills in is the text's own, never a value's
      yield* batch.create(sql`SELECT ${"<%= job_id %>"}`)
      yield* batch.create({
        query: [
          { query: sql`SELECT 1`, onerror: sql`SELECT '<%= error_message %>'`, timeout: "2 minutes", id: "first" }
        ],
        onsuccess: sql`SELECT 'done'`
      })
      assert.deepStrictEqual(
        script.asked.map(({ body }) => JSON.parse(body)),
        [
          { query: "SELECT 1" },
          { query: ["SELECT 1", "SELECT 2"] },
          { query: "SELECT '<'\n'%= job_id %>'" },
          {
            query: {
              query: [{ query: "SELECT 1", onerror: "SELECT '<%= error_message %>'", timeout: 120_000, id: "first" }],
              onsuccess: "SELECT 'done'"
            }
          }
        ]
      )
      assert.strictEqual(script.asked[0]?.url, "https://alice.carto.com/api/v2/sql/job")
    }).pipe(provideScript(script))
  })
  for (const [name, input, field] of [
    ["an empty list", [], "query"],
    ["an empty plan", { query: [] }, "query"],
    ["an empty statement", [sql`SELECT 1`, sql``], "query[1]: statement"],
    ["no statement", {}, "query"],
    ["a timeout of nothing", { query: [{ query: sql`SELECT 1`, timeout: 0 }] }, "query[0].timeout"],
    ["more than 16,384 characters", sql`SELECT ${"x".repeat(16_384)}`, "query"]
  ] as const) {
    it.effect(`BatchSql.create refuses ${name} before any request`, () => {
      const script = scriptedFetch(new Error("asked"))
      return Effect.gen(function* () {
        const error = yield* Effect.flip(BatchSql.use((batch) => batch.create(input as never)))
        assert.strictEqual("field" in error.reason && error.reason.field, field)
        assert.strictEqual(script.asked.length, 0)
      }).pipe(provideScript(script))
    })
  }
  for (const [words, status, tag] of [
    ["permission denied", 403, "MasterKeyRequired"],
    ["Failed to create job. Max number of jobs (64) queued reached", 400, "JobQueueFull"],
    ["Unauthorized", 401, "Unauthenticated"],
    ["You must indicate a valid SQL", 400, "QueryFailed"]
  ] as const) {
    it.effect(`BatchSql.create fails with ${tag} if the server says so`, () =>
      Effect.gen(function* () {
        const error: CartoError = yield* Effect.flip(BatchSql.use((batch) => batch.create(sql`SELECT 1`)))
        assert.strictEqual(error.reason._tag, tag)
      }).pipe(provideScript(scriptedFetch(json({ error: [words] }, status))))
    )
  }
})

describe("BatchSql.wait and BatchSql.watch", () => {
  const outcome = (...answers: ReadonlyArray<Record<string, unknown>>) =>
    Effect.gen(function* () {
      const batch = yield* BatchSql
      const fiber = yield* Effect.forkChild(
        Effect.match(batch.wait("j1"), {
          onSuccess: ({ status }) => status,
          onFailure: (error: CartoError) => `${error.reason._tag}: ${error.message}`
        })
      )
      yield* TestClock.adjust("10 minutes")
      return yield* Fiber.join(fiber)
    }).pipe(provideScript(scriptedFetch(...answers.map((answer) => json(job(answer))))))

  it.effect("BatchSql.wait returns a job that is done", () =>
    Effect.map(outcome({}, { status: "running" }, { status: "pending" }, { status: "done" }), (end) =>
      assert.strictEqual(end, "done")
    )
  )
  it.effect("BatchSql.wait waits for the callbacks of a job", () =>
    Effect.map(
      outcome(
        { status: "done", fallback_status: "running" },
        { status: "done", fallback_status: "pending" },
        { status: "failed", fallback_status: "done", failed_reason: "late" }
      ),
      (end) =>
        assert.strictEqual(
          end,
          "JobFailed: BatchSql.wait: job j1 failed: late; statements that were done before stay done"
        )
    )
  )
  it.effect("BatchSql.wait fails with JobCancelled for a cancelled job", () =>
    Effect.map(outcome({ status: "cancelled" }), (end) => assert.include(end, "JobCancelled"))
  )
  it.effect("BatchSql.wait does not wait for the callbacks of a cancelled job", () =>
    Effect.map(
      outcome(
        {
          status: "cancelled",
          fallback_status: "pending",
          query: { query: [{ query: "a", status: "done", fallback_status: "pending" }], onsuccess: "b" }
        },
        { status: "done" }
      ),
      (end) => assert.include(end, "JobCancelled")
    )
  )
  it.effect("BatchSql.wait fails with JobFailed for a job that the server has lost", () =>
    Effect.map(outcome({ status: "unknown" }), (end) =>
      assert.include(end, "JobFailed: BatchSql.wait: job j1 failed: its status is unknown")
    )
  )
  it.effect("JobFailed has the reason of the statement if the job has none", () =>
    Effect.map(
      outcome({
        status: "failed",
        query: {
          query: [
            { query: "a", status: "done" },
            { query: "b", status: "failed", failed_reason: "no b" },
            { query: "c", status: "skipped", fallback_status: "skipped" }
          ]
        }
      }),
      (end) => assert.include(end, "no b")
    )
  )
  it.effect("BatchSql.wait fails with JobDeadlineExceeded after its deadline", () =>
    Effect.gen(function* () {
      const batch = yield* BatchSql
      const fiber = yield* Effect.forkChild(Effect.flip(batch.wait("j1", { deadline: "1 hour" })))
      yield* TestClock.adjust("61 minutes")
      const error: CartoError = yield* Fiber.join(fiber)
      assert.strictEqual(error.reason._tag, "JobDeadlineExceeded")
    }).pipe(provideScript(scriptedFetch(json(job({ status: "running" })))))
  )
  it.effect("BatchSql.wait fails with JobNotFound for an unknown job", () =>
    Effect.gen(function* () {
      const error: CartoError = yield* Effect.flip(BatchSql.use((batch) => batch.wait("j1")))
      assert.strictEqual(error.reason._tag, "JobNotFound")
    }).pipe(provideScript(scriptedFetch(json({ error: ["Job with id j1 not found"] }, 400))))
  )
  it.live("BatchSql.watch emits each state once", () =>
    Effect.gen(function* () {
      const batch = yield* BatchSql
      const seen = yield* Stream.runCollect(batch.watch("j1", { schedule: Schedule.spaced("1 millis") }))
      assert.deepStrictEqual(
        seen.map(({ status }) => status),
        ["pending", "running", "failed"]
      )
    }).pipe(
      provideScript(
        scriptedFetch(...["pending", "pending", "running", "running", "failed"].map((status) => json(job({ status }))))
      )
    )
  )
})

describe("BatchSql.run", () => {
  it.effect("BatchSql.run cancels its job if it is interrupted", () => {
    const script = scriptedFetch(({ method }) =>
      method === "POST" ? json(job(), 201) : json(job({ status: method === "DELETE" ? "cancelled" : "running" }))
    )
    return Effect.gen(function* () {
      const batch = yield* BatchSql
      const fiber = yield* Effect.forkChild(batch.run(sql`SELECT 1`))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(script.asked.filter(({ method }) => method === "DELETE").length, 1)
    }).pipe(provideScript(script))
  })
  it.effect("BatchSql.run cancels its job if the job can no longer be read", () => {
    const script = scriptedFetch(({ method }) =>
      method === "POST"
        ? json(job(), 201)
        : method === "DELETE"
          ? json(job({ status: "cancelled" }))
          : json({ error: ["permission denied"] }, 403)
    )
    return Effect.gen(function* () {
      const error = yield* Effect.flip(BatchSql.use((jobs) => jobs.run(sql`SELECT 1`)))
      assert.strictEqual(error.reason._tag, "MasterKeyRequired")
      assert.deepStrictEqual(
        script.asked.map(({ method }) => method),
        ["POST", "GET", "DELETE"]
      )
    }).pipe(provideScript(script))
  })

  it.effect("BatchSql.run does not cancel a job that has ended", () => {
    const script = scriptedFetch(({ method }) =>
      method === "POST" ? json(job(), 201) : json(job({ status: "failed", failed_reason: "x" }))
    )
    return Effect.gen(function* () {
      const error: CartoError = yield* Effect.flip(BatchSql.use((batch) => batch.run(sql`SELECT 1`)))
      assert.strictEqual(error.reason._tag, "JobFailed")
      assert.deepStrictEqual(
        script.asked.map(({ method }) => method),
        ["POST", "GET"]
      )
    }).pipe(provideScript(script))
  })
})

layer(layerEmbedded(), { timeout: "60 seconds", excludeTestServices: true })("batch jobs on PostgreSQL", (it) => {
  it.effect("the statements of a job run one after another, and those before a failure stay done", () =>
    Effect.gen(function* () {
      const batch = yield* BatchSql
      const db = yield* Sql
      const done = yield* batch.run([sql`CREATE TABLE a (id int)`, sql`INSERT INTO a VALUES (1)`])
      assert.deepStrictEqual(
        done.queries.map(({ status }) => status),
        ["done", "done"]
      )
      const error: CartoError = yield* Effect.flip(
        batch.run([sql`INSERT INTO a VALUES (2)`, sql`INSERT INTO a VALUES ('x')`, sql`INSERT INTO a VALUES (3)`])
      )
      assert.include(error.message, "invalid input syntax for type integer")
      assert.deepStrictEqual((yield* db.query(sql`SELECT id FROM a ORDER BY id`)).rows, [{ id: 1 }, { id: 2 }])
    })
  )
  it.effect("the callbacks of a job run after its statements, with the error message", () =>
    Effect.gen(function* () {
      const batch = yield* BatchSql
      const db = yield* Sql
      yield* db.query(sql`CREATE TABLE log (said text)`)
      const error: CartoError = yield* Effect.flip(
        batch.run({
          query: [
            { query: sql`SELECT 1`, onsuccess: sql`INSERT INTO log VALUES ('first')` },
            { query: sql`SELECT 1/0`, onerror: sql`INSERT INTO log VALUES ('<%= error_message %>')` }
          ],
          onerror: sql`INSERT INTO log VALUES ('last')`
        })
      )
      assert.strictEqual(error.reason._tag, "JobFailed")
      assert.include(error.message, "division by zero")
      assert.deepStrictEqual((yield* db.query(sql`SELECT said FROM log`)).rows, [
        { said: "first" },
        { said: "division by zero" },
        { said: "last" }
      ])
    })
  )
  it.effect("a job needs the master key", () =>
    Effect.gen(function* () {
      const error: CartoError = yield* Effect.flip(
        BatchSql.use((batch) => batch.create(sql`SELECT 1`)).pipe(Auth.withApiKey(Auth.defaultPublic))
      )
      assert.strictEqual(error.reason._tag, "MasterKeyRequired")
      const unknown: CartoError = yield* Effect.flip(
        BatchSql.use((batch) => batch.create(sql`SELECT 1`)).pipe(Auth.withApiKey(Redacted.make("nope")))
      )
      assert.strictEqual(unknown.reason._tag, "Unauthenticated")
    })
  )
})
