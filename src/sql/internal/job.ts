/** The state of a batch job, as the SQL API describes it. */
import type { Open } from "../../account/Grants.ts"
import { isObject, type JsonObject } from "../../errors/internal/json.ts"

/** The status of a job, or of one of its statements. `unknown` is a job that the server has lost. */
export type JobStatus = "pending" | "running" | "done" | "failed" | "cancelled" | "unknown"
/** The status of a callback. `skipped` is a callback that did not apply. */
export type FallbackStatus = JobStatus | "skipped"

/** One statement of a job. */
export interface JobQuery {
  readonly query: string
  readonly status: Open<FallbackStatus>
  readonly id?: string | undefined
  readonly onsuccess?: string | undefined
  readonly onerror?: string | undefined
  readonly fallbackStatus?: Open<FallbackStatus> | undefined
  readonly failedReason?: string | undefined
}

/** A batch job. */
export interface Job {
  readonly id: string
  /** The name of the account. */
  readonly username: string
  readonly status: Open<JobStatus>
  /** The statements in their order. */
  readonly queries: ReadonlyArray<JobQuery>
  readonly createdAt: Date
  readonly updatedAt: Date
  /** The status of the job's own callbacks, if it has any. */
  readonly fallbackStatus?: Open<FallbackStatus> | undefined
  /** PostgreSQL's message about the job, or else about the first statement that failed. */
  readonly failedReason?: string | undefined
}

const string = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)

const readQuery = (value: unknown): JobQuery | undefined => {
  if (!isObject(value) || typeof value["query"] !== "string" || typeof value["status"] !== "string") return undefined
  return {
    query: value["query"],
    status: value["status"],
    id: string(value["id"]),
    onsuccess: string(value["onsuccess"]),
    onerror: string(value["onerror"]),
    fallbackStatus: string(value["fallback_status"]),
    failedReason: string(value["failed_reason"])
  }
}

const readQueries = (query: unknown, status: string, body: JsonObject): ReadonlyArray<JobQuery> | undefined => {
  if (typeof query === "string") return [{ query, status, failedReason: string(body["failed_reason"]) }]
  const list = isObject(query) ? query["query"] : query
  if (!Array.isArray(list)) return undefined
  const read = list.map(readQuery)
  return read.every((item) => item !== undefined) ? read : undefined
}

const readTime = (value: unknown): Date | undefined =>
  typeof value === "string" && !Number.isNaN(Date.parse(value)) ? new Date(value) : undefined

/** The job of a response, or the description of what makes it none. */
export const readJob = (body: unknown): Job | string => {
  if (!isObject(body)) return "not a JSON object"
  const { job_id: id, query, status, user: username } = body
  if (typeof id !== "string") return "job_id is not a string"
  if (typeof username !== "string") return "user is not a string"
  if (typeof status !== "string") return "status is not a string"
  const queries = readQueries(query, status, body)
  if (queries === undefined) return "query is not a statement or a list of them"
  const createdAt = readTime(body["created_at"])
  const updatedAt = readTime(body["updated_at"])
  if (createdAt === undefined || updatedAt === undefined) return "created_at or updated_at is not a time"
  return {
    id,
    username,
    status,
    queries,
    createdAt,
    updatedAt,
    fallbackStatus: string(body["fallback_status"]),
    failedReason: string(body["failed_reason"]) ?? queries.find(({ status }) => status === "failed")?.failedReason
  }
}

const mayChange = (status: string | undefined): boolean => status === "pending" || status === "running"

/**
 * Whether nothing of the job can change anymore. Its callbacks run after it has ended, but not after it was cancelled, which
 * may leave them `pending` forever. Between two statements of a list, the job is `pending` again; the statements after a
 * failure stay `pending`.
 */
export const isFinal = (job: Job): boolean =>
  job.status === "cancelled" ||
  (!mayChange(job.status) &&
    !mayChange(job.fallbackStatus) &&
    !job.queries.some(({ fallbackStatus }) => mayChange(fallbackStatus)))
