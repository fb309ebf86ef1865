/** What an API key is, and how the Auth API writes one. */
import * as Data from "effect/Data"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { fromWire as grantsFromWire, type Grants, type Open } from "./Grants.ts"
import { isObject, type JsonObject } from "../errors/internal/json.ts"

/** `oauth` keys exist too, but the Auth API never shows them. */
export type ApiKeyType = "master" | "default" | "regular"

export interface ApiKeyFields {
  readonly name: string
  readonly type: Open<ApiKeyType>
  /** What authenticates: shown nowhere but in the header of a request. */
  readonly token: Redacted.Redacted<string>
  readonly grants: Grants
  /** The account whose key it is. */
  readonly username: string
  /** UTC, to the second. */
  readonly createdAt: Date
  /** UTC, to the second; regenerating the token changes it. */
  readonly updatedAt: Date
  /** Fields of the answer that this library does not know. */
  readonly extra: Readonly<Record<string, unknown>>
}

const ApiKeyBase: new (fields: ApiKeyFields) => Readonly<ApiKeyFields> = Data.Class
/** An API key of an account. Names are unique and case-sensitive; keys cannot be edited. */
export class ApiKey extends ApiKeyBase {}

/** Reads `2018-02-08 14:24:41 UTC` and the older `… +0000`. */
const readTimestamp = (value: unknown): Date | undefined => {
  const parts = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?) ?(?:UTC|Z|([+-]\d\d):?(\d\d))$/.exec(String(value))
  if (parts === null) return undefined
  const [, date, time, hours = "+00", minutes = "00"] = parts
  const read = new Date(`${date}T${time}${hours}:${minutes}`)
  return Number.isNaN(read.getTime()) ? undefined : read
}

/** A key as the Auth API sends it; fails with what is wrong in it, which never holds the token. */
export const fromWire = (input: unknown): Result.Result<ApiKey, string> => {
  const {
    _links,
    created_at,
    grants: sections,
    name,
    token,
    type,
    updated_at,
    user,
    ...extra
  }: JsonObject = isObject(input) ? input : {}
  const wrong = (field: string) => Result.fail(`${field} of an API key is missing or of the wrong type`)
  if (typeof name !== "string") return wrong("name")
  if (typeof type !== "string") return wrong("type")
  if (typeof token !== "string" || token === "") return wrong("token")
  if (!isObject(user) || typeof user["username"] !== "string") return wrong("user.username")
  const createdAt = readTimestamp(created_at)
  if (createdAt === undefined) return wrong("created_at")
  const updatedAt = readTimestamp(updated_at)
  if (updatedAt === undefined) return wrong("updated_at")
  const { username } = user
  return Result.map(
    grantsFromWire(sections),
    (grants) => new ApiKey({ name, type, token: Redacted.make(token), grants, username, createdAt, updatedAt, extra })
  )
}
