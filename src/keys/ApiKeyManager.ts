/**
 * The Auth API: creates, lists, regenerates and deletes the API keys of an account.
 * @module
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { ApiKey } from "../account/ApiKey.ts"
import { Auth } from "../account/Auth.ts"
import { validate } from "../account/grantsValidation.ts"
import { toWire } from "../account/grantsWire.ts"
import { ApiKeyNameTaken, ApiKeyNotFound, ApiKeyProtected, HiddenApiKey, MasterKeyRequired } from "../errors/AuthApi.ts"
import { type AmbiguousFailure, type CallReason, type OutcomeUnknown, Unauthenticated } from "../errors/Call.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { parse } from "../errors/internal/json.ts"
import { operation } from "../errors/internal/operation.ts"
import { type HttpClient, make as makeWire } from "../http/client.ts"
import type { WireResponse } from "../http/response.ts"
import {
  collectionPath,
  existingName,
  isDotName,
  keyPath,
  newName,
  regeneratePath
} from "./internal/authApi/apiKeyPath.ts"
import { makeDefaultSchema } from "./internal/authApi/defaultSchema.ts"
import { listKeys, readList, streamKeys, targetQuery } from "./internal/authApi/listKeys.ts"
import { isWithin, lookUp, notDone } from "./internal/authApi/lostResponse.ts"
import { missingGrants } from "./internal/authApi/missingGrants.ts"
import type { CreateOptions, ListOptions, TargetUserOptions } from "./internal/authApi/options.ts"
import {
  type AuthApiReason,
  type CreateReason,
  type DeleteReason,
  type GetReason,
  readCreateFailure,
  readDeleteFailure,
  readGetFailure,
  readKey,
  readRegenerateFailure,
  type RegenerateReason
} from "./internal/authApi/responses.ts"

export type { CreateOptions, ListOptions, TargetUserOptions } from "./internal/authApi/options.ts"
export type {
  AuthApiReason,
  CreateReason,
  DeleteReason,
  GetReason,
  RegenerateReason
} from "./internal/authApi/responses.ts"

/** The calls to the Auth API. Each can fail with the reasons that its type names. */
export interface ApiKeyManagerService {
  /** Creates a regular key. Needs the master key. Keys cannot be edited afterwards. `POST /api/v3/api_keys`. */
  readonly create: (options: CreateOptions) => Effect.Effect<ApiKey, CartoErrorOf<CreateReason>>
  /** Gets the key of that name. Keys other than the master key see only themselves. `GET /api/v3/api_keys/{name}`. */
  readonly get: (name: string, options?: TargetUserOptions) => Effect.Effect<ApiKey, CartoErrorOf<GetReason>>
  /** Gets the key of that name, or none if there is no such key. `GET /api/v3/api_keys/{name}`. */
  readonly getOption: (
    name: string,
    options?: TargetUserOptions
  ) => Effect.Effect<Option.Option<ApiKey>, CartoErrorOf<AuthApiReason>>
  /**
   * Lists every key that the key in use may see. A key that exists during the whole call is never missed, whatever others create
   * and delete meanwhile. The call takes at most `stallTimeout`. `GET /api/v3/api_keys`, once or twice.
   */
  readonly list: (options?: ListOptions) => Effect.Effect<ReadonlyArray<ApiKey>, CartoErrorOf<AuthApiReason>>
  /**
   * Lists keys as they are taken: the first `pageSize`, then the rest. A key that exists until the stream ends is never missed,
   * also if the taker deletes keys. `GET /api/v3/api_keys`.
   */
  readonly stream: (options?: ListOptions) => Stream.Stream<ApiKey, CartoErrorOf<AuthApiReason>>
  /**
   * Gives a regular key or the master key a new token. The old token stops working at once, everywhere. Needs the master key. If
   * it is the key in use, this service continues with the new token. `POST …/{name}/token/regenerate`.
   */
  readonly regenerate: (
    key: string | ApiKey,
    options?: TargetUserOptions
  ) => Effect.Effect<ApiKey, CartoErrorOf<RegenerateReason>>
  /**
   * Deletes a regular key, which revokes it. The account becomes the owner of tables that the key made. Needs the master key.
   * `DELETE /api/v3/api_keys/{name}`.
   */
  readonly delete: (
    key: string | ApiKey,
    options?: TargetUserOptions
  ) => Effect.Effect<void, CartoErrorOf<DeleteReason>>
  /** Gets the key in use, with its grants. `GET /api/v3/api_keys`. */
  readonly whoami: Effect.Effect<ApiKey, CartoErrorOf<AuthApiReason | HiddenApiKey>>
  /** Whether a token is that of a key of this account, of any type. `GET /api/v3/api_keys`. */
  readonly isValid: (
    key: ApiKey | Redacted.Redacted<string>
  ) => Effect.Effect<boolean, CartoErrorOf<Exclude<AuthApiReason, Unauthenticated>>>
}

const nameOf = (key: string | ApiKey): unknown => (key instanceof ApiKey ? key.name : key)

const isProtected = (key: string | ApiKey, action: "delete" | "regenerate"): boolean =>
  key instanceof ApiKey
    ? key.type === "default" || (key.type === "master" && action === "delete")
    : key === "Default public" || (key === "Master" && action === "delete")

const make: Effect.Effect<ApiKeyManagerService, never, Auth | HttpClient> = Effect.gen(function* () {
  const auth = yield* Auth
  const wire = yield* makeWire
  const { username } = auth

  /** A 401 on a write does not distinguish a key that is not the master key from a token of no key. The key itself knows. */
  const asMaster = <A, E>(
    sent: Effect.Effect<A, CallReason | E>
  ): Effect.Effect<A, CallReason | E | MasterKeyRequired> =>
    sent.pipe(
      Effect.catchIf(
        (reason) => reason instanceof Unauthenticated,
        (unauthenticated) =>
          Effect.matchEffect(readList(wire, [["per_page", "1"]]), {
            onSuccess: ({ keys }) => Effect.fail(new MasterKeyRequired({ keyType: keys[0]?.type })),
            onFailure: () => Effect.fail(unauthenticated)
          })
      )
    )

  const defaultSchema = makeDefaultSchema(wire, username, auth.schema)

  const create = Effect.fnUntraced(function* (options: CreateOptions): Effect.fn.Return<ApiKey, CreateReason> {
    const name = yield* Effect.fromResult(newName(options.name))
    const query = yield* Effect.fromResult(targetQuery(options))
    const problem = validate(options)
    if (problem !== undefined) return yield* problem
    const schema = yield* defaultSchema(options)
    const path = yield* Effect.fromResult(keyPath(name))
    let lost: AmbiguousFailure | undefined
    /** The key of that name, if it has the grants that were asked for. */
    const adopt = (failure: AmbiguousFailure): Effect.Effect<ApiKey | undefined, ApiKeyNameTaken | OutcomeUnknown> => {
      lost = failure
      return Effect.flatMap(lookUp(wire, path, query, failure), (found) =>
        found === undefined || isWithin(found.grants, options, schema)
          ? Effect.succeed(found)
          : Effect.fail(new ApiKeyNameTaken({ name }))
      )
    }
    const read = (response: WireResponse): Effect.Effect<ApiKey, CreateReason> => {
      if (response.status === 201 || response.status === 200) return Effect.fromResult(readKey(response))
      const failed = readCreateFailure(response, name, options.targetUser, (kind) =>
        missingGrants(wire, username, kind, options, schema, options.targetUser === undefined)
      )
      const failure = lost
      if (failure === undefined) return failed
      // the name may be taken by the request whose response was lost
      return Effect.catchTag(failed, "ApiKeyNameTaken", (taken) =>
        Effect.flatMap(adopt(failure), (found) => (found === undefined ? Effect.fail(taken) : Effect.succeed(found)))
      )
    }
    const json = { name, grants: toWire(options, schema) }
    return yield* asMaster(
      wire.write<ApiKey, CreateReason>(
        { method: "POST", api: "auth", path: collectionPath, query, json, yieldsToken: true },
        read,
        adopt
      )
    )
  })

  const get = Effect.fnUntraced(function* (
    name: string,
    options?: TargetUserOptions
  ): Effect.fn.Return<ApiKey, GetReason> {
    yield* Effect.fromResult(existingName(name))
    const query = yield* Effect.fromResult(targetQuery(options))
    if (isDotName(name)) {
      const all = yield* listKeys(wire, options)
      return all.find((key) => key.name === name) ?? (yield* new ApiKeyNotFound({ name }))
    }
    const path = yield* Effect.fromResult(keyPath(name))
    return yield* wire.send({ method: "GET", api: "auth", path, query }, (response): Effect.Effect<ApiKey, GetReason> =>
      response.status === 200
        ? Effect.fromResult(readKey(response))
        : readGetFailure(response, name, options?.targetUser)
    )
  })

  const regenerate = Effect.fnUntraced(function* (
    key: string | ApiKey,
    options?: TargetUserOptions
  ): Effect.fn.Return<ApiKey, RegenerateReason> {
    const name = yield* Effect.fromResult(existingName(nameOf(key)))
    if (isProtected(key, "regenerate")) {
      return yield* new ApiKeyProtected({ name, action: "regenerate" })
    }
    const keyUrl = yield* Effect.fromResult(keyPath(name))
    const path = yield* Effect.fromResult(regeneratePath(name))
    const query = yield* Effect.fromResult(targetQuery(options))
    const own = options?.targetUser === undefined || options.targetUser === username
    return yield* auth.replacing(
      Effect.gen(function* () {
        const inUse = yield* auth.apiKey
        const old = key instanceof ApiKey ? key.token : name === "Master" && own ? inUse : undefined
        const settle = (failure: AmbiguousFailure) =>
          Effect.flatMap(lookUp(wire, keyUrl, query, failure), (found) =>
            found !== undefined && old !== undefined && Redacted.value(found.token) !== Redacted.value(old)
              ? Effect.succeed(found)
              : notDone(failure)
          )
        const read = (response: WireResponse): Effect.Effect<ApiKey, RegenerateReason> =>
          response.status === 200
            ? Effect.fromResult(readKey(response))
            : readRegenerateFailure(response, name, options?.targetUser)
        const next = yield* asMaster(
          wire.write<ApiKey, RegenerateReason>(
            // the new token of the key in use cannot be asked for under the old one
            {
              method: "POST",
              api: "auth",
              path,
              query,
              yieldsToken: true,
              yieldsOnlyCopy: old !== undefined && Redacted.value(old) === Redacted.value(inUse)
            },
            read,
            settle
          )
        )
        // only the master key may do this, so a master key that changed is the key in use
        return {
          from: next.type === "master" && own ? inUse : key instanceof ApiKey ? key.token : undefined,
          key: next
        }
      })
    )
  })

  const remove = Effect.fnUntraced(function* (
    key: string | ApiKey,
    options?: TargetUserOptions
  ): Effect.fn.Return<void, DeleteReason> {
    const name = yield* Effect.fromResult(existingName(nameOf(key)))
    if (isProtected(key, "delete")) return yield* new ApiKeyProtected({ name, action: "delete" })
    const path = yield* Effect.fromResult(keyPath(name))
    const query = yield* Effect.fromResult(targetQuery(options))
    yield* asMaster(
      wire.send({ method: "DELETE", api: "auth", path, query }, (response): Effect.Effect<void, DeleteReason> => {
        const { attempts, status, text } = response
        // a key that is not there when it is deleted again was deleted by the request whose response was lost
        const isRepeated = status === 404 && attempts > 1
        const isDone = status === 204 || (status === 200 && (text === "" || parse(text) !== undefined))
        return isDone || isRepeated ? Effect.void : readDeleteFailure(response, name, options?.targetUser)
      })
    )
  })

  const whoami = Effect.gen(function* () {
    const { keys } = yield* readList(wire, [["per_page", "1"]])
    // master sorts first, and every other key sees only itself
    const [key] = keys
    return key ?? (yield* new HiddenApiKey())
  })

  return {
    create: (options) => create(options).pipe(operation("ApiKeyManager.create", username)),
    get: (name, options) => get(name, options).pipe(operation("ApiKeyManager.get", username)),
    getOption: (name, options) =>
      get(name, options).pipe(
        Effect.asSome,
        Effect.catchTag("ApiKeyNotFound", () => Effect.succeed(Option.none<ApiKey>())),
        operation("ApiKeyManager.getOption", username)
      ),
    list: (options) => listKeys(wire, options).pipe(operation("ApiKeyManager.list", username)),
    stream: (options) =>
      streamKeys(wire, options).pipe(Stream.mapError((reason) => cartoError("ApiKeyManager.stream", reason))),
    regenerate: (key, options) => regenerate(key, options).pipe(operation("ApiKeyManager.regenerate", username)),
    delete: (key, options) => remove(key, options).pipe(operation("ApiKeyManager.delete", username)),
    whoami: whoami.pipe(operation("ApiKeyManager.whoami", username)),
    isValid: (key) =>
      readList(wire, [["per_page", "1"]]).pipe(
        Auth.withApiKey(key),
        Effect.as(true),
        Effect.catchTag("Unauthenticated", () => Effect.succeed(false)),
        operation("ApiKeyManager.isValid", username)
      )
  }
})

const ApiKeyManagerBase: Context.ServiceClass<ApiKeyManager, "effect-carto/ApiKeyManager", ApiKeyManagerService> =
  Context.Service<ApiKeyManager, ApiKeyManagerService>()("effect-carto/ApiKeyManager")
/** The Auth API: creates, lists, regenerates and deletes API keys. */
export class ApiKeyManager extends ApiKeyManagerBase {
  /** The service of the account in use. It is built for each account: a layer that is shared would keep the first account. */
  static readonly layer: Layer.Layer<ApiKeyManager, never, Auth | HttpClient> = Layer.fresh(
    Layer.effect(ApiKeyManager, make)
  )
}
