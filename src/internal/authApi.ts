/** The answers of the Auth API, told apart. One place knows the server's words. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { type ApiKey, fromWire } from "../ApiKey.ts"
import {
  AccountNotActivated,
  ApiKeyNameTaken,
  ApiKeyNotFound,
  ApiKeyProtected,
  ApiKeyQuotaReached,
  EngineDisabled,
  GrantNotHeld,
  GrantRefused,
  type GrantsViolation,
  InvalidGrants,
  MasterKeyRequired,
  RegenerateRefused,
  TargetUserForbidden,
  TargetUserNotFound
} from "../reasons/AuthApi.ts"
import {
  type CallReason,
  InvalidInput,
  type RateLimited,
  type ResponseMalformed,
  type ServerUnavailable
} from "../reasons/Call.ts"
import { rateLimited, unexpected, type WireResponse } from "./wire.ts"

/** What every call to the Auth API can fail with. */
export type AuthApiReason = AccountNotActivated | CallReason | EngineDisabled | TargetUserForbidden | TargetUserNotFound

export type CreateReason =
  | ApiKeyNameTaken
  | ApiKeyQuotaReached
  | AuthApiReason
  | GrantNotHeld
  | GrantRefused
  | InvalidGrants
  | MasterKeyRequired
export type GetReason = ApiKeyNotFound | AuthApiReason
export type DeleteReason = ApiKeyNotFound | ApiKeyProtected | AuthApiReason | GrantRefused | MasterKeyRequired
export type RegenerateReason = ApiKeyNotFound | ApiKeyProtected | AuthApiReason | MasterKeyRequired | RegenerateRefused

const parse = (text: string): Result.Result<unknown, string> =>
  Result.try({ try: (): unknown => JSON.parse(text), catch: () => "not JSON" })

/** The server's words in an error body: `errors`, which is a string or rarely an object, or `error`. */
const serverWords = (response: WireResponse): string | undefined => {
  const body = Result.getOrUndefined(parse(response.text))
  if (typeof body !== "object" || body === null) return undefined
  const words = "errors" in body ? body.errors : "error" in body ? body.error : undefined
  return typeof words === "string" ? words : words === undefined || words === null ? undefined : JSON.stringify(words)
}

/** The key of a success. */
export const readKey = (response: WireResponse): Result.Result<ApiKey, ResponseMalformed | ServerUnavailable> =>
  Result.mapError(Result.flatMap(parse(response.text), fromWire), (problem) => unexpected(response, problem))

export interface Page {
  readonly keys: ReadonlyArray<ApiKey>
  readonly total: number
  readonly hasNext: boolean
}

/** A page of a list. */
export const readPage = (response: WireResponse): Result.Result<Page, ResponseMalformed | ServerUnavailable> => {
  const read = (body: unknown): Result.Result<Page, string> => {
    if (typeof body !== "object" || body === null || !("result" in body) || !Array.isArray(body.result)) {
      return Result.fail("result is not an array")
    }
    if (!("total" in body) || typeof body.total !== "number") return Result.fail("total is not a number")
    const links = "_links" in body ? body._links : undefined
    const hasNext = typeof links === "object" && links !== null && "next" in links
    const { total } = body
    return Result.map(
      Result.all(
        body.result.map((item, index) => Result.mapError(fromWire(item), (problem) => `result[${index}]: ${problem}`))
      ),
      (keys) => ({ keys, total, hasNext })
    )
  }
  return Result.mapError(Result.flatMap(parse(response.text), read), (problem) => unexpected(response, problem))
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
  | EngineDisabled
  | InvalidInput
  | RateLimited
  | ResponseMalformed
  | ServerUnavailable
  | TargetUserForbidden
  | TargetUserNotFound
> => {
  const words = serverWords(response)
  const { status } = response
  if (status === 429) return Effect.flatMap(rateLimited(response), Effect.fail)
  if (status === 404 && response.text === "") return Effect.fail(new EngineDisabled())
  if (status === 403 && response.text === "") return Effect.fail(new AccountNotActivated())
  if (status === 403 && targetUser !== undefined && words === forbidden) {
    return Effect.fail(new TargetUserForbidden({ targetUser }))
  }
  if (status === 404 && words !== undefined && organizationPattern.test(words)) {
    return Effect.fail(new TargetUserNotFound({ targetUser: targetUser ?? "", description: words }))
  }
  const parameter = /^Wrong '(page|per_page|order|order_direction|type)' parameter [^]*$/.exec(words ?? "")
  if (status === 400 && parameter !== null) {
    return Effect.fail(
      new InvalidInput({ field: parameter[1] ?? "", received: "refused by the server", remedy: words ?? "" })
    )
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
  notHeld: (kind: "table" | "schema") => Effect.Effect<GrantNotHeld>
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
  if (rest.includes("Name api_key name cannot be Master nor Default public")) return Effect.fail(reservedName(name))
  if (rest.includes("Name can't be blank")) return Effect.fail(blankName())
  if (rest.includes("Name has already been taken")) return Effect.fail(new ApiKeyNameTaken({ name }))
  if (rest.includes(tablesLacking)) return Effect.flatMap(notHeld("table"), Effect.fail)
  if (rest.includes(schemasLacking)) return Effect.flatMap(notHeld("schema"), Effect.fail)
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

export const reservedName = (name: string): InvalidInput =>
  new InvalidInput({
    field: "name",
    received: `the reserved name ${JSON.stringify(name)}`,
    remedy: "Master and Default public are the account's own keys; choose another name"
  })

export const blankName = (): InvalidInput =>
  new InvalidInput({ field: "name", received: "a blank string", remedy: "give the key a name" })
