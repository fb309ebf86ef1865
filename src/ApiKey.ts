/** What an API key is, and how the Auth API writes one. */
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { fromWire as grantsFromWire, type Grants, type Open } from "./Grants.ts"

/** `oauth` keys exist too, but the Auth API never shows them. */
export type ApiKeyType = "master" | "default" | "regular"

export interface ApiKeyFields {
  readonly name: string
  readonly type: Open<ApiKeyType>
  readonly token: Redacted.Redacted<string>
  readonly grants: Grants
  readonly username: string
  readonly createdAt: DateTime.Utc
  readonly updatedAt: DateTime.Utc
  readonly extra: Readonly<Record<string, unknown>>
}

/** An API key of an account. Names are unique and case-sensitive; keys cannot be edited. */
export class ApiKey implements ApiKeyFields {
  readonly name: string
  readonly type: Open<ApiKeyType>
  /** What authenticates: shown nowhere but in the header of a request. */
  readonly token: Redacted.Redacted<string>
  readonly grants: Grants
  /** The account whose key it is. */
  readonly username: string
  /** UTC, to the second. */
  readonly createdAt: DateTime.Utc
  /** UTC, to the second; regenerating the token changes it. */
  readonly updatedAt: DateTime.Utc
  /** Fields of the answer that this library does not know. */
  readonly extra: Readonly<Record<string, unknown>>

  constructor(fields: ApiKeyFields) {
    this.name = fields.name
    this.type = fields.type
    this.token = fields.token
    this.grants = fields.grants
    this.username = fields.username
    this.createdAt = fields.createdAt
    this.updatedAt = fields.updatedAt
    this.extra = fields.extra
  }
}

const timestamp = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?) ?(UTC|Z|[+-]\d\d:?\d\d)$/

/** Reads `2018-02-08 14:24:41 UTC` and the older `… +0000`. */
const readTimestamp = (value: unknown): DateTime.Utc | undefined => {
  const parts = typeof value === "string" ? timestamp.exec(value) : null
  if (parts === null) return undefined
  const [, date = "", time = "", zone = ""] = parts
  const offset = zone === "UTC" || zone === "Z" ? "Z" : zone.replace(/^([+-]\d\d):?(\d\d)$/, "$1:$2")
  const read = new Date(`${date}T${time}${offset}`)
  return Number.isNaN(read.getTime()) ? undefined : DateTime.fromDateUnsafe(read)
}

/** A key as the Auth API sends it; fails with what is wrong in it, which never holds the token. */
export const fromWire = (input: unknown): Result.Result<ApiKey, string> => {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    return Result.fail("an API key is not an object")
  }
  const { _links, created_at, grants, name, token, type, updated_at, user, ...extra }: Record<string, unknown> = {
    ...input
  }
  if (typeof name !== "string") return Result.fail("name is not a string")
  if (typeof type !== "string") return Result.fail("type is not a string")
  if (typeof token !== "string" || token === "") return Result.fail("token is not a string")
  if (typeof user !== "object" || user === null || !("username" in user) || typeof user.username !== "string") {
    return Result.fail("user.username is not a string")
  }
  const createdAt = readTimestamp(created_at)
  if (createdAt === undefined) return Result.fail("created_at is not a time")
  const updatedAt = readTimestamp(updated_at)
  if (updatedAt === undefined) return Result.fail("updated_at is not a time")
  const { username } = user
  return Result.map(
    grantsFromWire(grants),
    (grants) => new ApiKey({ name, type, token: Redacted.make(token), grants, username, createdAt, updatedAt, extra })
  )
}
