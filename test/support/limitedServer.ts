/** The emulator's own rate limiter, in front of answers without a database. Times are those of the fiber's clock. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as KeyStore from "../../src/emulator/state/keyStore.ts"
import { toJson } from "../../src/emulator/sql-api/apiError.ts"
import { check, type EndpointGroup } from "../../src/emulator/sql-api/rateLimit.ts"

/** Burst beyond the first call, calls, and the seconds in which so many calls come back. */
export type Plan = readonly [burst: number, count: number, period: number]

export interface Arrival {
  readonly at: number
  readonly username: string
  readonly group: EndpointGroup | "keys"
  readonly refused: boolean
}

export interface LimitedServer {
  readonly arrivals: ReadonlyArray<Arrival>
  /** Changes a plan; `undefined` takes the limit away. */
  readonly limit: (username: string, group: EndpointGroup, plan: Plan | undefined) => void
  readonly answer: (method: string, url: URL) => Effect.Effect<Response>
}

const groupOf = (method: string, path: string): EndpointGroup | "keys" => {
  if (path.includes("/api_keys")) return "keys"
  if (path.endsWith("/copyto")) return "copy_to"
  if (path.endsWith("/copyfrom")) return "copy_from"
  if (!path.includes("/sql/job")) return "query"
  return method === "POST" ? "job_create" : method === "DELETE" ? "job_delete" : "job_get"
}

const jobOf = (status: string) => ({
  job_id: "job",
  user: "alice",
  status,
  query: "SELECT 1",
  created_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z"
})

const bodies: Readonly<Record<EndpointGroup | "keys", unknown>> = {
  query: { rows: [], time: 0.001, fields: {}, total_rows: 0 },
  copy_to: "",
  copy_from: { time: 0.1, total_rows: 0 },
  job_create: jobOf("pending"),
  job_get: jobOf("done"),
  job_delete: jobOf("canceled"),
  keys: { total: 0, count: 0, _links: {}, result: [] }
}

export const makeServer = (): LimitedServer => {
  const keyStore = KeyStore.make()
  const arrivals: Array<Arrival> = []
  return {
    arrivals,
    limit: (username, group, plan) => {
      const key = `limits:rate:store:${username}:sql:${group}`
      if (plan === undefined) keyStore.delete(key)
      else keyStore.set(key, Object.fromEntries(plan.map((value, at) => [at, String(value)])))
    },
    answer: Effect.fnUntraced(function* (method, url) {
      const path = url.pathname
      const username = /^\/(?:user|u)\/([^/]+)/.exec(path)?.[1] ?? url.hostname.split(".")[0] ?? ""
      const group = groupOf(method, path)
      const headers = new Headers({ "content-type": "application/json" })
      const at = yield* Clock.currentTimeMillis
      const refusal =
        group === "keys"
          ? undefined
          : yield* check(keyStore, username, group, headers).pipe(
              Effect.as(undefined),
              Effect.catch((error) => Effect.succeed(error))
            )
      arrivals.push({ at, username, group, refused: refusal !== undefined })
      return refusal === undefined
        ? new Response(JSON.stringify(bodies[group]), { status: group === "job_create" ? 201 : 200, headers })
        : new Response(toJson(refusal), { status: refusal.status, headers })
    })
  }
}

/** A client of the server in the same fiber: a call takes `latency` milliseconds in either direction. */
export const layerClient = (server: LimitedServer, latency: Effect.Effect<number> = Effect.succeed(5)) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) =>
      Effect.gen(function* () {
        yield* Effect.sleep(yield* latency)
        const response = yield* server.answer(request.method, url)
        yield* Effect.sleep(yield* latency)
        return HttpClientResponse.fromWeb(request, response)
      })
    )
  )
