/** `/sql/job` creates, reads and cancels batch jobs. It accepts the master key only. */
import * as Effect from "effect/Effect"
import type { KeyStore } from "../../state/keyStore.ts"
import { type ApiError, badRequest } from "../apiError.ts"
import * as Job from "./job.ts"
import { Jobs } from "./jobs.ts"
import * as Exchange from "../exchange.ts"
import type { Parameters } from "../parameters.ts"
import * as Session from "../session.ts"

const maximumSize = 16_384

// The size is measured on the body printed as JSON, in whatever format the body came.
const checkSize = (body: Parameters): Effect.Effect<void, ApiError> => {
  const size = JSON.stringify(body).length
  return size <= maximumSize
    ? Effect.void
    : Effect.fail(
        badRequest(
          `Your payload is too large: ${size} bytes. Max size allowed is ${maximumSize} bytes (16kb). Are you trying to import data?. Please, check out import api http://docs.cartodb.com/cartodb-platform/import-api/`
        )
      )
}

type Handler = (exchange: Exchange.Exchange) => Effect.Effect<Response, ApiError, KeyStore | Jobs>

/** Handles a request that creates a job. */
export const create: Handler = Effect.fnUntraced(function* (exchange) {
  const { account, parameters } = yield* Session.open(exchange, {
    needsMaster: true,
    onBody: checkSize
  })
  const work = Job.parseWork(parameters["query"])
  if (typeof work === "string") return yield* badRequest(work)
  const job = yield* Jobs.use((jobs) => jobs.create(account.username, work))
  exchange.headers.set("X-Served-By-DB-Host", account.databaseHost)
  return Exchange.jsonResponse(exchange, 201, Job.toCreatedJson(job))
})

/** Handles a request that reads a job. */
export const read: Handler = Effect.fnUntraced(function* (exchange) {
  const { account } = yield* Session.open(exchange, { needsMaster: true })
  const job = yield* Jobs.use((jobs) => jobs.get(account.username, exchange.segments["jobId"] ?? ""))
  exchange.headers.set("X-Served-By-DB-Host", account.databaseHost)
  return Exchange.jsonResponse(exchange, 200, Job.toJson(job))
})

/** Handles a request that cancels a job. */
export const cancel: Handler = Effect.fnUntraced(function* (exchange) {
  const { account } = yield* Session.open(exchange, { needsMaster: true })
  const job = yield* Jobs.use((jobs) => jobs.cancel(account.username, exchange.segments["jobId"] ?? ""))
  exchange.headers.set("X-Served-By-DB-Host", account.databaseHost)
  return Exchange.jsonResponse(exchange, 200, Job.toJson(job))
})
