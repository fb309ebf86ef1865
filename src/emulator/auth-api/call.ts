/** An authenticated call of the Auth API, and the failures that end one. */
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

export const forbidden = (): Refused =>
  new Refused({ status: 403, errors: "You don't have permission to access that resource" })

export const keyNotFound = (name: string): Refused => new Refused({ status: 404, errors: `API key not found: ${name}` })

const UnhandledBase: ErrorClass<"Unhandled", { readonly status: 422 | 500 }> = Data.TaggedError("Unhandled")
/** The application does not handle an error, and the framework responds. */
export class Unhandled extends UnhandledBase {}

/** Who calls: the account, and the one key that the credential can see, unless it is the master key. */
export interface Caller {
  readonly account: Account
  readonly restrictedTo: ApiKey | undefined
}

export interface Call {
  readonly caller: Caller
  readonly parameters: Parameters
  readonly base: LinkBase
  /** The key's name in the path; empty for the collection. */
  readonly name: string
}

/** The account that a call is about: the caller's own, or the member that `target_user` names. */
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
