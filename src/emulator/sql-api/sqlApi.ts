/** The SQL API as one function from request to response. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Accounts } from "../accounts/accounts.ts"
import type { KeyStore } from "../state/keyStore.ts"
import { ApiError } from "./apiError.ts"
import { Jobs } from "./batch/jobs.ts"
import { StatementRunner } from "./batch/statementRunner.ts"
import * as Exchange from "./exchange.ts"
import { notFound } from "./notFound.ts"
import { Preparation } from "./query/preparation.ts"
import * as Route from "./routes.ts"

/** The SQL API as a service. */
export interface SqlApiService {
  /** Handles any request. Requests outside the SQL API get an HTML 404 response. */
  readonly handle: (request: Request) => Effect.Effect<Response>
}

const internalError = new ApiError({ status: 500, message: "Internal Server Error" })

// If the client disconnects, its statement is canceled. The response is not read.
const whenAborted = ({ signal }: Request): Effect.Effect<Response> =>
  Effect.callback((resume) => {
    const leave = () => resume(Effect.succeed(new Response(null, { status: 499 })))
    if (signal.aborted) return leave()
    signal.addEventListener("abort", leave, { once: true })
    return Effect.sync(() => signal.removeEventListener("abort", leave))
  })

/** Creates the SQL API. Batch jobs run within the scope. */
export const make: Effect.Effect<SqlApiService, never, KeyStore | Accounts | Scope.Scope> = Effect.gen(function* () {
  const outer = yield* Effect.context<KeyStore | Accounts>()
  const inner = yield* Layer.build(
    Jobs.layer.pipe(Layer.provide(StatementRunner.layer), Layer.provideMerge(Preparation.layer))
  )
  return {
    handle: (request) => {
      const path = new URL(request.url).pathname
      const route = Route.match(request.method, path)
      if (route === undefined) return Effect.succeed(notFound(request, path))
      const exchange = Exchange.make(request, route)
      return route.endpoint.handle(exchange).pipe(
        Effect.catch((error) => Effect.succeed(Exchange.errorResponse(exchange, error))),
        Effect.catchDefect((defect) =>
          Effect.logError("the SQL API failed", defect).pipe(Effect.as(Exchange.errorResponse(exchange, internalError)))
        ),
        Effect.raceFirst(whenAborted(request)),
        Effect.provide(inner),
        Effect.provide(outer)
      )
    }
  }
})
