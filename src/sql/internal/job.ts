/** The state of a batch job, as the SQL API describes it. */
import type { Job, JobQuery } from "../../errors/internal/job.ts"
import { isObject, type JsonObject } from "../../errors/internal/json.ts"

export type { FallbackStatus, Job, JobQuery, JobStatus } from "../../errors/internal/job.ts"

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
