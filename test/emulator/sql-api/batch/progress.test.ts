import { assert, describe, it } from "@effect/vitest"
import * as Job from "../../../../src/emulator/sql-api/batch/job.ts"
import * as Progress from "../../../../src/emulator/sql-api/batch/progress.ts"

const id = "0b5ed9f8-0000-4000-8000-000000000000"
const now = "2026-01-01T00:00:00.000Z"

const jobOf = (query: unknown): Job.Job => {
  const work = Job.parseWork(query)
  assert.isObject(work, String(work))
  return Job.make({ id, user: "acme", work: typeof work === "string" ? { _tag: "Single", query: "" } : work, now: 0 })
}

/** Runs a job whose statements fail when they begin with `fail`; the SQL that ran, and the job as it is answered. */
const run = (query: unknown): readonly [ReadonlyArray<string>, Record<string, unknown>] => {
  const ran: Array<string> = []
  let job = jobOf(query)
  for (let step = Progress.next(job); step !== undefined; step = Progress.next(job)) {
    ran.push(step.sql)
    job = Progress.ended(Progress.started(job, now), /^(?:fail|undefined)/.test(step.sql) ? "broken" : undefined, now)
    assert.isBelow(ran.length, 20)
  }
  const { status, query: after, failed_reason, fallback_status } = JSON.parse(Job.toJson(job))
  return [ran, { status, query: after, failed_reason, fallback_status }]
}

const times = { started_at: now, ended_at: now }

describe("parseWork", () => {
  const refusals: ReadonlyArray<readonly [unknown, string]> = [
    [undefined, "You must indicate a valid SQL"],
    ["", "You must indicate a valid SQL"],
    [null, "You must indicate a valid SQL"],
    [5, "there is no job class for the provided query"],
    [{}, "there is no job class for the provided query"],
    [["select 1", 5], "there is no job class for the provided query"],
    [[null], "Cannot read property 'query' of null"],
    [["select 1", 5, null], "there is no job class for the provided query"],
    [{ query: [null, 5] }, "Cannot read property 'query' of null"],
    [{ query: "select 1" }, "there is no job class for the provided query"],
    [{ query: [{ query: "" }] }, "there is no job class for the provided query"],
    [{ query: ["select 1"] }, "there is no job class for the provided query"],
    [{ query: [{ query: "select 1", onerror: 5 }] }, "there is no job class for the provided query"]
  ]
  for (const [query, message] of refusals) {
    it(`parseWork refuses ${JSON.stringify(query)}`, () => assert.strictEqual(Job.parseWork(query), message))
  }
  it("parseWork keeps unknown members", () => {
    const { work } = jobOf({ query: [{ query: "select 1", id: "a", timeout: 5 }], note: "b" })
    assert.deepEqual(work.query, {
      query: [{ query: "select 1", id: "a", timeout: 5, status: "pending" }],
      note: "b"
    })
  })
})

describe("a single query", () => {
  it("a job with a single query ends as done or failed", () => {
    assert.deepEqual(run("select 1"), [
      ["select 1"],
      { status: "done", query: "select 1", failed_reason: undefined, fallback_status: undefined }
    ])
    assert.deepEqual(run("fail 1"), [
      ["fail 1"],
      { status: "failed", query: "fail 1", failed_reason: "broken", fallback_status: undefined }
    ])
  })
})

describe("a list", () => {
  it("a list of queries stops at the first failure, and the rest stays pending", () => {
    assert.deepEqual(run(["select 1", "fail", "select 2"]), [
      ["select 1", "fail"],
      {
        status: "failed",
        query: [
          { query: "select 1", status: "done" },
          { query: "fail", status: "failed", failed_reason: "broken" },
          { query: "select 2", status: "pending" }
        ],
        failed_reason: "broken",
        fallback_status: undefined
      }
    ])
  })
  it("a job is pending between the queries of its list", () => {
    const job = jobOf(["select 1", "select 2"])
    const step = Progress.next(job)
    assert.isDefined(step)
    if (step === undefined) return
    const running = Progress.started(job, now)
    assert.strictEqual(running.status, "running")
    assert.deepEqual(running.work.query, [
      { query: "select 1", status: "running" },
      { query: "select 2", status: "pending" }
    ])
    assert.strictEqual(Progress.ended(running, undefined, now).status, "pending")
  })
  it("a job with an empty list or a list of objects stays pending forever", () => {
    assert.deepEqual(run([])[1], { status: "pending", query: [], failed_reason: undefined, fallback_status: undefined })
    assert.deepEqual(run([{ query: "select 1" }])[1]["query"], [{ query: "select 1" }])
  })
})

describe("a job with fallbacks", () => {
  it("a job with fallbacks runs the onsuccess callbacks on success", () => {
    assert.deepEqual(
      run({
        query: [{ query: "a", onsuccess: "a ok", onerror: "a no" }, { query: "b", onerror: "b no" }, { query: "c" }],
        onsuccess: "all ok",
        onerror: "all no"
      }),
      [
        ["a", "a ok", "b", "c", "all ok"],
        {
          status: "done",
          query: {
            query: [
              { query: "a", onsuccess: "a ok", onerror: "a no", status: "done", fallback_status: "done", ...times },
              { query: "b", onerror: "b no", status: "done", fallback_status: "skipped", ...times },
              { query: "c", status: "done", ...times }
            ],
            onsuccess: "all ok",
            onerror: "all no"
          },
          failed_reason: undefined,
          fallback_status: "done"
        }
      ]
    )
  })
  it("a job with fallbacks skips the other queries after a failure", () => {
    assert.deepEqual(
      run({
        query: [
          { query: "a", onsuccess: "a ok" },
          { query: "fail", onsuccess: "b ok" },
          { query: "c", onsuccess: "c ok", onerror: "c no" },
          { query: "d" }
        ],
        onerror: "all no"
      }),
      [
        ["a", "a ok", "fail", "all no"],
        {
          status: "failed",
          query: {
            query: [
              { query: "a", onsuccess: "a ok", status: "done", fallback_status: "done", ...times },
              {
                query: "fail",
                onsuccess: "b ok",
                status: "failed",
                fallback_status: "skipped",
                failed_reason: "broken",
                ...times
              },
              { query: "c", onsuccess: "c ok", onerror: "c no", status: "skipped", fallback_status: "skipped" },
              { query: "d", status: "skipped" }
            ],
            onerror: "all no"
          },
          failed_reason: "broken",
          fallback_status: "done"
        }
      ]
    )
  })
  it("a failure of a query with onerror is reported with the query and not with the job", () => {
    const [ran, job] = run({ query: [{ query: "fail", onerror: "sorry" }], onsuccess: "all ok" })
    assert.deepEqual(ran, ["fail", "sorry"])
    assert.deepEqual([job["status"], job["failed_reason"], job["fallback_status"]], ["failed", undefined, "skipped"])
  })
  it("a job keeps its status if a callback fails", () => {
    assert.deepEqual(run({ query: [{ query: "a", onsuccess: "fail it" }], onsuccess: "fail all" })[1], {
      status: "done",
      query: {
        query: [
          {
            query: "a",
            onsuccess: "fail it",
            status: "done",
            fallback_status: "failed",
            failed_reason: "broken",
            ...times
          }
        ],
        onsuccess: "fail all"
      },
      failed_reason: undefined,
      fallback_status: "failed"
    })
  })
  it("a job is pending before a callback and ends with the last callback", () => {
    const failed = Progress.ended(whileRunning({ query: [{ query: "a", onerror: "a no" }] }), "broken", now)
    assert.strictEqual(failed.status, "pending")
    const calling = Progress.started(failed, now)
    assert.strictEqual(calling.status, "running")
    assert.strictEqual(Progress.ended(calling, undefined, now).status, "failed")
    assert.strictEqual(Progress.ended(calling, "broken too", now).status, "failed")
  })
  it("templates are filled in the callbacks of queries only", () => {
    const [ran] = run({
      query: [
        { query: "a <%= job_id %>", onsuccess: "ok <%= job_id %> <%= error_message %>" },
        { query: "fail", onerror: "<%=job_id%> <%= error_message %> <%= error_message %>" }
      ],
      onerror: "all <%= error_message %> <%= job_id %>"
    })
    assert.deepEqual(ran, [
      "a <%= job_id %>",
      `ok ${id} <%= error_message %>`,
      "fail",
      `${id} broken broken`,
      "all <%= error_message %> <%= job_id %>"
    ])
  })
  it("a job with fallbacks and without queries runs an undefined query", () => {
    const [ran, job] = run({ query: [] })
    assert.deepEqual(ran, ["undefined"])
    assert.deepEqual([job["status"], job["failed_reason"]], ["failed", "broken"])
  })
  it("a query of a job has its own timeout", () => {
    const step = Progress.next(jobOf({ query: [{ query: "a", timeout: 300 }] }))
    assert.deepEqual(step, { _tag: "Query", index: 0, sql: "a", timeout: 300 })
  })
})

const whileRunning = (query: unknown): Job.Job => {
  const job = jobOf(query)
  const step = Progress.next(job)
  return step === undefined ? job : Progress.started(job, now)
}

const cancel = (job: Job.Job) => {
  const after = Progress.cancelled(job, now)
  return typeof after === "string" ? after : JSON.parse(Job.toJson(after))
}

describe("canceled", () => {
  it("canceling a job stops its running query", () => {
    assert.deepInclude(cancel(whileRunning("a")), { status: "cancelled", query: "a" })
    assert.deepInclude(cancel(whileRunning(["a", "b"])), {
      status: "cancelled",
      query: [
        { query: "a", status: "cancelled" },
        { query: "b", status: "pending" }
      ]
    })
    assert.deepInclude(cancel(whileRunning({ query: [{ query: "a", onerror: "b" }, { query: "c" }], onerror: "d" })), {
      status: "cancelled",
      query: {
        query: [
          { query: "a", onerror: "b", status: "cancelled", fallback_status: "skipped", ...times },
          { query: "c", status: "skipped" }
        ],
        onerror: "d"
      },
      fallback_status: "skipped"
    })
  })
  it("canceling a job stops the callback of a query, and later queries stay pending", () => {
    const job = Progress.ended(
      whileRunning({ query: [{ query: "a", onsuccess: "a ok" }, { query: "b" }], onerror: "c" }),
      undefined,
      now
    )
    assert.strictEqual(job.status, "pending")
    const calling = Progress.started(job, now)
    assert.strictEqual(calling.status, "running")
    assert.deepInclude(cancel(calling), {
      status: "cancelled",
      query: {
        query: [
          { query: "a", onsuccess: "a ok", status: "done", fallback_status: "cancelled", ...times },
          { query: "b", status: "pending" }
        ],
        onerror: "c"
      },
      fallback_status: "pending"
    })
  })
  it("canceling a job that has ended is refused", () => {
    const done = { ...jobOf("a"), status: "done" as const }
    assert.strictEqual(cancel(done), "Cannot set status from done to cancelled")
    const failed = Progress.ended(whileRunning({ query: [{ query: "a" }] }), "broken", now)
    assert.strictEqual(cancel(failed), "Cannot set status to cancelled")
    assert.strictEqual(cancel(jobOf([])), "Cannot set status from pending to cancelled")
  })
})
