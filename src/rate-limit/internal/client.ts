/** Puts a pacer in front of an HTTP client. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Result from "effect/Result"
import type { Pacer } from "./pacer.ts"
import type { Answer } from "./policy.ts"
import { outsideDeadline } from "./queueTime.ts"

const jobs: Readonly<Record<string, string>> = { GET: "job_get", POST: "job_create", DELETE: "job_delete" }

/** The account and the group of endpoints of a request: they have a limit of their own. Whose key it carries is no matter. */
export const endpointOf = (method: string, url: string): string | undefined => {
  const parts =
    /^([^?#]*)\/api\/v\d+\/(?:(api_keys)(?=[/?#]|$)|sql(?:\/(job|copyfrom|copyto)(?=[/?#]|$)|(?=[?#]|$)))/.exec(url)
  if (parts === null) return undefined
  const [, account, keys, below] = parts
  const group =
    keys !== undefined
      ? "keys"
      : below === undefined
        ? "query"
        : below === "copyfrom"
          ? "copy_from"
          : below === "copyto"
            ? "copy_to"
            : (jobs[method] ?? "job_get")
  return `${account}:${group}`
}

const count = (value: string | undefined): number | undefined =>
  value !== undefined && /^\s*\d{1,9}\s*$/.test(value) ? Number(value) : undefined

const answerOf = ({ headers, status }: HttpClientResponse, now: number): Answer => {
  const limit = count(headers["carto-rate-limit-limit"])
  const remaining = count(headers["carto-rate-limit-remaining"])
  const retryAfter = headers["retry-after"]
  // A statement that took too long is a 429 as well, without this header.
  const parsed = status === 429 && retryAfter !== undefined ? Headers.parseRetryAfter(retryAfter) : undefined
  return {
    status,
    limit: limit === 0 ? undefined : limit,
    remaining: remaining === undefined || limit === undefined ? undefined : Math.min(limit, remaining),
    reset: count(headers["carto-rate-limit-reset"]),
    retryAfter:
      parsed !== undefined && Result.isSuccess(parsed)
        ? Duration.toMillis(Headers.retryAfterDelay(parsed.success, now))
        : undefined
  }
}

/** Whether an answer comes from a cache: what it tells of the limit was so when it was stored. */
const isStored = ({ headers }: HttpClientResponse): boolean => (count(headers["age"]) ?? 0) > 0

export const pace =
  (pacer: Pacer<never>) =>
  (client: HttpClient.HttpClient): HttpClient.HttpClient =>
    HttpClient.transform(client, (send, { method, url }) => {
      const endpoint = endpointOf(method, url)
      return endpoint === undefined
        ? send
        : Effect.flatMap(outsideDeadline(pacer.admit(endpoint)), (ticket) =>
            Effect.onError(send, () => pacer.lose(ticket)).pipe(
              Effect.tap((response) =>
                isStored(response)
                  ? pacer.lose(ticket)
                  : Effect.flatMap(Clock.currentTimeMillis, (now) => pacer.settle(ticket, answerOf(response, now)))
              )
            )
          )
    })
