/** An authenticated request to the Auth API, and the failures that end it. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { Account } from "../accounts/account.ts"
import { Accounts } from "../accounts/accounts.ts"
import type { ApiKey } from "../accounts/keys/apiKey.ts"
import { ApiKeys } from "../accounts/keys/apiKeys.ts"
import type { ErrorClass } from "../shared/errorClass.ts"
import type { Parameters } from "./parameters.ts"
import type { LinkBase } from "./serializers.ts"

const RefusedBase: ErrorClass<"Refused", { readonly status: number; readonly errors: string }> =
  Data.TaggedError("Refused")
/** The application refuses the request with a message. */
export class Refused extends RefusedBase {}

/** The refusal of a request without permission. */
export const forbidden = (): Refused =>
  new Refused({ status: 403, errors: "You don't have permission to access that resource" })

/** The refusal of a request for a key that does not exist or that the caller cannot see. */
export const keyNotFound = (name: string): Refused => new Refused({ status: 404, errors: `API key not found: ${name}` })

const UnhandledBase: ErrorClass<"Unhandled", { readonly status: 422 | 500 }> = Data.TaggedError("Unhandled")
/** The application does not handle an error, so the framework responds. */
export class Unhandled extends UnhandledBase {}

/** The caller of the Auth API. */
export interface Caller {
  readonly account: Account
  /** The only key that the caller can see. `undefined` for the master key and for a session, which can see all keys. */
  readonly restrictedTo: ApiKey | undefined
}

/** An authenticated request. */
export interface Call {
  readonly caller: Caller
  readonly parameters: Parameters
  readonly base: LinkBase
  /** The key's name in the path. Empty for the collection. */
  readonly name: string
}

/** The account whose keys a request addresses: the caller's own account, or the member that `target_user` names. */
export const targetAccount: (call: Call) => Effect.Effect<Account, Refused, Accounts> = Effect.fnUntraced(function* ({
  caller,
  parameters
}) {
  if (!parameters.has("target_user")) return caller.account
  const organization = caller.account.organization
  if (organization === undefined || organization.role === "member") return yield* forbidden()
  const value = parameters.get("target_user")
  const username = typeof value === "string" ? value : ""
  const accounts = yield* Accounts
  const member = accounts.members(organization.name).find((account) => account.username === username)
  if (member !== undefined) return member
  return yield* new Refused({
    status: 404,
    errors: `User '${username}' not found in the organization '${organization.name}'`
  })
})

/** The keys of an account that the caller can see. */
export const visibleKeys = (
  { restrictedTo }: Caller,
  account: Account
): Effect.Effect<ReadonlyArray<ApiKey>, never, ApiKeys> =>
  ApiKeys.useSync((apiKeys) =>
    apiKeys
      .list(account.username)
      .filter(
        (key) =>
          key.type !== "oauth" &&
          (restrictedTo === undefined || (restrictedTo.username === key.username && restrictedTo.name === key.name))
      )
  )
