/** Pure state transitions of a job: the next step to run, and the effect of its outcome on the job. */
import { type FallbackEntry, type FallbackQuery, isFinal, type Job, type JobStatus, type ListEntry } from "./job.ts"

/** A statement to run, and the query or job whose status it decides. */
export type Step =
  | { readonly _tag: "Query"; readonly index: number; readonly sql: string; readonly timeout: number | undefined }
  | { readonly _tag: "QueryCallback"; readonly index: number; readonly sql: string }
  | { readonly _tag: "JobCallback"; readonly sql: string }

/** PostgreSQL's message, or `undefined` for success. */
export type Outcome = string | undefined

const template = (sql: string, name: string, value: string): string =>
  sql.replace(new RegExp(`<%=\\s*${name}\\s*%>`, "g"), () => value)

const transitions: ReadonlyMap<JobStatus | undefined, ReadonlySet<JobStatus>> = new Map([
  ["pending", new Set<JobStatus>(["running", "cancelled", "unknown", "skipped"])],
  ["running", new Set<JobStatus>(["done", "failed", "cancelled", "pending", "unknown"])]
])

const canBecome = (from: JobStatus | undefined, to: JobStatus): boolean => transitions.get(from)?.has(to) ?? false

const isDue = (status: JobStatus | undefined): boolean => status === "pending"

const timeoutOf = (value: unknown): number | undefined => {
  const timeout = Number(value)
  return timeout > 0 ? timeout : undefined
}

/** The callback that the end of a query or job calls for. */
const callbackOf = (
  status: JobStatus,
  { onerror, onsuccess }: { readonly onsuccess?: string; readonly onerror?: string }
): string | undefined => {
  const callback = status === "done" ? onsuccess : status === "failed" ? onerror : undefined
  return callback === "" ? undefined : callback
}

const dueCallback = (entry: FallbackEntry): string | undefined =>
  isDue(entry.fallback_status) ? callbackOf(entry.status, entry) : undefined

const hasNext = (entries: ReadonlyArray<FallbackEntry>): boolean =>
  entries.some((entry) => isDue(entry.status) || dueCallback(entry) !== undefined)

/** Returns the next step, or `undefined` if nothing is left to run. */
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
      const own = isDue(job.fallbackStatus) ? callbackOf(job.status, work.query) : undefined
      if (own !== undefined) return { _tag: "JobCallback", sql: own }
      if (!isDue(job.status)) return undefined
      const entries = work.query.query
      // For a job without queries, the real server runs the text of JavaScript's `undefined`.
      if (entries.length === 0) return { _tag: "Query", index: 0, sql: "undefined", timeout: undefined }
      const index = entries.findIndex((entry) => hasNext([entry]))
      const entry = entries[index]
      if (entry === undefined) return undefined
      if (isDue(entry.status)) return { _tag: "Query", index, sql: entry.query, timeout: timeoutOf(entry["timeout"]) }
      const sql = template(dueCallback(entry) ?? "", "job_id", job.id)
      const { failed_reason: reason, status } = entry
      return {
        _tag: "QueryCallback",
        index,
        sql: status === "failed" && reason !== undefined ? template(sql, "error_message", reason) : sql
      }
    }
  }
}

interface Change {
  readonly status: JobStatus
  /** An ISO time. */
  readonly now: string
  /** PostgreSQL's message. */
  readonly reason?: string | undefined
}

const withReason = ({ reason, status }: Change): { readonly failed_reason?: string } =>
  status === "failed" && reason !== undefined ? { failed_reason: reason } : {}

const skipped = (entry: FallbackEntry): FallbackEntry => ({
  ...entry,
  ...(canBecome(entry.status, "skipped") ? { status: "skipped" } : {}),
  ...(canBecome(entry.fallback_status, "skipped") ? { fallback_status: "skipped" } : {})
})

const changedQuery = (entry: FallbackEntry, change: Change): FallbackEntry => {
  const { now, status } = change
  const changed: FallbackEntry = {
    ...entry,
    status,
    ...(status === "running" ? { started_at: now } : {}),
    ...(isFinal(status) ? { ended_at: now } : {}),
    ...withReason(change)
  }
  // callbacks that this final status does not call for
  return isFinal(status) && isDue(changed.fallback_status) && dueCallback(changed) === undefined
    ? { ...changed, fallback_status: "skipped" }
    : changed
}

/** The target of a change of status: nothing, a query or the job, or the callback of a query. */
type Reach = "none" | "query" | "callback"

/**
 * Gives the status to the first query or callback that can take it. A failure or cancellation skips everything after
 * it.
 */
const changeEntries = (
  entries: ReadonlyArray<FallbackEntry>,
  change: Change
): { readonly entries: ReadonlyArray<FallbackEntry>; readonly reach: Reach } => {
  const { status } = change
  let reach: Reach = "none"
  const changed = entries.map((entry) => {
    if (reach === "query") return status === "failed" || status === "cancelled" ? skipped(entry) : entry
    if (reach === "callback") return entry
    if (canBecome(entry.status, status)) {
      reach = "query"
      return changedQuery(entry, change)
    }
    if (!canBecome(entry.fallback_status, status)) return entry
    reach = "callback"
    return { ...entry, fallback_status: status, ...withReason(change) }
  })
  return { entries: changed, reach }
}

/** The status of the job after one of its queries or callbacks has taken a status. */
const jobStatus = (entries: ReadonlyArray<FallbackEntry>, status: JobStatus, reach: Reach): JobStatus => {
  const isEnd = status === "done" || status === "failed"
  if (reach === "callback" && !isEnd) return status
  if (hasNext(entries)) return status === "running" ? status : "pending"
  return reach === "callback" ? (entries.findLast((entry) => isFinal(entry.status))?.status ?? "done") : status
}

const changeFallback = (job: Job, query: FallbackQuery, change: Change): Job | undefined => {
  const { reach, entries } = changeEntries(query.query, change)
  const status = jobStatus(entries, change.status, reach)
  const isNew = canBecome(job.status, status)
  const changed: Job = {
    ...job,
    work: { _tag: "Fallback", query: { ...query, query: entries } },
    ...(isNew ? { status } : {}),
    // If a query has its own `onerror`, the reason of its failure stays with the query.
    ...(isNew && status === "failed" && reach !== "callback" ? { failedReason: change.reason } : {})
  }
  const { fallbackStatus } = changed
  if (fallbackStatus === undefined || hasNext(entries)) return isNew || reach !== "none" ? changed : undefined
  if (isNew || reach === "query") {
    const isIdle = isFinal(change.status) && callbackOf(changed.status, query) === undefined
    return isIdle && isDue(fallbackStatus) ? { ...changed, fallbackStatus: "skipped" } : changed
  }
  if (reach === "callback") return changed
  return canBecome(fallbackStatus, change.status) ? { ...changed, fallbackStatus: change.status } : undefined
}

const changeSingle = (job: Job, change: Change): Job | undefined =>
  canBecome(job.status, change.status)
    ? { ...job, status: change.status, ...(change.status === "failed" ? { failedReason: change.reason } : {}) }
    : undefined

const changeList = (job: Job, entries: ReadonlyArray<ListEntry>, change: Change): Job | undefined => {
  const { status } = change
  const goesOn = status === "done" && entries.find((entry) => isDue(entry.status))?.query
  const changed = changeSingle(job, goesOn ? { ...change, status: "pending" } : change)
  const index = entries.findIndex((entry) => canBecome(entry.status, status))
  if (changed === undefined || index < 0) return undefined
  const query = entries.map((entry, at) => (at === index ? { ...entry, status, ...withReason(change) } : entry))
  return { ...changed, work: { _tag: "List", query } }
}

const changed = (job: Job, change: Change): Job | undefined => {
  switch (job.work._tag) {
    case "Single":
      return changeSingle(job, change)
    case "List":
      return changeList(job, job.work.query, change)
    case "Fallback":
      return changeFallback(job, job.work.query, change)
  }
}

/** Returns the job while its next step runs; `now` is an ISO time. */
export const started = (job: Job, now: string): Job => changed(job, { status: "running", now }) ?? job

/** Returns the job after a step; `now` is an ISO time. */
export const ended = (job: Job, outcome: Outcome, now: string): Job =>
  changed(job, { status: outcome === undefined ? "done" : "failed", now, reason: outcome }) ?? job

/** Returns the canceled job, or the message of the refusal; `now` is an ISO time. */
export const cancelled = (job: Job, now: string): Job | string =>
  changed(job, { status: "cancelled", now }) ??
  (job.work._tag === "Fallback"
    ? "Cannot set status to cancelled"
    : `Cannot set status from ${job.status} to cancelled`)
