/** Puts a pacer in front of an HTTP client. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import { readRateLimit } from "../../http/rateLimit.ts"
import { outsideDeadline } from "./deadline.ts"
import type { Pacer } from "./pacer.ts"
import type { Report } from "./policy.ts"

const jobs: Readonly<Record<string, string>> = { GET: "job_get", POST: "job_create", DELETE: "job_delete" }

/** The account and the group of endpoints of a request, which share a limit under all keys; `undefined` for other requests. */
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

/** No account has a larger limit. A number above it is not one. */
const largestLimit = 1e6

const reportOf = ({ headers, status }: HttpClientResponse, now: number): Report => {
  const date = Date.parse(headers["date"] ?? "")
  // the server's date, if there is one, since clocks differ
  const { limit, remaining, reset, retryAfter } = readRateLimit(headers, Number.isNaN(date) ? now : date)
  const isLimit = limit !== undefined && Number.isInteger(limit) && limit > 0 && limit <= largestLimit
  return {
    status,
    limit: isLimit ? limit : undefined,
    remaining: isLimit && remaining !== undefined ? Math.min(limit, Math.floor(remaining)) : undefined,
    reset: reset === undefined ? undefined : Duration.toSeconds(reset),
    // the 429 of a statement that took too long has no such header
    retryAfter: status === 429 && retryAfter !== undefined ? Duration.toMillis(retryAfter) : undefined
  }
}

/** Whether a cache sent the response. Its headers describe the limit at the time when it was stored. */
const isStored = ({ headers }: HttpClientResponse): boolean => Number(headers["age"]) > 0

/** Holds requests back until the pacer admits them. */
export const pace =
  (pacer: Pacer<never>) =>
  (client: HttpClient.HttpClient): HttpClient.HttpClient =>
    HttpClient.transform(client, (send, { method, url }) => {
      const endpoint = endpointOf(method, url)
      return endpoint === undefined
        ? send
        : Effect.flatMap(outsideDeadline(pacer.admit(endpoint)), (ticket) =>
            Effect.onError(send, () => pacer.onNoResponse(ticket)).pipe(
              Effect.tap((response) =>
                isStored(response)
                  ? pacer.onNoResponse(ticket)
                  : Effect.flatMap(Clock.currentTimeMillis, (now) => pacer.onResponse(ticket, reportOf(response, now)))
              )
            )
          )
    })
