/** How a job goes on: what to run next, and what its outcome makes of the job. No time passes here, and nothing runs. */
import type { FallbackEntry, Job, JobStatus, ListEntry } from "./Job.ts"

/** What is to be run, and whose status it decides. */
export type Step =
  | { readonly _tag: "Query"; readonly index: number; readonly sql: string; readonly timeout: number | undefined }
  | { readonly _tag: "QueryCallback"; readonly index: number; readonly sql: string }
  | { readonly _tag: "JobCallback"; readonly sql: string }

/** PostgreSQL's message, or `undefined` for success. */
export type Outcome = string | undefined

const template = (sql: string, name: string, value: string): string =>
  sql.replace(new RegExp(`<%=\\s*${name}\\s*%>`, "g"), () => value)

const failedReason = (outcome: Outcome): { readonly failed_reason?: string } =>
  outcome === undefined ? {} : { failed_reason: outcome }

const replaceAt = <A>(items: ReadonlyArray<A>, index: number, replace: (item: A) => A): ReadonlyArray<A> =>
  items.map((item, at) => (at === index ? replace(item) : item))

const inList = (job: Job, index: number, replace: (entry: ListEntry) => ListEntry): Job =>
  job.work._tag === "List" ? { ...job, work: { _tag: "List", query: replaceAt(job.work.query, index, replace) } } : job

const inFallback = (job: Job, change: (entries: ReadonlyArray<FallbackEntry>) => ReadonlyArray<FallbackEntry>): Job =>
  job.work._tag === "Fallback"
    ? { ...job, work: { _tag: "Fallback", query: { ...job.work.query, query: change(job.work.query.query) } } }
    : job

const isDue = (status: JobStatus | undefined): boolean => status === "pending"

const timeoutOf = (value: unknown): number | undefined => {
  const timeout = Number(value)
  return timeout > 0 ? timeout : undefined
}

const callbackOf = (entry: FallbackEntry): string | undefined => {
  if (entry.status === "done") return entry.onsuccess
  return entry.status === "failed" ? entry.onerror : undefined
}

/** The next thing to run, or `undefined` when there is nothing. */
export const next = (job: Job): Step | undefined => {
  const { work } = job
  switch (work._tag) {
    case "Single":
      return isDue(job.status) ? { _tag: "Query", index: 0, sql: work.query, timeout: undefined } : undefined
    case "List": {
      const index = work.query.findIndex(({ status }) => isDue(status))
      const entry = work.query[index]
      return isDue(job.status) && entry !== undefined
        ? { _tag: "Query", index, sql: entry.query, timeout: undefined }
        : undefined
    }
    case "Fallback": {
      const entries = work.query.query
      const called = entries.findIndex((entry) => isDue(entry.fallback_status) && callbackOf(entry) !== undefined)
      const callback = entries[called]
      if (callback !== undefined) {
        const sql = template(callbackOf(callback) ?? "", "job_id", job.id)
        const { failed_reason: reason } = callback
        return {
          _tag: "QueryCallback",
          index: called,
          sql: reason === undefined ? sql : template(sql, "error_message", reason)
        }
      }
      // A job without any query runs what JavaScript prints for none.
      if (isDue(job.status) && entries.length === 0) {
        return { _tag: "Query", index: 0, sql: "undefined", timeout: undefined }
      }
      const index = entries.findIndex(({ status }) => isDue(status))
      const entry = entries[index]
      if (isDue(job.status) && entry !== undefined) {
        return { _tag: "Query", index, sql: entry.query, timeout: timeoutOf(entry["timeout"]) }
      }
      const own =
        job.status === "done" ? work.query.onsuccess : job.status === "failed" ? work.query.onerror : undefined
      return isDue(job.fallbackStatus) && own !== undefined ? { _tag: "JobCallback", sql: own } : undefined
    }
  }
}

/** The job while a step runs; `now` is an ISO time. */
export const started = (job: Job, step: Step, now: string): Job => {
  if (step._tag === "JobCallback") return { ...job, fallbackStatus: "running" }
  if (step._tag === "QueryCallback") {
    return inFallback(job, (entries) =>
      replaceAt(entries, step.index, (entry) => ({ ...entry, fallback_status: "running" }))
    )
  }
  const running: Job = { ...job, status: "running" }
  return inFallback(
    inList(running, step.index, (entry) => ({ ...entry, status: "running" })),
    (entries) => replaceAt(entries, step.index, (entry) => ({ ...entry, status: "running", started_at: now }))
  )
}

const skipPending = (entry: FallbackEntry): FallbackEntry =>
  isDue(entry.status)
    ? { ...entry, status: "skipped", ...(entry.fallback_status === undefined ? {} : { fallback_status: "skipped" }) }
    : entry

const skipIdleCallback = (entry: FallbackEntry): FallbackEntry =>
  isDue(entry.fallback_status) && callbackOf(entry) === undefined && !isDue(entry.status)
    ? { ...entry, fallback_status: "skipped" }
    : entry

const skipIdleJobCallback = (job: Job): Job => {
  if (job.work._tag !== "Fallback" || !isDue(job.fallbackStatus)) return job
  const own = job.status === "done" ? job.work.query.onsuccess : job.work.query.onerror
  return own === undefined ? { ...job, fallbackStatus: "skipped" } : job
}

const finished = (job: Job, outcome: Outcome, isLast: boolean): Job => {
  if (outcome !== undefined) return { ...job, status: "failed", failedReason: outcome }
  return { ...job, status: isLast ? "done" : "pending" }
}

const afterQuery = (job: Job, index: number, outcome: Outcome, now: string): Job => {
  const status: JobStatus = outcome === undefined ? "done" : "failed"
  switch (job.work._tag) {
    case "Single":
      return finished(job, outcome, true)
    case "List": {
      const isLast = !job.work.query.some((entry, at) => at !== index && isDue(entry.status))
      return finished(
        inList(job, index, (entry) => ({ ...entry, status, ...failedReason(outcome) })),
        outcome,
        isLast
      )
    }
    case "Fallback": {
      const failing = job.work.query.query[index]
      const isLast = !job.work.query.query.some((entry, at) => at !== index && isDue(entry.status))
      const changed = inFallback(job, (entries) =>
        replaceAt(entries, index, (entry) => ({ ...entry, status, ended_at: now, ...failedReason(outcome) }))
          .map((entry) => (outcome === undefined ? entry : skipPending(entry)))
          .map(skipIdleCallback)
      )
      const after = finished(changed, outcome, isLast)
      // A query with an `onerror` of its own keeps the reason to itself.
      return skipIdleJobCallback(
        outcome !== undefined && failing?.onerror !== undefined ? { ...after, failedReason: undefined } : after
      )
    }
  }
}

/** The job after a step; `now` is an ISO time. */
export const ended = (job: Job, step: Step, outcome: Outcome, now: string): Job => {
  const status: JobStatus = outcome === undefined ? "done" : "failed"
  switch (step._tag) {
    case "Query":
      return afterQuery(job, step.index, outcome, now)
    case "QueryCallback":
      return inFallback(job, (entries) =>
        replaceAt(entries, step.index, (entry) => ({ ...entry, fallback_status: status, ...failedReason(outcome) }))
      )
    case "JobCallback":
      return { ...job, fallbackStatus: status }
  }
}

const isCancellable = (status: JobStatus | undefined): boolean => status === "pending" || status === "running"

const skipCallback = (entry: FallbackEntry): FallbackEntry =>
  isCancellable(entry.fallback_status) ? { ...entry, fallback_status: "skipped" } : entry

/** The cancelled job, or the message of the refusal. */
export const cancelled = (job: Job): Job | string => {
  if (!isCancellable(job.status)) {
    return job.work._tag === "Fallback"
      ? "Cannot set status to cancelled"
      : `Cannot set status from ${job.status} to cancelled`
  }
  const stopped: Job = { ...job, status: "cancelled" }
  switch (job.work._tag) {
    case "Single":
      return stopped
    case "List":
      return inList(
        stopped,
        job.work.query.findIndex(({ status }) => isCancellable(status)),
        (entry) => ({ ...entry, status: "cancelled" })
      )
    case "Fallback": {
      const index = job.work.query.query.findIndex(({ status }) => isCancellable(status))
      const changed = inFallback(stopped, (entries) =>
        replaceAt(entries, index, (entry): FallbackEntry => ({ ...entry, status: "cancelled" }))
          .map(skipPending)
          .map(skipCallback)
      )
      return job.fallbackStatus === undefined ? changed : { ...changed, fallbackStatus: "skipped" }
    }
  }
}
