/** The three shapes of a batch job, and how a job is made from the `query` of a request. */
import * as Predicate from "effect/Predicate"

/** The status of a job or of one of its queries. */
export type JobStatus = "pending" | "running" | "done" | "failed" | "cancelled" | "unknown" | "skipped"

/** One query of a list. */
export interface ListEntry {
  readonly query: string
  /** The status of the query. An entry that came as an object has no status, and never runs. */
  readonly status?: JobStatus
  readonly failed_reason?: string
}

/** One query of a job with fallbacks. Unknown members are kept. */
export interface FallbackEntry extends Readonly<Record<string, unknown>> {
  readonly query: string
  readonly onsuccess?: string
  readonly onerror?: string
  readonly status: JobStatus
  readonly fallback_status?: JobStatus
  readonly started_at?: string
  readonly ended_at?: string
  readonly failed_reason?: string
}

/** The `query` of a job with fallbacks. Unknown members are kept. */
export interface FallbackQuery extends Readonly<Record<string, unknown>> {
  readonly query: ReadonlyArray<FallbackEntry>
  readonly onsuccess?: string
  readonly onerror?: string
}

/** The work of a job: one of its three shapes. */
export type Work =
  | { readonly _tag: "Single"; readonly query: string }
  | { readonly _tag: "List"; readonly query: ReadonlyArray<ListEntry> }
  | { readonly _tag: "Fallback"; readonly query: FallbackQuery }

/** A batch job. */
export interface Job {
  readonly id: string
  readonly user: string
  readonly work: Work
  readonly status: JobStatus
  readonly failedReason?: string | undefined
  /** Status of the job's own callbacks; `undefined` if the job has none. */
  readonly fallbackStatus?: JobStatus | undefined
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly updatedAt: number
}

/** Reports whether a status is final. */
export const isFinal = (status: JobStatus): boolean => /^(?:done|failed|cancelled|unknown)$/.test(status)

const isCallback = (value: unknown): value is string | undefined => value === undefined || typeof value === "string"

const withCallbacks = (
  value: Readonly<Record<string, unknown>>
): { onsuccess?: string; onerror?: string } | undefined => {
  const { onerror, onsuccess } = value
  if (!isCallback(onsuccess) || !isCallback(onerror)) return undefined
  return { ...(onsuccess === undefined ? {} : { onsuccess }), ...(onerror === undefined ? {} : { onerror }) }
}

const hasCallback = (value: { readonly onsuccess?: string; readonly onerror?: string }): boolean =>
  Boolean(value.onsuccess) || Boolean(value.onerror)

const fallbackEntry = (value: unknown): FallbackEntry | undefined => {
  if (!Predicate.isReadonlyObject(value)) return undefined
  const { query } = value
  const callbacks = withCallbacks(value)
  if (typeof query !== "string" || query === "" || callbacks === undefined) return undefined
  return {
    ...value,
    query,
    ...callbacks,
    status: "pending",
    ...(hasCallback(callbacks) ? { fallback_status: "pending" } : {})
  }
}

const all = <A>(items: ReadonlyArray<A | undefined>): ReadonlyArray<A> | undefined => {
  const defined = items.filter((item) => item !== undefined)
  return defined.length === items.length ? defined : undefined
}

const fallback = (value: Readonly<Record<string, unknown>>): Work | undefined => {
  const callbacks = withCallbacks(value)
  if (!Array.isArray(value["query"]) || callbacks === undefined) return undefined
  const query = all(value["query"].map(fallbackEntry))
  return query === undefined ? undefined : { _tag: "Fallback", query: { ...value, query, ...callbacks } }
}

const listEntry = (value: unknown): ListEntry | undefined => {
  if (typeof value === "string") return { query: value, status: "pending" }
  if (!Predicate.isReadonlyObject(value) || typeof value["query"] !== "string") return undefined
  return { ...value, query: value["query"] }
}

const tripped = "Cannot read property 'query' of null"

/** Reports whether the real server finds null before any other item that is not a query. */
const trips = (items: ReadonlyArray<unknown>, read: (item: unknown) => unknown): boolean =>
  items.find((item) => read(item) === undefined) === null

/** Returns the work in a request's `query`, or the message of the refusal. */
export const parseWork = (query: unknown): Work | string => {
  if (!query) return "You must indicate a valid SQL"
  if (typeof query === "string") return { _tag: "Single", query }
  if (Array.isArray(query)) {
    if (trips(query, listEntry)) return tripped
    const list = all(query.map(listEntry))
    if (list !== undefined) return { _tag: "List", query: list }
  } else if (Predicate.isReadonlyObject(query)) {
    if (Array.isArray(query["query"]) && trips(query["query"], fallbackEntry)) return tripped
    const work = fallback(query)
    if (work !== undefined) return work
  }
  return "there is no job class for the provided query"
}

/** Creates a job. */
export const make = (options: {
  readonly id: string
  readonly user: string
  readonly work: Work
  readonly now: number
}): Job => ({
  id: options.id,
  user: options.user,
  work: options.work,
  status: "pending",
  fallbackStatus: options.work._tag === "Fallback" && hasCallback(options.work.query) ? "pending" : undefined,
  createdAt: options.now,
  updatedAt: options.now
})

/** The JSON of a job in the response to a read request. */
export const toJson = (job: Job): string =>
  JSON.stringify({
    user: job.user,
    status: job.status,
    query: job.work.query,
    created_at: new Date(job.createdAt).toISOString(),
    updated_at: new Date(job.updatedAt).toISOString(),
    failed_reason: job.failedReason,
    fallback_status: job.fallbackStatus,
    job_id: job.id
  })

/** The JSON of a job in the response to its creation. */
export const toCreatedJson = (job: Job): string =>
  JSON.stringify({
    user: job.user,
    query: job.work.query,
    job_id: job.id,
    created_at: new Date(job.createdAt).toISOString(),
    updated_at: new Date(job.updatedAt).toISOString(),
    status: job.status,
    fallback_status: job.fallbackStatus
  })
