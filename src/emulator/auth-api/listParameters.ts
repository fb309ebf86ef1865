/** The parameters of a list request, checked in the application's order. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { KeyType } from "../accounts/keys/apiKey.ts"
import { isBlank, toInteger } from "../accounts/ruby/values.ts"
import type { ErrorClass } from "../shared/errorClass.ts"
import type { Parameters } from "./parameters.ts"

const WrongParameterBase: ErrorClass<"WrongParameter", { readonly message: string }> =
  Data.TaggedError("WrongParameter")
/** A parameter has an invalid value. `message` is the application's message. */
export class WrongParameter extends WrongParameterBase {}

const UnexpectedParameterBase: ErrorClass<"UnexpectedParameter", { readonly name: string }> =
  Data.TaggedError("UnexpectedParameter")
/** A parameter is a list or a map, but the application expects text. The application does not handle this case. */
export class UnexpectedParameter extends UnexpectedParameterBase {}

/** The order of a list. */
export type Order = "type" | "name" | "updated_at"

/** The page, page size and order of a list. */
export interface Paging {
  readonly page: number
  readonly perPage: number
  readonly order: Order
}

const orders: ReadonlyArray<Order> = ["type", "name", "updated_at"]
const directions = new Set(["asc", "desc"])
const types: ReadonlyArray<Exclude<KeyType, "oauth">> = ["master", "default", "regular"]

const isMissing = (value: Schema.Json | undefined): boolean =>
  value === undefined || value === null || (typeof value === "string" && isBlank(value))

const positive = (
  parameters: Parameters,
  name: string,
  byDefault: number
): Effect.Effect<number, WrongParameter | UnexpectedParameter> =>
  Effect.suspend((): Effect.Effect<number, WrongParameter | UnexpectedParameter> => {
    const value = parameters.get(name)
    if (isMissing(value)) return Effect.succeed(byDefault)
    if (typeof value !== "string" && typeof value !== "number") return Effect.fail(new UnexpectedParameter({ name }))
    const number = toInteger(String(value))
    return number > 0
      ? Effect.succeed(number)
      : Effect.fail(new WrongParameter({ message: `Wrong '${name}' parameter value.` }))
  })

const checkDirection = (value: Schema.Json | undefined) => {
  if (isMissing(value)) return Effect.void
  const text = String(value)
  const members = text.split(",")
  if (members.every((member) => directions.has(member))) return Effect.void
  const message = text.includes(",")
    ? "Wrong 'order_direction' parameter combination. Valid values to combine: [:asc, :desc]"
    : "Wrong 'order_direction' parameter value. Valid values are one of [:asc, :desc]"
  return Effect.fail(new WrongParameter({ message }))
}

/** Reads the page, page size and order. The direction is checked but has no effect. */
export const paging: (parameters: Parameters) => Effect.Effect<Paging, WrongParameter | UnexpectedParameter> =
  Effect.fnUntraced(function* (parameters) {
    const page = yield* positive(parameters, "page", 1)
    const perPage = yield* positive(parameters, "per_page", 20)
    const asked = parameters.get("order")
    const order = isMissing(asked) ? "updated_at" : orders.find((known) => known === asked)
    if (order === undefined) {
      return yield* new WrongParameter({
        message: "Wrong 'order' parameter value. Valid values are one of [:type, :name, :updated_at]"
      })
    }
    yield* checkDirection(parameters.get("order_direction"))
    return { page, perPage, order }
  })

/** Reads the key types to which a list is restricted. */
export const typeFilter = (
  parameters: Parameters
): Effect.Effect<ReadonlyArray<KeyType>, WrongParameter | UnexpectedParameter> => {
  const value = parameters.get("type")
  if (value === undefined || value === null) return Effect.succeed(types)
  if (typeof value !== "string") return Effect.fail(new UnexpectedParameter({ name: "type" }))
  const items = value
    .replace(/,+$/, "")
    .split(",")
    .map((item) => item.trim())
  if (items.length === 1 && items[0] === "") return Effect.succeed(types)
  const found = types.filter((type) => items.includes(type))
  return items.every((item) => types.some((type) => type === item))
    ? Effect.succeed(found)
    : Effect.fail(
        new WrongParameter({
          message: `Wrong 'type' parameter value. Valid values are one of ["master", "default", "regular"]`
        })
      )
}
