/** Keys as the Auth API sends them. */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { isObject, type JsonObject } from "../errors/internal/json.ts"
import { ApiKey } from "./ApiKey.ts"
import { fromWire as grantsFromWire } from "./grantsWire.ts"

/** Reads `2018-02-08 14:24:41 UTC` and the older `… +0000`. */
const readTimestamp = (value: unknown): Date | undefined => {
  const parts = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?) ?(?:UTC|Z|([+-]\d\d):?(\d\d))$/.exec(String(value))
  if (parts === null) return undefined
  const [, date, time, hours = "+00", minutes = "00"] = parts
  const read = new Date(`${date}T${time}${hours}:${minutes}`)
  return Number.isNaN(read.getTime()) ? undefined : read
}

/** A key of a response. Fails with the field that is wrong, and never with the token. */
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
