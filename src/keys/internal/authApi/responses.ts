/** The responses of the Auth API, read and classified. Only this module knows the messages of the server. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { ApiKey } from "../../../account/ApiKey.ts"
import { fromWire } from "../../../account/apiKeyWire.ts"
import {
  AccountNotActivated,
  ApiKeyNameTaken,
  ApiKeyNotFound,
  ApiKeyProtected,
  ApiKeyQuotaReached,
  AuthApiDisabled,
  type GrantNotHeld,
  GrantRefused,
  type GrantsViolation,
  InvalidGrants,
  type MasterKeyRequired,
  RegenerateRefused,
  TargetUserForbidden,
  TargetUserNotFound
} from "../../../errors/AuthApi.ts"
import { type CallReason, InvalidInput, type OutcomeUnknown, type RateLimited } from "../../../errors/Call.ts"
import { isObject, parse } from "../../../errors/internal/json.ts"
import { rateLimited, unexpected, type UnexpectedReason } from "../../../http/failures.ts"
import type { WireResponse } from "../../../http/response.ts"

/** What every call to the Auth API can fail with. */
export type AuthApiReason =
  | AccountNotActivated
  | CallReason
  | AuthApiDisabled
  | TargetUserForbidden
  | TargetUserNotFound

/** What `create` can fail with. */
export type CreateReason =
  | ApiKeyNameTaken
  | ApiKeyQuotaReached
  | AuthApiReason
  | GrantNotHeld
  | GrantRefused
  | InvalidGrants
  | MasterKeyRequired
  | OutcomeUnknown
/** What `get` can fail with. */
export type GetReason = ApiKeyNotFound | AuthApiReason
/** What `delete` can fail with. */
export type DeleteReason = ApiKeyNotFound | ApiKeyProtected | AuthApiReason | GrantRefused | MasterKeyRequired
/** What `regenerate` can fail with. */
export type RegenerateReason =
  | ApiKeyNotFound
  | ApiKeyProtected
  | AuthApiReason
  | MasterKeyRequired
  | OutcomeUnknown
  | RegenerateRefused

/** The server's words in an error body: `errors`, which is a string or rarely an object, or `error`. */
const serverWords = (response: WireResponse): string | undefined => {
  const body = parse(response.text)
  const words = isObject(body) ? (body["errors"] ?? body["error"]) : undefined
  return typeof words === "string" || words === undefined ? words : response.text
}

/** A success that is not understood. Where it is not a page of somebody else's, keys may be in it, and it is not shown. */
const malformed = (response: WireResponse, problem: string): UnexpectedReason =>
  unexpected({ ...response, text: response.text.startsWith("<") ? response.text : "" }, problem)

/** The key of a success. */
export const readKey = (response: WireResponse): Result.Result<ApiKey, UnexpectedReason> =>
  Result.mapError(fromWire(parse(response.text)), (problem) => malformed(response, problem))

export interface Page {
  readonly keys: ReadonlyArray<ApiKey>
  readonly total: number
  readonly hasNext: boolean
}

/** A page of a list. */
export const readPage = (response: WireResponse): Result.Result<Page, UnexpectedReason> => {
  const body = parse(response.text)
  if (!isObject(body) || !Array.isArray(body["result"]) || typeof body["total"] !== "number") {
    return Result.fail(malformed(response, "no result and total"))
  }
  const { _links: links, total } = body
  return Result.mapBoth(Result.all(body["result"].map(fromWire)), {
    onSuccess: (keys) => ({ keys, total, hasNext: isObject(links) && "next" in links }),
    onFailure: (problem) => malformed(response, problem)
  })
}

const organizationPattern = /^User '[^]*' not found in the organization '[^]*'$/
const forbidden = "You don't have permission to access that resource"

/** What went wrong where no rule of the operation says more. */
export const readFailure = (
  response: WireResponse,
  targetUser: string | undefined
): Effect.Effect<
  never,
  | AccountNotActivated
  | AuthApiDisabled
  | InvalidInput
  | RateLimited
  | UnexpectedReason
  | TargetUserForbidden
  | TargetUserNotFound
> => {
  const words = serverWords(response)
  const { status } = response
  if (status === 429) return Effect.flatMap(rateLimited(response), Effect.fail)
  if (status === 404 && response.text === "") return Effect.fail(new AuthApiDisabled())
  if (status === 403 && response.text === "") return Effect.fail(new AccountNotActivated())
  if (status === 403 && targetUser !== undefined && words === forbidden) {
    return Effect.fail(new TargetUserForbidden({ targetUser }))
  }
  if (status === 404 && words !== undefined && organizationPattern.test(words)) {
    return Effect.fail(new TargetUserNotFound({ targetUser: targetUser ?? "", description: words }))
  }
  const parameter = /^Wrong '(\w+)' parameter /.exec(words ?? "")
  if (status === 400 && words !== undefined && parameter !== null) {
    return Effect.fail(new InvalidInput({ field: parameter[1] ?? "", received: "refused", remedy: words }))
  }
  return Effect.fail(unexpected(response, words ?? "no error message of the Auth API"))
}

const isNotFound = (response: WireResponse): boolean =>
  response.status === 404 && serverWords(response)?.startsWith("API key not found: ") === true

const violationPattern = /The property '#\/([^']*)' (?:[^]*?) in schema [0-9a-f-]+#?/g

/** The server's schema violations, each with its path into the request (`grants[1].tables[0].permissions`). */
const violations = (words: string): ReadonlyArray<GrantsViolation> =>
  Array.from(words.matchAll(violationPattern), ([message, pointer = ""]) => ({
    path: `grants${pointer
      .split("/")
      .filter((part) => part !== "")
      .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
      .join("")}`,
    message: message.replace(/ in schema [0-9a-f-]+#?$/, "")
  }))

const tablesLacking = "Grants can only grant table permissions you have"
const schemasLacking = "Grants can only grant schema permissions you have"

export const readCreateFailure = (
  response: WireResponse,
  name: string,
  targetUser: string | undefined,
  missingGrants: (kind: "table" | "schema") => Effect.Effect<GrantNotHeld>
): Effect.Effect<never, CreateReason> => {
  const words = serverWords(response)
  if (response.status === 403 && words === "You have reached the limit of API keys for your plan") {
    return Effect.fail(new ApiKeyQuotaReached())
  }
  if (response.status !== 422 || words === undefined) return readFailure(response, targetUser)
  if (words === "Unexpected error") return Effect.fail(new GrantRefused({ description: words }))
  if (words.startsWith("apis array is needed")) {
    return Effect.fail(new InvalidGrants({ violations: [{ path: "grants", message: words }] }))
  }
  const prefix = "Validation failed: "
  if (!words.startsWith(prefix)) return readFailure(response, targetUser)
  const found = violations(words)
  // Values of the request stand inside the violations, so rules for the rest must not see them.
  const rest = words
    .slice(prefix.length)
    .replaceAll(violationPattern, "")
    .split(", ")
    .map((part) => part.trim())
    .filter((part) => part !== "" && part !== "Grants")
  const wrong = rest.filter((part) => part.startsWith("Grants ") && part !== tablesLacking && part !== schemasLacking)
  if (found.length > 0 || wrong.length > 0) {
    return Effect.fail(
      new InvalidGrants({
        violations: [...found, ...wrong.map((message) => ({ path: "grants", message: message.replace("Grants ", "") }))]
      })
    )
  }
  if (rest.includes("Name api_key name cannot be Master nor Default public")) return Effect.fail(reservedName())
  if (rest.includes("Name can't be blank")) return Effect.fail(blankName())
  if (rest.includes("Name has already been taken")) return Effect.fail(new ApiKeyNameTaken({ name }))
  if (rest.includes(tablesLacking)) return Effect.flatMap(missingGrants("table"), Effect.fail)
  if (rest.includes(schemasLacking)) return Effect.flatMap(missingGrants("schema"), Effect.fail)
  return readFailure(response, targetUser)
}

export const readGetFailure = (
  response: WireResponse,
  name: string,
  targetUser: string | undefined
): Effect.Effect<never, GetReason> =>
  isNotFound(response) ? Effect.fail(new ApiKeyNotFound({ name })) : readFailure(response, targetUser)

export const readDeleteFailure = (
  response: WireResponse,
  name: string,
  targetUser: string | undefined
): Effect.Effect<never, DeleteReason> => {
  const words = serverWords(response)
  if (response.status === 403 && words === forbidden && targetUser === undefined) {
    return Effect.fail(new ApiKeyProtected({ name, action: "delete" }))
  }
  if (response.status === 422 && words !== undefined) return Effect.fail(new GrantRefused({ description: words }))
  return readGetFailure(response, name, targetUser)
}

export const readRegenerateFailure = (
  response: WireResponse,
  name: string,
  targetUser: string | undefined
): Effect.Effect<never, RegenerateReason> =>
  response.status === 422 ? Effect.fail(new RegenerateRefused({ name })) : readGetFailure(response, name, targetUser)

export const reservedName = (): InvalidInput =>
  new InvalidInput({
    field: "name",
    received: "reserved",
    remedy: "Master and Default public are the account's own keys; choose another name"
  })

export const blankName = (): InvalidInput =>
  new InvalidInput({ field: "name", received: "blank", remedy: "give the key a name" })
