/** What a batch job is: its three shapes, and how one is made of a request's `query`. */
import * as Predicate from "effect/Predicate"

export type JobStatus = "pending" | "running" | "done" | "failed" | "cancelled" | "unknown" | "skipped"

/** One query of a list. */
export interface ListEntry {
  readonly query: string
  /** An entry that came as an object has none, and is never run. */
  readonly status?: JobStatus
  readonly failed_reason?: string
}

/** One query of a job with fallbacks. Members that mean nothing here are kept. */
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

export interface FallbackQuery extends Readonly<Record<string, unknown>> {
  readonly query: ReadonlyArray<FallbackEntry>
  readonly onsuccess?: string
  readonly onerror?: string
}

export type Work =
  | { readonly _tag: "Single"; readonly query: string }
  | { readonly _tag: "List"; readonly query: ReadonlyArray<ListEntry> }
  | { readonly _tag: "Fallback"; readonly query: FallbackQuery }

export interface Job {
  readonly id: string
  readonly user: string
  readonly work: Work
  readonly status: JobStatus
  readonly failedReason?: string | undefined
  /** Of the job's own callbacks; `undefined` when it has none. */
  readonly fallbackStatus?: JobStatus | undefined
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly updatedAt: number
}

/** Whether nothing can become of a job in that status any more. */
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

/** Whether the real server comes upon null before anything else that is no query. */
const trips = (items: ReadonlyArray<unknown>, read: (item: unknown) => unknown): boolean =>
  items.find((item) => read(item) === undefined) === null

/** The work in a request's `query`, or the message of the refusal. */
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

/** A new job. */
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

/** A job as the answer to a reading request. */
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

/** A job as the answer to its creation. */
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
