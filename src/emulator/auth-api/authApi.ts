/** The Auth API: `/api/v3/api_keys` of every account, answered in the application's order of checks. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { Account } from "../accounts/account.ts"
import { Accounts } from "../accounts/accounts.ts"
import type { ApiKey, KeyType } from "../accounts/keys/apiKey.ts"
import { ApiKeys } from "../accounts/keys/apiKeys.ts"
import { Sessions } from "../accounts/sessions.ts"
import type { ErrorClass } from "../shared/errorClass.ts"
import { addressedUsername, token } from "./credentials.ts"
import { type Order, paging, typeFilter } from "./listParameters.ts"
import { type Parameters, read } from "./parameters.ts"
import { apiKey, type LinkBase, list } from "./serializers.ts"
import * as responses from "./responses.ts"
import { match, type Route } from "./routes.ts"

const RefusedBase: ErrorClass<"Refused", { readonly status: number; readonly errors: string }> =
  Data.TaggedError("Refused")
/** The application refuses the request and says why. */
class Refused extends RefusedBase {}

const forbidden = (): Refused =>
  new Refused({ status: 403, errors: "You don't have permission to access that resource" })

const notFound = (name: string): Refused => new Refused({ status: 404, errors: `API key not found: ${name}` })

const UnhandledBase: ErrorClass<"Unhandled", { readonly status: 422 | 500 }> = Data.TaggedError("Unhandled")
/** The application lets an error through to the framework. */
class Unhandled extends UnhandledBase {}

/** Who calls: the account, and the one key that a credential lets it see, if it is not the master key. */
interface Caller {
  readonly account: Account
  readonly restrictedTo: ApiKey | undefined
}

const weights: Readonly<Record<KeyType, number>> = { master: 0, default: 1, regular: 2, oauth: 3 }

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

// Keys stand in order of their last update, which a stable sort keeps.
const sort = (keys: ReadonlyArray<ApiKey>, order: Order): ReadonlyArray<ApiKey> =>
  keys.toSorted(
    (left, right) => weights[left.type] - weights[right.type] || (order === "name" ? compare(left.name, right.name) : 0)
  )

export interface AuthApi {
  readonly handle: (request: Request) => Effect.Effect<Response>
}

/** Makes the Auth API. `sessionDomain` is what follows an account's name in its host, such as `.carto.com`. */
export const make = (options: {
  readonly sessionDomain: string
}): Effect.Effect<AuthApi, never, Accounts | ApiKeys | Sessions> =>
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const apiKeys = yield* ApiKeys
    const sessions = yield* Sessions

    const authenticate = (request: Request, route: Route, account: Account, parameters: Parameters) => {
      const found = token(request.headers.get("authorization") ?? "", account.username, parameters)
      const key = apiKeys.list(account.username).find((row) => row.token === found)
      const hasSession = sessions.username(request.headers.get("cookie") ?? "") === account.username
      const isReading = route.action === "list" || route.action === "show"
      if (key === undefined || (!isReading && key.type !== "master")) {
        return hasSession ? { account, restrictedTo: undefined } : undefined
      }
      return { account, restrictedTo: key.type === "master" ? undefined : key }
    }

    const target = Effect.fnUntraced(function* (caller: Account, parameters: Parameters) {
      if (!parameters.has("target_user")) return caller
      const organization = caller.organization
      if (organization === undefined || organization.role === "member") return yield* forbidden()
      const value = parameters.get("target_user")
      const username = typeof value === "string" ? value : ""
      const member = accounts.members(organization.name).find((account) => account.username === username)
      return (
        member ??
        (yield* new Refused({
          status: 404,
          errors: `User '${username}' not found in the organization '${organization.name}'`
        }))
      )
    })

    const visible = ({ restrictedTo }: Caller, account: Account): ReadonlyArray<ApiKey> =>
      apiKeys
        .list(account.username)
        .filter(
          (key) =>
            key.type !== "oauth" &&
            (restrictedTo === undefined || (restrictedTo.username === key.username && restrictedTo.name === key.name))
        )

    const find = (caller: Caller, account: Account, name: string) => {
      const key = visible(caller, account).find((row) => row.name === name)
      return key === undefined ? Effect.fail(notFound(name)) : Effect.succeed(key)
    }

    const show = Effect.fnUntraced(function* (status: number, account: Account, key: ApiKey, parameters: Parameters) {
      const held = yield* apiKeys.held(account, [key])
      return responses.success(status, apiKey(key, held.get(key.databaseRole)), parameters)
    })

    const index = Effect.fnUntraced(function* (caller: Caller, parameters: Parameters, base: LinkBase) {
      const page = yield* paging(parameters)
      const account = yield* target(caller.account, parameters)
      const types = yield* typeFilter(parameters)
      const matching = sort(
        visible(caller, account).filter(({ type }) => types.includes(type)),
        page.order
      )
      const start = (page.page - 1) * page.perPage
      const keys = matching.slice(start, start + page.perPage)
      const held = yield* apiKeys.held(account, keys)
      const body = list({ keys, total: matching.length, held, paging: page, parameters, base })
      return responses.success(200, body, parameters)
    })

    const act = Effect.fnUntraced(function* (route: Route, caller: Caller, parameters: Parameters, base: LinkBase) {
      if (route.action === "list") return yield* index(caller, parameters, base)
      const account = yield* target(caller.account, parameters)
      if (route.action === "create") {
        const created = yield* apiKeys.create(account, {
          name: parameters.get("name"),
          grants: parameters.get("grants")
        })
        return yield* show(201, account, created, parameters)
      }
      const key = yield* find(caller, account, route.name)
      if (route.action === "show") return yield* show(200, account, key, parameters)
      if (route.action === "delete") {
        if (key.type !== "regular") return yield* forbidden()
        yield* apiKeys.delete(account, key.name)
        return responses.empty(204)
      }
      const regenerated = yield* apiKeys
        .regenerate(account, key.name)
        .pipe(Effect.catchTag("ValidationFailed", () => Effect.fail(new Unhandled({ status: 422 }))))
      return yield* show(200, account, regenerated, parameters)
    })

    const answer = Effect.fnUntraced(
      function* (request: Request) {
        const parameters = yield* read(request)
        const { hostname, origin, pathname } = new URL(request.url)
        const route = match(request.method, pathname)
        if (route === undefined) return responses.unrouted(404, request)
        const { hasFormat, userDomain } = route
        const { sessionDomain } = options
        const username = addressedUsername({ userDomain, parameters, host: hostname, sessionDomain })
        const account = accounts.find(username)
        if (account === undefined) return responses.empty(401)
        if (account.state === "locked" || account.state === "maintenance") return responses.empty(404)
        const caller = authenticate(request, route, account, parameters)
        if (caller === undefined) return responses.empty(401)
        if (account.state === "not-activated") return responses.empty(403)
        if (!accounts.isEngineEnabled(account)) return responses.empty(404)
        const isNamed = userDomain !== undefined || parameters.has("user_domain")
        return yield* act(route, caller, parameters, {
          origin,
          userDomain: isNamed ? username : undefined,
          hasFormat
        })
      },
      (effect, request) =>
        effect.pipe(
          Effect.catchTags({
            BadRequest: () => Effect.succeed(responses.unrouted(400, request)),
            BodyTooLarge: () => Effect.succeed(responses.empty(413)),
            UnexpectedParameter: () => Effect.succeed(responses.unhandled(500)),
            MalformedGrant: () => Effect.succeed(responses.unhandled(500)),
            Unhandled: ({ status }) => Effect.succeed(responses.unhandled(status)),
            Refused: ({ errors, status }) => Effect.succeed(responses.error(status, errors)),
            WrongParameter: ({ message }) => Effect.succeed(responses.error(400, message)),
            QuotaReached: () =>
              Effect.succeed(responses.error(403, "You have reached the limit of API keys for your plan")),
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
        request.method === "HEAD"
          ? Effect.map(answer(request), ({ headers, status }) => new Response(null, { status, headers }))
          : answer(request)
    }
  })
