/** The parameters of a request. As in Rails, the path overrides the query string, which overrides the body. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { isArray, isObject } from "../accounts/ruby/jsonSchema.ts"
import type { ErrorClass } from "../shared/errorClass.ts"
import { isDeeper } from "../shared/nesting.ts"
import { type BodyTooLarge, readForm, readText } from "../http/requestBody.ts"
import * as nestedQuery from "./nestedQuery.ts"

/** Parameters by name. */
export type Parameters = ReadonlyMap<string, Schema.Json>

const BadRequestBase: ErrorClass<"BadRequest", { readonly part: "query" | "body" }> = Data.TaggedError("BadRequest")
/** The query string or the body cannot be parsed. */
export class BadRequest extends BadRequestBase {}

/** The maximum nesting depth of JSON that Ruby accepts. */
const maximumNesting = 100

const withoutNulls = (value: Schema.Json): Schema.Json => {
  if (isArray(value))
    return value.filter((item) => item !== null).map((item) => (isObject(item) ? withoutNulls(item) : item))
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutNulls(member)]))
    : value
}

const parseJson = (text: string): Effect.Effect<Parameters, BadRequest> =>
  Effect.try({
    try: (): Schema.Json => JSON.parse(text),
    catch: () => new BadRequest({ part: "body" })
  }).pipe(
    Effect.filterOrFail(
      (value) => !isDeeper(value, maximumNesting),
      () => new BadRequest({ part: "body" })
    ),
    Effect.map((value) => {
      const members = withoutNulls(isObject(value) ? value : { _json: value })
      return new Map(isObject(members) ? Object.entries(members) : [])
    })
  )

const orBadRequest = (
  part: "query" | "body",
  parameters: Parameters | undefined
): Effect.Effect<Parameters, BadRequest> =>
  parameters === undefined ? Effect.fail(new BadRequest({ part })) : Effect.succeed(parameters)

const jsonTypes = new Set(["application/json", "text/x-json", "application/jsonrequest"])

const body = Effect.fnUntraced(function* (request: Request): Effect.fn.Return<Parameters, BadRequest | BodyTooLarge> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? ""
  const unreadable = () => Effect.fail(new BadRequest({ part: "body" }))
  if (request.body === null) return new Map()
  if (type === "multipart/form-data") {
    const form = yield* Effect.catchTags(readForm(request), { BodyAborted: unreadable, MalformedForm: unreadable })
    const fields = [...form.entries()].flatMap(([name, value]) =>
      typeof value === "string" ? [[name, value] as const] : []
    )
    return yield* orBadRequest("body", nestedQuery.fromPairs(fields))
  }
  const text = yield* Effect.catchTag(readText(request), "BodyAborted", unreadable)
  if (jsonTypes.has(type)) return text === "" ? new Map() : yield* parseJson(text)
  if (type === "application/x-www-form-urlencoded") return yield* orBadRequest("body", nestedQuery.parse(text))
  return new Map()
})

/** Reads the parameters of a request, without those in its path. */
export const read: (request: Request) => Effect.Effect<Parameters, BadRequest | BodyTooLarge> = Effect.fnUntraced(
  function* (request) {
    const query = yield* orBadRequest("query", nestedQuery.parse(new URL(request.url).search.slice(1)))
    return new Map([...(yield* body(request)), ...query])
  }
)

/** A text parameter. `undefined` if the parameter is absent or is not text. */
export const text = (parameters: Parameters, name: string): string | undefined => {
  const value = parameters.get(name)
  return typeof value === "string" ? value : undefined
}
