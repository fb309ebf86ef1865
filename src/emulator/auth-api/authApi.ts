/** The Auth API: `/api/v3/api_keys` of every account. Checks follow the application's order. */
import * as Effect from "effect/Effect"
import type { Account } from "../accounts/account.ts"
import { Accounts } from "../accounts/accounts.ts"
import { ApiKeys } from "../accounts/keys/apiKeys.ts"
import { Sessions } from "../accounts/sessions.ts"
import type { Caller } from "./call.ts"
import { addressedUsername, token } from "./credentials.ts"
import { type Parameters, read } from "./parameters.ts"
import * as responses from "./responses.ts"
import { match, type Route } from "./routes.ts"

/** A running Auth API. */
export interface AuthApi {
  /** Responds to a request. */
  readonly handle: (request: Request) => Effect.Effect<Response>
}

const respondWith =
  (response: () => Response): (() => Effect.Effect<Response>) =>
  () =>
    Effect.sync(response)

/** Makes the Auth API. `sessionDomain` is the part of a host after the account's name, such as `.carto.com`. */
export const make = (options: {
  readonly sessionDomain: string
}): Effect.Effect<AuthApi, never, Accounts | ApiKeys | Sessions> =>
  Effect.gen(function* () {
    const services = yield* Effect.context<Accounts | ApiKeys>()
    const accounts = yield* Accounts
    const apiKeys = yield* ApiKeys
    const sessions = yield* Sessions

    const authenticate = (
      request: Request,
      { endpoint }: Route,
      account: Account,
      parameters: Parameters
    ): Caller | undefined => {
      const found = token(request.headers.get("authorization") ?? "", account.username, parameters)
      const key = apiKeys.list(account.username).find((row) => row.token === found)
      const hasSession = sessions.username(request.headers.get("cookie") ?? "") === account.username
      if (key === undefined || (endpoint.needsMaster && key.type !== "master")) {
        return hasSession ? { account, restrictedTo: undefined } : undefined
      }
      return { account, restrictedTo: key.type === "master" ? undefined : key }
    }

    const respond = Effect.fnUntraced(
      function* (request: Request) {
        const parameters = yield* read(request)
        const { hostname, origin, pathname } = new URL(request.url)
        const route = match(request.method, pathname)
        if (route === undefined) return responses.unrouted(404, request)
        const { hasFormat, name, userDomain } = route
        const { sessionDomain } = options
        const username = addressedUsername({ userDomain, parameters, host: hostname, sessionDomain })
        const account = accounts.find(username)
        if (account === undefined) return responses.unknownAccount(username)
        if (account.state === "locked" || account.state === "maintenance") return responses.empty(404)
        const caller = authenticate(request, route, account, parameters)
        if (caller === undefined) return responses.empty(401)
        if (account.state === "not-activated") return responses.empty(403)
        if (!accounts.isEngineEnabled(account)) return responses.empty(404)
        const isNamed = userDomain !== undefined || parameters.has("user_domain")
        const base = { origin, userDomain: isNamed ? username : undefined, hasFormat }
        return yield* route.endpoint.handle({ caller, parameters, base, name })
      },
      (effect, request) =>
        effect.pipe(
          Effect.catchTags({
            BadRequest: respondWith(() => responses.unrouted(400, request)),
            BodyTooLarge: respondWith(() => responses.empty(413)),
            UnexpectedParameter: respondWith(() => responses.unhandled(500)),
            MalformedGrant: respondWith(() => responses.unhandled(500)),
            Unhandled: ({ status }) => Effect.succeed(responses.unhandled(status)),
            Refused: ({ errors, status }) => Effect.succeed(responses.error(status, errors)),
            WrongParameter: ({ message }) => Effect.succeed(responses.error(400, message)),
            QuotaReached: respondWith(() =>
              responses.error(403, "You have reached the limit of API keys for your plan")
            ),
            KeyGone: ({ name }) => Effect.succeed(responses.error(404, `API key not found: ${name}`)),
            Unprocessable: ({ message }) => Effect.succeed(responses.error(422, message)),
            ValidationFailed: ({ messages }) =>
              Effect.succeed(responses.error(422, `Validation failed: ${messages.join(", ")}`))
          }),
          Effect.catchCause((cause) =>
            Effect.as(Effect.logError("The Auth API failed", cause), responses.unhandled(500))
          )
        )
    )

    return {
      handle: (request) =>
        respond(request).pipe(
          Effect.map((response) =>
            request.method === "HEAD"
              ? new Response(null, { status: response.status, headers: response.headers })
              : response
          ),
          Effect.provide(services)
        )
    }
  })
