/** Lists the keys of an account. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { ApiKey, ApiKeyType } from "../../../account/ApiKey.ts"
import type { InvalidInput } from "../../../errors/Call.ts"
import { refuse } from "../../../errors/internal/invalidInput.ts"
import type { Wire } from "../../../http/client.ts"
import { collectionPath } from "./apiKeyPath.ts"
import type { ListOptions, TargetUserOptions } from "./options.ts"
import { type AuthApiReason, type Page, readFailure, readPage } from "./responses.ts"

const keyTypes: ReadonlyArray<string> = ["master", "default", "regular"] satisfies ReadonlyArray<ApiKeyType>
const orders: ReadonlyArray<string> = ["type", "name", "updated_at"]

/** Parameters of a URL. */
export type Query = ReadonlyArray<readonly [string, string]>

/** Reads the member for whom a call acts. */
export const targetQuery = (options: TargetUserOptions | undefined): Result.Result<Query, InvalidInput> => {
  const targetUser = options?.targetUser
  if (targetUser === undefined) return Result.succeed([])
  return typeof targetUser === "string" && targetUser.trim() !== ""
    ? Result.succeed([["target_user", targetUser]])
    : refuse("targetUser", targetUser, "give the member's user name")
}

const listQuery = (options: ListOptions): Result.Result<Query, InvalidInput> => {
  const types: ReadonlyArray<string> =
    options.type === undefined ? [] : typeof options.type === "string" ? [options.type] : options.type
  if (Array.isArray(options.type) && types.length === 0) {
    return refuse("type", types, "leave it out to list keys of every type")
  }
  if (types.some((type) => !keyTypes.includes(type))) return refuse("type", types, `use ${keyTypes.join(", ")}`)
  if (options.order !== undefined && !orders.includes(options.order)) {
    return refuse("order", options.order, `use ${orders.join(", ")}`)
  }
  const { pageSize = 100 } = options
  if (!Number.isSafeInteger(pageSize) || pageSize < 1) {
    return refuse("pageSize", pageSize, "give a whole number above 0")
  }
  return Result.map(targetQuery(options), (target) => [
    ...(types.length === 0 ? [] : [["type", types.join(",")] as const]),
    ...(options.order === undefined ? [] : [["order", options.order] as const]),
    ...target
  ])
}

/** Sends one request for a list. */
export const readList = (
  wire: Wire,
  query: Query,
  options?: TargetUserOptions,
  isLong = false
): Effect.Effect<Page, AuthApiReason> =>
  wire.send(
    { method: "GET", api: "auth", path: collectionPath, query, timeout: isLong ? wire.stallTimeout : undefined },
    (response): Effect.Effect<Page, AuthApiReason> =>
      response.status === 200 ? Effect.fromResult(readPage(response)) : readFailure(response, options?.targetUser)
  )

/**
 * Lists the first keys, and then all of them in one response. The server counts pages by number, so that a key would be missed if
 * one on an earlier page is deleted meanwhile; a response that holds all keys is a single snapshot. Only if something between
 * shortens responses, pages are counted.
 */
export const streamKeys = (wire: Wire, options: ListOptions = {}): Stream.Stream<ApiKey, AuthApiReason> =>
  Stream.unwrap(
    Effect.map(Effect.fromResult(listQuery(options)), (query) => {
      const seen = new Set<string>()
      const { pageSize = 100 } = options
      return Stream.paginate([1, pageSize], ([page = 1, size = pageSize]) => {
        const isFirst = page === 1 && size === pageSize
        const parameters = [["per_page", String(size)] as const, ...query, ["page", String(page)] as const]
        return Effect.map(readList(wire, parameters, options, !isFirst), ({ hasNext, keys, total }) => {
          const fresh = keys.filter(({ name }) => !seen.has(name))
          for (const { name } of fresh) seen.add(name)
          const isShortened = keys.length < size
          // a total that is too high, or a page that comes again and again, must not make this go on for ever
          const more =
            (hasNext || seen.size < total) && (fresh.length > 0 || (page === 1 && !isFirst && isShortened && hasNext))
          const next = isFirst ? [1, 2 * Math.max(size, total)] : isShortened ? [page + 1, size] : [1, 2 * size]
          return [fresh, more ? Option.some(next) : Option.none<Array<number>>()] as const
        })
      })
    })
  )

/** Lists all keys. */
export const listKeys = (wire: Wire, options?: ListOptions): Effect.Effect<ReadonlyArray<ApiKey>, AuthApiReason> =>
  wire.withinStall(Stream.runCollect(streamKeys(wire, options)))
