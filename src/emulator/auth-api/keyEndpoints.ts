/** The handlers of the Auth API's endpoints. */
import * as Effect from "effect/Effect"
import type { Account } from "../accounts/account.ts"
import type { Accounts } from "../accounts/accounts.ts"
import type { ApiKey, KeyType } from "../accounts/keys/apiKey.ts"
import {
  ApiKeys,
  type KeyGone,
  type MalformedGrant,
  type QuotaReached,
  type Unavailable,
  type Unprocessable,
  type ValidationFailed
} from "../accounts/keys/apiKeys.ts"
import { type Call, forbidden, keyNotFound, type Refused, targetAccount, Unhandled, visibleKeys } from "./call.ts"
import { type Order, paging, typeFilter, type UnexpectedParameter, type WrongParameter } from "./listParameters.ts"
import type { Parameters } from "./parameters.ts"
import * as responses from "./responses.ts"
import { apiKey, list as listBody } from "./serializers.ts"

/** The failure of a handler. */
export type Failure =
  | KeyGone
  | MalformedGrant
  | QuotaReached
  | Refused
  | Unavailable
  | UnexpectedParameter
  | Unhandled
  | Unprocessable
  | ValidationFailed
  | WrongParameter

/** A handler of an endpoint. */
export type Handler = (call: Call) => Effect.Effect<Response, Failure, Accounts | ApiKeys>

const weights: Readonly<Record<KeyType, number>> = { master: 0, default: 1, regular: 2, oauth: 3 }

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

// The keys are already in the order of their last update, and a stable sort preserves it.
const sort = (keys: ReadonlyArray<ApiKey>, order: Order): ReadonlyArray<ApiKey> =>
  keys.toSorted(
    (left, right) => weights[left.type] - weights[right.type] || (order === "name" ? compare(left.name, right.name) : 0)
  )

const respond = Effect.fnUntraced(function* (status: number, account: Account, key: ApiKey, parameters: Parameters) {
  const apiKeys = yield* ApiKeys
  const held = yield* apiKeys.held(account, [key])
  return responses.success(status, apiKey(key, held.get(key.databaseRole)), parameters)
})

const find = Effect.fnUntraced(function* (call: Call) {
  const account = yield* targetAccount(call)
  const key = (yield* visibleKeys(call.caller, account)).find(({ name }) => name === call.name)
  return key === undefined ? yield* keyNotFound(call.name) : { account, key }
})

/** Lists the keys that the caller can see. */
export const list: Handler = Effect.fnUntraced(function* (call) {
  const { base, caller, parameters } = call
  const page = yield* paging(parameters)
  const account = yield* targetAccount(call)
  const types = yield* typeFilter(parameters)
  const visible = yield* visibleKeys(caller, account)
  const matching = sort(
    visible.filter(({ type }) => types.includes(type)),
    page.order
  )
  const start = (page.page - 1) * page.perPage
  const keys = matching.slice(start, start + page.perPage)
  const held = yield* (yield* ApiKeys).held(account, keys)
  const body = listBody({ keys, total: matching.length, held, paging: page, parameters, base })
  return responses.success(200, body, parameters)
})

/** Shows a key. */
export const show: Handler = Effect.fnUntraced(function* (call) {
  const { account, key } = yield* find(call)
  return yield* respond(200, account, key, call.parameters)
})

/** Creates a regular key. */
export const create: Handler = Effect.fnUntraced(function* (call) {
  const { parameters } = call
  const account = yield* targetAccount(call)
  const created = yield* (yield* ApiKeys).create(account, {
    name: parameters.get("name"),
    grants: parameters.get("grants")
  })
  return yield* respond(201, account, created, parameters)
})

/** Deletes a regular key. */
export const remove: Handler = Effect.fnUntraced(function* (call) {
  const { account, key } = yield* find(call)
  if (key.type !== "regular") return yield* forbidden()
  yield* (yield* ApiKeys).delete(account, key.name)
  return responses.empty(204)
})

/** Gives a key a new token. */
export const regenerate: Handler = Effect.fnUntraced(function* (call) {
  const { account, key } = yield* find(call)
  const apiKeys = yield* ApiKeys
  const regenerated = yield* apiKeys
    .regenerate(account, key.name)
    .pipe(Effect.catchTag("ValidationFailed", () => Effect.fail(new Unhandled({ status: 422 }))))
  return yield* respond(200, account, regenerated, call.parameters)
})
